// emulator.hpp - puts packets through two channels in real time: a TUN device in each of two network
// namespaces.
#pragma once
#include <array>
#include <queue>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "dcdn/bytes.hpp"
#include "netsim/link_options.hpp"

namespace dcdn::netsim {

struct EndOptions {
  std::string space;   ///< as ip netns names it
  std::string device;  ///< of the TUN device to be made in it
};

class Emulator {
 public:
  /// Makes both devices; they are down and without addresses. They vanish with this object.
  static Result<Emulator> open(const EndOptions& near, const EndOptions& far, const LinkOptions& link);

  /// Until SIGTERM or SIGINT; prints counters() on standard output then and on every SIGUSR1.
  Result<void> run();
  /// One line of JSON.
  std::string counters();

 private:
  struct Flying {
    Time arrives;
    std::uint64_t order;
    std::size_t to;
    Bytes packet;
    bool operator<(const Flying& other) const {
      return arrives != other.arrives ? arrives > other.arrives : order > other.order;
    }
  };
  explicit Emulator(const LinkOptions& link);
  Result<void> watch();
  Time now() const;
  Result<void> take(std::size_t from);
  void deliver();
  Result<void> arm();
  Result<bool> on_signal();
  Result<void> print_counters();

  std::array<UniqueFd, 2> ends_;              // 0 near, 1 far
  std::array<Channel, 2> channels_;           // by where a packet comes from
  std::array<std::uint64_t, 2> unwritten_{};  // by where it goes; the device was down
  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd signals_;
  std::chrono::steady_clock::time_point began_;
  double began_unix_s_ = 0;
  std::priority_queue<Flying> flying_;
  std::uint64_t order_ = 0;
};

}  // namespace dcdn::netsim
