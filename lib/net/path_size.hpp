// path_size.hpp - how large packets may be: what the path takes is found by probes, and found anew when it
// takes less than before, or might take more.
//
// A probe is a packet of the size in question that carries nothing but a DATAGRAM frame (RFC 9221): QUIC says
// whether it arrived, and nobody misses it. Losses of a path that only loses packets shrink nothing for long:
// the next probe proves the old size again.
//
// Source   RFC 8899 (DPLPMTUD), RFC 9000 section 14
// Threads  pure: time is a parameter.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

namespace dcdn::net {

class PathSize {
 public:
  using Nanoseconds = std::uint64_t;
  static constexpr Nanoseconds kNever = UINT64_MAX;
  /// UDP payload that every path of QUIC takes (RFC 9000 section 14).
  static constexpr std::size_t kBase = 1200;

  /// most: UDP payload that is tried first. trusted: it is used from the start, somebody knows that it fits.
  explicit PathSize(std::size_t most, bool trusted = false);

  /// UDP payload of packets now.
  [[nodiscard]] std::size_t payload() const { return payload_; }
  /// The handshake is done, or the path is another by now.
  void begin();
  /// The peer does not take probes.
  void cannot_probe() { can_probe_ = false; }

  /// Of which size a probe is to be sent now.
  [[nodiscard]] std::optional<std::size_t> wanted(Nanoseconds now) const;
  /// When wanted() has something to say although nothing comes in; kNever: it does not.
  [[nodiscard]] Nanoseconds due(Nanoseconds now) const;
  /// The number of the next probe, by which arrived() and lost() tell it.
  [[nodiscard]] std::uint64_t next() const { return next_number_; }
  /// It was sent.
  void sent(std::size_t size);
  void arrived(std::uint64_t probe, Nanoseconds now);
  void lost(std::uint64_t probe, Nanoseconds now);

  /// Totals of the connection's streams, and probe timeouts in a row.
  struct Reading {
    std::uint64_t packets_lost = 0;
    std::uint64_t bytes_acknowledged = 0;
    std::uint64_t timeouts = 0;
  };
  void look(const Reading& now_at);
  /// The kernel, or a router whose message quotes a packet of ours, says that packets are too long. sent: the
  /// payload of the packet, 0 if that is not told; fits: the payload that fits, 0 if that is not told.
  void too_long(std::size_t sent, std::size_t fits, Nanoseconds now);

 private:
  struct Probe {
    std::uint64_t number;
    std::size_t size;
  };
  enum class Search { resting, hint, top, steps };

  [[nodiscard]] std::size_t target() const;
  void collapse(std::size_t fits);
  void failed(Nanoseconds now);
  void rest(Nanoseconds now);

  std::size_t most_;
  bool trusted_;
  std::size_t payload_ = kBase;
  bool begun_ = false;
  bool can_probe_ = true;
  Search search_ = Search::resting;
  Nanoseconds search_at_ = kNever;  // when a rest ends
  std::size_t hint_ = 0;
  unsigned losses_ = 0;   // of the size that is being tried, in a row
  bool doubted_ = false;  // whether payload_ still arrives is being tried
  std::uint64_t next_number_ = 0;
  std::optional<Probe> out_;
  Reading mark_;
  std::uint64_t timeouts_ = 0;
};

}  // namespace dcdn::net
