// plan_fec of dcdn/fec.hpp.
#include <fmt/format.h>

#include "dcdn/fec.hpp"
#include "fec/parity_policy.hpp"
#include "wire/repair_shard.hpp"

namespace dcdn {

Result<FecPlan> plan_fec(const FecGeometry& given, const FecGoals& goals) {
  FecPlan plan{given, 0};
  if (!goals.policy.empty()) {
    DCDN_TRY(const fec::ParityPolicy policy, fec::parse_parity_policy(goals.policy));
    const fec::BlockShape shape = policy.first_shape();
    plan.geometry.sources = shape.sources;
    plan.geometry.repairs = shape.repairs;
  }
  if (!goals.survive.empty()) {
    DCDN_TRY(const double loss, fec::parse_loss(goals.survive));
    DCDN_TRY(plan.geometry.repairs, fec::repairs_to_survive(plan.geometry.sources, loss));
  }
  const fec::BlockShape shape{plan.geometry.sources, plan.geometry.repairs};
  if (goals.burst) {
    DCDN_TRY(const std::uint64_t depth, fec::depth_for_bursts(shape, *goals.burst));
    if (depth > wire::kMaxInterleave)
      return Error(Errc::usage, fmt::format("a burst of {} symbols needs {} interleaved blocks, more than {}",
                                            *goals.burst, depth, wire::kMaxInterleave))
          .with_hint("use a larger -m");
    plan.geometry.interleave = static_cast<unsigned>(depth);
  }
  plan.survivable_loss = fec::survivable_loss(shape);
  return plan;
}

}  // namespace dcdn
