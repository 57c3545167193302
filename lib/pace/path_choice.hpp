// path_choice.hpp - what is known of each of several paths, and which of them takes the next chunk.
//
// Source   RFC 9002 (probe timeout); the rule when to wait for a faster path that is busy: Lim, Nahum,
// Towsley,
//          Gibbens, ECF: An MPTCP Path Scheduler to Manage Heterogeneous Paths (CoNEXT 2017)
// Threads  pure: time and counts are parameters.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dcdn/units.hpp"

namespace dcdn::pace {

enum class PathState {
  probing,   ///< connecting, or not enough has travelled to judge it
  good,      ///< in use
  degraded,  ///< loses more than a fifth: in use, but not for what is critical while another is good
  failed,    ///< loses more than half, does not answer, or cannot be had: nothing is given to it
};
const char* word_of(PathState state);

/// Counters of the connection on a path, since it began.
struct PathReading {
  Micros rtt{};            ///< smoothed
  Micros probe_timeout{};  ///< RFC 9002 section 6.2.1, without back-off
  unsigned timeouts = 0;   ///< probe timeouts in a row since the last acknowledgement
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_lost = 0;
  std::uint64_t bytes_acknowledged = 0;  ///< of content, by either carrier
  std::uint64_t in_flight = 0;           ///< bytes
  std::uint64_t unsent = 0;              ///< bytes queued that no packet carries yet
  std::uint64_t window = 0;              ///< congestion window, bytes
  double rate = 0;  ///< bytes of content a second, by the carrier's own measure; 0: it has none
};

class PathMeter {
 public:
  /// Call it often while data is under way (every few milliseconds to a quarter second).
  PathState update(const PathReading& reading, Micros now);
  /// The connection is gone or cannot be had.
  void fail() { state_ = PathState::failed; }
  [[nodiscard]] PathState state() const { return state_; }
  [[nodiscard]] Micros rtt() const { return last_.rtt; }
  [[nodiscard]] double loss() const { return loss_; }  ///< 0..1, smoothed
  /// Bytes a second that arrive while there is enough to send: by the carrier's own measure if it has one;
  /// before that is known, what the congestion window allows. Never 0.
  [[nodiscard]] double rate() const;

 private:
  void measure_loss(const PathReading& reading, Micros now);
  void measure_rate(const PathReading& reading, Micros now);
  [[nodiscard]] PathState by_loss() const;

  PathState state_ = PathState::probing;
  PathReading last_;
  std::optional<Micros> heard_;  // when it was last no wonder that nothing is acknowledged
  std::optional<Micros> last_update_;
  Micros loss_since_{0};
  std::uint64_t loss_sent_ = 0;
  std::uint64_t loss_lost_ = 0;
  double loss_ = 0;
  bool loss_known_ = false;
  Micros busy_time_{0};
  std::uint64_t busy_bytes_ = 0;
  double rate_ = 0;  // 0: not measured
};

/// A path as choose_path() sees it.
struct PathOption {
  PathState state = PathState::probing;
  bool room = false;  ///< its queue takes another chunk now
  Micros rtt{};
  double rate = 1;            ///< bytes a second
  std::uint64_t pending = 0;  ///< bytes given to it and not acknowledged that the chunk would wait for
};

/// Which path takes the next chunk of `bytes`; nullopt: none now. The one with the earliest expected
/// delivery; a slower path that has room is passed over only if the faster one would have delivered all that
/// waits (`backlog` bytes, UINT64_MAX: unknown) before it. Critical: of the good paths only, or else of the
/// least bad ones. Failed paths get nothing.
std::optional<std::size_t> choose_path(bool critical, std::uint64_t bytes, std::uint64_t backlog,
                                       std::span<const PathOption> paths);

/// What each of several paths may send when all together may send `most`, bytes a second: in proportion to
/// what they deliver (`rates`, above 0).
std::vector<double> share_rate(double most, std::span<const double> rates);

}  // namespace dcdn::pace
