#include "source/segment_rungs.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace dcdn::source {

namespace {

constexpr std::uint64_t kSegmentBytes = 8u << 20;  // pipeline/segment_builder.hpp

std::vector<pace::RungCost> costs(const compress::CompressRequest& request, std::size_t threads) {
  std::vector<pace::RungCost> costs;
  for (std::uint8_t rung = 0; rung < compress::kLadder.size(); ++rung) {
    const compress::Rung& step = compress::kLadder[rung];
    const std::size_t at_once = std::min(threads, request.most_threads_at(rung));
    costs.push_back({step.seconds_a_megabyte / 1e6, step.share, static_cast<double>(at_once)});
  }
  return costs;
}

}  // namespace

SegmentRungs::SegmentRungs(const compress::CompressRequest& request, std::vector<message::ChunkPlanStep> plan,
                           std::size_t threads)
    : request_(request), plan_(std::move(plan)) {
  if (request.follows_link() && plan_.empty())
    choice_.emplace(costs(request, std::max<std::size_t>(threads, 1)), compress::kUsualRung, kSegmentBytes);
}

std::uint8_t SegmentRungs::rung(std::uint64_t segment) {
  std::uint8_t rung = compress::kUsualRung;
  for (const message::ChunkPlanStep& step : plan_)
    if (step.segment <= segment) rung = step.rung;
  if (choice_) {
    choice_->set_rate(bytes_per_s_);
    if (waited_.exchange(false)) choice_->waited();
    rung = choice_->choose(now_micros());
  }
  making_ = true;
  return request_.rung_of(rung);
}

void SegmentRungs::made(const CompressEffort& effort) {
  making_ = false;
  if (choice_) choice_->made(effort.content_bytes, effort.carried_bytes, effort.seconds);
}

void SegmentRungs::measure(double bytes_per_s, double ceiling, bool idle) {
  const bool limited = ceiling > 0 && (bytes_per_s <= 0 || bytes_per_s > ceiling);
  bytes_per_s_ = limited ? ceiling : bytes_per_s;
  if (idle && making_) waited_ = true;
}

}  // namespace dcdn::source
