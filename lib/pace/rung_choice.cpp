#include "pace/rung_choice.hpp"

#include <algorithm>
#include <utility>

namespace dcdn::pace {

namespace {

constexpr double kRoomForMore = 0.8;
constexpr double kAfterAWait = 0.5;
constexpr std::chrono::seconds kBetweenUps{10};
constexpr double kNewWeight = 0.5;  // a segment counts as much as all before it

}  // namespace

RungChoice::RungChoice(std::vector<RungCost> costs, std::uint8_t start, std::uint64_t segment_bytes)
    : costs_(std::move(costs)),
      rung_(std::min<std::size_t>(start, costs_.size() - 1)),
      segment_bytes_(segment_bytes) {}

void RungChoice::made(std::uint64_t content, std::uint64_t carried, double seconds) {
  const RungCost& cost = costs_[rung_];
  if (content == 0 || cost.seconds_a_byte <= 0) return;
  const double bytes = static_cast<double>(content);
  const double weight = std::exchange(measured_, true) ? kNewWeight : 1;
  cost_scale_ += weight * (seconds / bytes / cost.seconds_a_byte - cost_scale_);
  share_scale_ += weight * (static_cast<double>(carried) / bytes / cost.share - share_scale_);
}

// What all threads make.
double RungChoice::content_per_s(std::size_t rung) const {
  const RungCost& cost = costs_[rung];
  return cost.threads / (cost.seconds_a_byte * cost_scale_);
}

double RungChoice::load(std::size_t rung) const {
  const double share = std::clamp(costs_[rung].share * share_scale_, 1e-6, 1.0);
  return rate_ / share / content_per_s(rung);
}

std::size_t RungChoice::highest_by_evidence(std::chrono::microseconds now) const {
  const double known_s = std::chrono::duration<double>(now - *known_since_).count();
  std::size_t highest = rung_;
  for (std::size_t rung = rung_ + 1; rung < costs_.size(); ++rung) {
    if (static_cast<double>(segment_bytes_) / content_per_s(rung) <= known_s / 2) highest = rung;
  }
  return highest;
}

std::size_t RungChoice::highest_below(double load_limit, std::size_t upto) const {
  for (std::size_t rung = upto + 1; rung-- > 0;)
    if (load(rung) <= load_limit) return rung;
  return costs_.size();
}

// Where none keeps up but the least, which carries most: what brings most content over.
std::size_t RungChoice::fastest() const {
  std::size_t best = 0;
  double most = 0;
  for (std::size_t rung = 0; rung < costs_.size(); ++rung) {
    const double share = std::clamp(costs_[rung].share * share_scale_, 1e-6, 1.0);
    const double content = rate_ / share / std::max(load(rung), 1.0);
    if (content > most) best = rung;
    most = std::max(most, content);
  }
  return best;
}

std::uint8_t RungChoice::choose(std::chrono::microseconds now) {
  const bool waited = std::exchange(waited_, false);
  if (rate_ <= 0) return static_cast<std::uint8_t>(rung_);
  const bool is_new = !known_since_;
  if (is_new) known_since_ = now;
  std::size_t next = highest_below(kRoomForMore, costs_.size() - 1);
  if (next == costs_.size() || next == 0) next = fastest();
  // The path also waits for a rung that is the best of those that cannot keep up.
  const bool too_high = waited && !is_new && rung_ > 0 && !(load(rung_) > 1 && rung_ == fastest());
  if (too_high) {
    const std::size_t below = highest_below(kAfterAWait, rung_ - 1);
    next = std::min(next, below == costs_.size() ? rung_ - 1 : below);
  }
  if (next > rung_) {
    const bool may = !too_high && (now - last_up_ >= kBetweenUps || last_up_.count() == 0);
    next = may ? std::min(next, highest_by_evidence(now)) : rung_;
  }
  if (next > rung_) last_up_ = now;
  rung_ = next;
  return static_cast<std::uint8_t>(rung_);
}

}  // namespace dcdn::pace
