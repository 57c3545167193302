#include "net/path_size.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dcdn::net {

namespace {

// What is left of 1280, 1400, 1440, 1480 and 1492 bytes without the headers of IPv6 and UDP.
constexpr std::array<std::size_t, 5> kSteps{1232, 1352, 1392, 1432, 1444};
constexpr unsigned kTries = 2;   // a probe may get lost like any packet
constexpr unsigned kDoubts = 3;  // a size that worked gets more credit
constexpr std::uint64_t kTimeouts = 2;
// So many packets lost while less than as many were acknowledged: on no path that only loses packets the
// usual case.
constexpr std::uint64_t kStrangeLosses = 8;
constexpr PathSize::Nanoseconds kRest{300'000'000'000};  // before a larger size is tried again

}  // namespace

PathSize::PathSize(std::size_t most, bool trusted) : most_(std::max(most, kBase)), trusted_(trusted) {}

void PathSize::begin() {
  begun_ = true;
  payload_ = trusted_ ? most_ : kBase;
  search_ = payload_ < most_ ? Search::top : Search::resting;
  search_at_ = kNever;
  losses_ = 0;
  doubted_ = false;
  out_.reset();
}

std::size_t PathSize::target() const {
  if (doubted_) return payload_;
  switch (search_) {
    case Search::hint:
      return hint_;
    case Search::resting:
    case Search::top:
      return most_;
    case Search::steps:
      break;
  }
  const auto next = std::upper_bound(kSteps.begin(), kSteps.end(), payload_);
  return next == kSteps.end() ? most_ : std::min(*next, most_);
}

std::optional<std::size_t> PathSize::wanted(Nanoseconds now) const {
  // A path that answers nothing at all tells nothing about sizes.
  if (!begun_ || !can_probe_ || out_ || timeouts_ > 0) return std::nullopt;
  if (!doubted_ && search_ == Search::resting && now < search_at_) return std::nullopt;
  return target();
}

PathSize::Nanoseconds PathSize::due(Nanoseconds now) const {
  const bool waits = can_probe_ && !out_ && search_ == Search::resting && search_at_ > now;
  return waits ? search_at_ : kNever;
}

void PathSize::sent(std::size_t size) {
  if (search_ == Search::resting && !doubted_) search_ = Search::top;
  out_ = Probe{next_number_++, size};
}

void PathSize::rest(Nanoseconds now) {
  search_ = Search::resting;
  search_at_ = payload_ < most_ ? now + kRest : kNever;
}

void PathSize::arrived(std::uint64_t probe, Nanoseconds now) {
  if (!out_ || out_->number != probe) return;
  const std::size_t size = out_->size;
  out_.reset();
  losses_ = 0;
  if (std::exchange(doubted_, false)) return;
  payload_ = std::max(payload_, size);
  if (search_ != Search::steps || payload_ >= most_) rest(now);
}

void PathSize::lost(std::uint64_t probe, Nanoseconds now) {
  if (!out_ || out_->number != probe) return;
  out_.reset();
  ++losses_;
  if (doubted_) {
    if (losses_ >= kDoubts) collapse(0);
  } else if (losses_ >= kTries) {
    failed(now);
  }
}

// The size that was tried does not fit.
void PathSize::failed(Nanoseconds now) {
  losses_ = 0;
  if (search_ == Search::steps) {
    rest(now);
  } else {
    search_ = Search::steps;
  }
}

void PathSize::collapse(std::size_t fits) {
  begin();
  payload_ = kBase;
  hint_ = fits;
  search_ = fits > kBase ? Search::hint : Search::top;
}

void PathSize::look(const Reading& now_at) {
  timeouts_ = now_at.timeouts;
  if (timeouts_ >= kTimeouts && payload_ > kBase) return collapse(0);
  const bool counts_anew = now_at.packets_lost < mark_.packets_lost;  // a stream was given up with its losses
  if (counts_anew || now_at.bytes_acknowledged - mark_.bytes_acknowledged >= kStrangeLosses * payload_) {
    mark_ = now_at;
  } else if (now_at.packets_lost - mark_.packets_lost >= kStrangeLosses) {
    mark_ = now_at;
    if (payload_ == kBase || doubted_) return;
    doubted_ = true;
    losses_ = 0;
    out_.reset();
  }
}

void PathSize::too_long(std::size_t sent, std::size_t fits, Nanoseconds now) {
  const std::size_t limit = fits > 0 ? fits : std::max(sent, kBase + 1) - 1;
  if (out_ && out_->size > limit && payload_ <= limit) {
    out_.reset();
    if (fits > payload_) {
      hint_ = fits;
      search_ = Search::hint;
      losses_ = 0;
    } else {
      failed(now);
    }
  } else if (payload_ > kBase && payload_ > limit) {
    collapse(fits);
  }
}

}  // namespace dcdn::net
