// plan_fec of dcdn/fec.hpp.
#include <fmt/format.h>

#include "dcdn/fec.hpp"
#include "fec/block_code.hpp"
#include "fec/parity_policy.hpp"
#include "wire/repair_shard.hpp"

namespace dcdn {

Result<FecPlan> plan_fec(const FecGeometry& given, const FecGoals& goals) {
  FecPlan plan;
  plan.geometry = given;
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
  DCDN_TRY(const fec::CodeChoice choice, fec::parse_code(given.codec));
  DCDN_TRY(const fec::BlockCode code, fec::BlockCode::make(choice, shape));
  plan.tolerance = code.guaranteed_losses();
  if (plan.tolerance < shape.repairs && (!goals.survive.empty() || goals.burst))
    return Error(Errc::usage, fmt::format("{} does not make up for any {} losses, so no goal can be computed",
                                          fec::code_name(choice.number), shape.repairs))
        .with_hint("leave the goal out, or use --codec isa-l");
  if (goals.burst) {
    DCDN_TRY(const std::uint64_t depth, fec::depth_for_bursts(shape, *goals.burst));
    if (depth > wire::kMaxInterleave)
      return Error(Errc::usage, fmt::format("a burst of {} symbols needs {} interleaved blocks, more than {}",
                                            *goals.burst, depth, wire::kMaxInterleave))
          .with_hint("use a larger -m");
    plan.geometry.interleave = static_cast<unsigned>(depth);
  }
  // Any code of k + m that stands `tolerance` losses fails as often as the ideal one of so many repairs.
  plan.survivable_loss =
      fec::survivable_loss({shape.sources + shape.repairs - plan.tolerance, plan.tolerance});
  return plan;
}

}  // namespace dcdn
