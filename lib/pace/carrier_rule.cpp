#include "pace/carrier_rule.hpp"

namespace dcdn::pace {

namespace {

constexpr std::chrono::microseconds kShortPath{3000};
constexpr double kCodedFromLoss = 0.01;
constexpr std::uint64_t kEnoughPackets = 500;

}  // namespace

bool is_short_path(std::chrono::microseconds least_rtt) {
  return least_rtt < kShortPath;
}

double known_loss(std::uint64_t packets_sent, std::uint64_t packets_lost) {
  if (packets_sent < kEnoughPackets) return 0;
  return static_cast<double>(packets_lost) / static_cast<double>(packets_sent);
}

bool goes_coded(dcdn::Carrier wanted, std::chrono::microseconds least_rtt, double loss) {
  if (wanted != dcdn::Carrier::automatic) return wanted == dcdn::Carrier::coded;
  return !is_short_path(least_rtt) || loss >= kCodedFromLoss;
}

}  // namespace dcdn::pace
