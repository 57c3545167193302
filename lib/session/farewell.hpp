// farewell.hpp - what was said last on some streams, and has to arrive before the connection is closed: a
// close drops what is on its way.
//
// Threads  pure; time is a parameter.
#pragma once
#include <optional>
#include <set>

#include "dcdn/units.hpp"
#include "net/connection.hpp"

namespace dcdn::session {

class Farewell {
 public:
  /// The stream was ended with it.
  void said(net::StreamId stream) { unheard_.insert(stream); }
  void acknowledged(net::StreamId stream) { unheard_.erase(stream); }
  /// Nothing is waited for, or has been for long enough since this was first asked.
  [[nodiscard]] bool is_over(Micros now) {
    constexpr Micros kPatience = std::chrono::seconds(3);
    if (!asked_) asked_ = now;
    return unheard_.empty() || now - *asked_ >= kPatience;
  }

 private:
  std::set<net::StreamId> unheard_;
  std::optional<Micros> asked_;
};

}  // namespace dcdn::session
