#include "coded/bandwidth_estimate.hpp"

namespace dcdn::coded {

bool BandwidthEstimate::take(double passing, double delivered, const Windows& windows, Seconds now) {
  if (dry(now) && passing <= bandwidth()) return false;
  last_sample_ = passing;
  bandwidth_.add(now, passing);
  delivered_.add(now, delivered);
  highest_.add(now, passing);
  if (dry(now)) return false;
  bandwidth_.expire(now - windows.passing);
  delivered_.expire(now - windows.delivered);
  highest_.expire(now - 60);
  return true;
}

void BandwidthEstimate::restart(double bandwidth, Seconds now) {
  set(bandwidth, now);
  highest_.reset(now, bandwidth);
}

void BandwidthEstimate::restamp(Seconds now) {
  bandwidth_.restamp(now);
  delivered_.restamp(now);
  highest_.restamp(now);
}

}  // namespace dcdn::coded
