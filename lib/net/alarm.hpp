// alarm.hpp - one timer of the loop that rings for the earliest of several things.
#pragma once
#include <asio/steady_timer.hpp>
#include <system_error>
#include <utility>

#include "net/quic_clock.hpp"

namespace dcdn::net {

class Alarm {
 public:
  explicit Alarm(const asio::any_io_executor& executor) : timer_(executor) {}

  /// Calls `ring` at `when`, once, unless it is set for then or earlier already: it then rings early, whoever
  /// is called finds nothing to do and sets it anew, which is cheaper than moving it.
  template <class Ring>
  void set(ngtcp2_tstamp when, Ring ring) {
    if (set_for_ <= when) return;
    set_for_ = when;
    timer_.expires_at(time_point_of(when));
    timer_.async_wait([this, ring = std::move(ring)](std::error_code cancelled) {
      if (cancelled) return;
      set_for_ = kNever;
      ring();
    });
  }
  void cancel() {
    set_for_ = kNever;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  ngtcp2_tstamp set_for_ = kNever;
};

}  // namespace dcdn::net
