// bandwidth_estimate.hpp - how much passes the bottleneck and how much arrives: windows of maxima over what
// feedback shows.
//
// Source   windows of maxima as in BBR.
// Threads  pure.
#pragma once
#include "coded/max_filter.hpp"

namespace dcdn::coded {

/// All rates in packets a second.
class BandwidthEstimate {
 public:
  /// Two of the windows, in seconds.
  struct Windows {
    Seconds passing = 0;
    Seconds delivered = 0;
  };
  /// A sample of both. False: less was sent than the rate allows, so that it only tells the least.
  bool take(double passing, double delivered, const Windows& windows, Seconds now);
  void take_delivered(double delivered, Seconds now) { delivered_.add(now, delivered); }
  /// Of what was found otherwise: the only value from now on, or one more.
  void set(double bandwidth, Seconds now) { bandwidth_.reset(now, bandwidth); }
  void add(double bandwidth, Seconds now) { bandwidth_.add(now, bandwidth); }
  /// set(), and the maximum of a minute too.
  void restart(double bandwidth, Seconds now);
  /// After an outage: what was known before it is as good as new.
  void restamp(Seconds now);
  void ran_dry(Seconds until) { dry_until_ = until; }

  [[nodiscard]] double bandwidth() const { return bandwidth_.get(); }
  [[nodiscard]] double delivered() const { return delivered_.get(); }
  [[nodiscard]] double highest_of_a_minute() const { return highest_.get(); }
  [[nodiscard]] double last_sample() const { return last_sample_; }
  /// There was less to send than the rate allows, a moment ago.
  [[nodiscard]] bool dry(Seconds now) const { return now < dry_until_; }

 private:
  MaxFilter bandwidth_;
  MaxFilter delivered_;
  MaxFilter highest_;
  double last_sample_ = 0;
  Seconds dry_until_ = -1;
};

}  // namespace dcdn::coded
