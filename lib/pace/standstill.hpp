// standstill.hpp - notices that a connection lives and moves nothing.
//
// Small packets may come through where large ones do not, and a peer may answer whose disk hangs: neither
// ends a connection by itself. Nothing to send is no standstill, nor is waiting for an answer or a receipt.
//
// Threads  pure: time is a parameter.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace dcdn::pace {

class Standstill {
 public:
  using Micros = std::chrono::microseconds;
  enum class Reason { none, path, peer };
  /// What a connection has to show.
  struct Reading {
    std::uint64_t arrived = 0;  ///< bytes that the peer has, in all
    bool under_way = false;     ///< something was sent and is not known to have arrived
    bool waiting = false;       ///< something waits to be sent
  };

  /// path: how long what is under way may fail to arrive; peer: how long it may take nothing of what waits,
  /// while nothing is under way.
  Standstill(Micros path, Micros peer, Micros now)
      : path_patience_(path), peer_patience_(peer), path_since_(now), peer_since_(now) {}

  /// A look every now and then is enough.
  [[nodiscard]] bool is_due(Micros now) const { return now >= look_at_; }
  void look(const Reading& reading, Micros now);
  /// For how long nothing has moved that should have.
  [[nodiscard]] Micros lasted(Micros now) const { return now - std::min(path_since_, peer_since_); }
  /// Longer than is to be borne: who is to blame.
  [[nodiscard]] Reason reason(Micros now) const;

 private:
  Micros path_patience_;
  Micros peer_patience_;
  Micros path_since_;
  Micros peer_since_;
  Micros look_at_{0};
  std::uint64_t arrived_ = 0;
};

}  // namespace dcdn::pace
