// loss_meter.hpp - the share of packets that gets lost, and how losses cluster, out of what feedback counts.
//
// Threads  pure.
#pragma once
#include <cstdint>

namespace dcdn::coded {

inline constexpr double kLossMemory = 300;  ///< packets that share() looks back over

class LossMeter {
 public:
  /// `packets` more are settled, `lost` of them lost; late ones make it negative. runs: as the feedback
  /// counts them, modulo 2^32. counts: false for what an outage took, which says nothing of the path.
  void take(double packets, double lost, std::uint32_t runs, bool counts);
  [[nodiscard]] double share() const { return share_; }
  /// How much more losses scatter than independent ones would: their runs are longer.
  [[nodiscard]] double dispersion() const;

 private:
  double share_ = 0.1;
  double sum_ = 0.1;      // before it is kept within its range
  double evidence_ = 20;  // packets, the assumption's included
  double lost_lately_ = 0;
  double runs_lately_ = 0;
  std::uint32_t last_runs_ = 0;
};

}  // namespace dcdn::coded
