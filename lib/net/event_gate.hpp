// event_gate.hpp - keeps what happens before set_events(), so that nothing a peer sends early is lost.
#pragma once
#include <deque>
#include <optional>

#include "net/connection.hpp"

namespace dcdn::net {

class EventGate {
 public:
  /// The first listener gets what was kept, once release() is called; nullptr silences for good.
  void attach(ConnectionEvents* events);
  /// True if something waits for release(), which must be called from the loop and not from inside a call.
  [[nodiscard]] bool holds_back() const { return state_ == State::attached; }
  void release();

  void data(StreamId id, ByteView bytes, bool fin);
  void reset(StreamId id, std::uint64_t code);
  /// Only what follows set_events() can be acknowledged: nothing to keep.
  void acknowledged(StreamId id);
  void writable();
  void closed(const CloseInfo& info);
  /// What a call after closed() is answered with, whether its caller was told of the end already or is about
  /// to be. temporary while it is not closed.
  [[nodiscard]] Error why_closed() const;

 private:
  enum class State { waiting, attached, open, silent };
  struct Kept {
    StreamId id;
    Bytes bytes;  // at most the receive window in all: nothing kept is consumed
    bool fin;
    std::optional<std::uint64_t> reset_code;
  };
  [[nodiscard]] bool keeps() const { return state_ == State::waiting || state_ == State::attached; }

  State state_ = State::waiting;
  ConnectionEvents* events_ = nullptr;
  std::deque<Kept> kept_;
  bool kept_writable_ = false;
  std::optional<CloseInfo> close_;
};

}  // namespace dcdn::net
