#include "pace/rate_meter.hpp"

namespace dcdn::pace {

namespace {
constexpr Micros kWindow{5'000'000};
constexpr Micros kTooEarly{3'000'000};
double seconds_between(Micros from, Micros to) {
  return std::chrono::duration<double>(to - from).count();
}
}  // namespace

void RateMeter::update(std::uint64_t total_done, Micros now) {
  if (!last_change_ || total_done < last_change_->bytes) {
    recent_.clear();
    first_ = last_change_ = Sample{now, total_done};
  }
  if (total_done > last_change_->bytes) {
    last_change_ = Sample{now, total_done};
  }
  recent_.push_back({now, total_done});
  while (recent_.size() > 2 && now - recent_[1].at >= kWindow) recent_.pop_front();
}

void RateMeter::begin() {
  if (recent_.empty()) return;
  first_ = recent_.back();
  last_change_->bytes = first_->bytes;
}

bool RateMeter::moved() const {
  return first_ && last_change_->bytes > first_->bytes;
}

double RateMeter::now_per_s() const {
  if (recent_.size() < 2) return 0;
  const double seconds = seconds_between(recent_.front().at, recent_.back().at);
  return seconds <= 0 ? 0 : static_cast<double>(recent_.back().bytes - recent_.front().bytes) / seconds;
}

// What a limit lets through at once after silence, and what lay in buffers, is most of a moment's bytes.
bool RateMeter::too_early() const {
  return recent_.empty() || recent_.back().at - first_->at < kTooEarly;
}

double RateMeter::average_per_s() const {
  if (too_early()) return 0;
  const double seconds = seconds_between(first_->at, recent_.back().at);
  return static_cast<double>(last_change_->bytes - first_->bytes) / seconds;
}

std::chrono::seconds RateMeter::silent_for(Micros now) const {
  if (!last_change_) return std::chrono::seconds(0);
  return std::chrono::duration_cast<std::chrono::seconds>(now - last_change_->at);
}

std::optional<std::chrono::seconds> RateMeter::time_left(std::uint64_t bytes_left) const {
  if (!moved() || too_early()) return std::nullopt;
  // The average steadies the guess, the present corrects it.
  const double rate = 0.5 * now_per_s() + 0.5 * average_per_s();
  if (rate < 1) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(bytes_left) / rate) + 1);
}

}  // namespace dcdn::pace
