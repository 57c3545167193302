// path_set.hpp - the paths of one sending connection: the first one, which carries the session, and further
// ones that carry chunks only. Which takes what, which failed, and what of it has to go another way.
//
// Spec     dcdn-send(1), PATHS; dcdn-session(5), PATHS
// Threads  the loop thread
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/progress.hpp"
#include "session/carrier_choice.hpp"
#include "session/first_path.hpp"
#include "session/path_link.hpp"

namespace dcdn::net {
class AddressWatch;
}

namespace dcdn::session {

inline constexpr std::size_t kMostPaths = 10;

/// What was sent over one way to a receiver, all connections of a session together.
struct PathUse {
  std::string interface;  ///< empty: as the routes say
  net::ConnectionStats stats;
  std::uint64_t critical = 0;  ///< bytes of critical chunks that were given to it
};

class PathSet {
 public:
  /// `identity`: of further connections. `wake`: there may be something to do.
  PathSet(SendShared& shared, FirstPath first, net::Identity identity, std::function<void()> wake);
  ~PathSet();
  PathSet(const PathSet&) = delete;
  PathSet& operator=(const PathSet&) = delete;

  /// Looks after the paths: dials, probes, gives up those that failed and takes back what they were given.
  void turn(Micros now);
  /// Where the next chunk goes; nullptr: nowhere now.
  [[nodiscard]] net::Connection* choose(bool critical, std::uint64_t bytes, std::uint64_t backlog);
  void gave(const net::Connection& way, net::StreamId stream, SentBatch batch);
  void has_no_stream(const net::Connection& way) { load_of(way).blocked = true; }
  /// Events of the first connection.
  void on_first_acknowledged(net::StreamId stream) { first_.on_acknowledged(stream); }
  void on_first_writable() { first_.on_writable(); }

  /// A further connection uses the coded carrier.
  [[nodiscard]] bool coded() const;
  /// As PathLink::arrived(), of all further connections so far.
  [[nodiscard]] std::uint64_t arrived() const;
  /// Adds what the further connections sent, those that are gone too.
  void add_to(net::ConnectionStats& stats) const;
  /// The same by interface, with the first connection's: all of it counts where it is now.
  [[nodiscard]] std::vector<PathUse> uses() const;
  [[nodiscard]] std::vector<PathProgress> describe() const;

 private:
  struct Path {
    std::string interface;
    std::uint32_t number = 0;
    bool listed = true;  // the interface is there
    std::shared_ptr<PathLink> link;
    pace::Backoff backoff;
    Micros dial_at{0};
    Micros probe_at{0};
    pace::PathState told = pace::PathState::probing;
    pace::PathState state = pace::PathState::probing;
    std::uint64_t bytes = 0;  // of connections that are gone or went elsewhere
    net::ConnectionStats gone = {};
    std::uint64_t critical_gone = 0;            // as PathUse::critical
    std::optional<CarrierChoice> carrier = {};  // of the link, once it is open
  };

  void find_interfaces();
  void find_first();
  void look_after_first(Micros now);
  void move_first(Micros now);
  void look_after(Path& path, Micros now);
  void look_after_open(Path& path, Micros now);
  void choose_carrier(Path& path);
  void share_rate(Micros now);
  void dial(Path& path);
  void give_up(Path& path, Error why, Micros now);  // a copy: it may be of what goes
  void tell(Path& path);
  [[nodiscard]] bool carries_first(const Path& path) const { return path.interface == first_.interface(); }
  [[nodiscard]] bool is_usable(const Path& path) const;
  [[nodiscard]] PathLoad& load_of(const net::Connection& way);
  [[nodiscard]] Path* path_named(const std::string& interface);

  SendShared& shared_;
  FirstPath first_;
  net::Identity identity_;
  std::function<void()> wake_;
  std::vector<std::unique_ptr<Path>> paths_;
  std::shared_ptr<net::AddressWatch> watch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool look_again_ = true;
  Micros look_at_{0};
  Micros share_at_{0};
  double shared_rate_ = 0;
  bool receiver_ignores_ = false;
  net::ConnectionStats gone_;
  std::uint64_t arrived_gone_ = 0;
};

}  // namespace dcdn::session
