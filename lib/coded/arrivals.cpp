#include "coded/arrivals.hpp"

#include <algorithm>
#include <limits>

namespace dcdn::coded {

namespace {

constexpr Seconds kIntervalUnit = 0.005;
constexpr Seconds kUnevenness =
    0.003;  // jitter below this plus a packet time is the scheduler's, not the path's
constexpr Seconds kSettleMargin = 0.002;
constexpr std::size_t kUsualBuckets = 20;  // of half an interval
constexpr std::size_t kJitteryBuckets = 64;
constexpr std::size_t kShortBuckets = 8;
constexpr unsigned kEnoughSamples = 20;
constexpr unsigned kPromptRepeats = 4;    // of the last word, in silence
constexpr unsigned kRepeatsWhenDone = 8;  // of "nothing is missing"
constexpr Seconds kSilentInterval = 0.050;
constexpr unsigned kMostRepeats = 1200;  // a minute of kSilentInterval

}  // namespace

bool Arrivals::jittery() const {
  return jitter_ > kUnevenness + 0.75 * between_;
}

void Arrivals::measure_delay(Seconds delay, Seconds now) {
  const Seconds width = interval_ / 2;
  if (buckets_.empty() || now - buckets_.back().start >= width) {
    buckets_.push_back(Bucket{now, delay, delay, 0});
    if (buckets_.size() > kJitteryBuckets) buckets_.pop_front();
  }
  Bucket& bucket = buckets_.back();
  bucket.shortest = std::min(bucket.shortest, delay);
  bucket.longest = std::max(bucket.longest, delay);
  ++bucket.count;
}

void Arrivals::take(std::uint64_t number, const DataHeader& header, Seconds now) {
  const std::uint32_t delay_stamp = stamp_of(now) - header.sent;
  if (received_ == 0) first_delay_ = delay_stamp;
  const Seconds delay = stamps_apart(delay_stamp, first_delay_);
  if (received_ > 0) {
    jitter_ += (std::abs(delay - last_delay_) - jitter_) / 16;
    between_ += (std::min(now - last_came_, 1.0) - between_) / 16;
  }
  if (received_ == 0 || now - last_came_ > 2 * interval_) tell_now_ = true;
  last_delay_ = delay;
  last_came_ = now;
  ++received_;
  told_in_silence_ = 0;
  interval_ = header.interval * kIntervalUnit;
  measure_delay(delay, now);
  const bool in_order = !started_ || number > highest_;
  train_.take(number, in_order, now);
  if (!in_order) return;
  const std::uint64_t expected = started_ ? highest_ + 1 : 0;
  if (number > expected) ++loss_runs_;
  started_ = true;
  highest_ = number;
  highest_sent_ = header.sent;
  highest_came_ = now;
}

// Over the last four intervals; further back where jitter makes short windows a matter of luck.
Seconds Arrivals::shortest_delay(Seconds now) const {
  const bool far_back = jittery();
  Seconds found = std::numeric_limits<Seconds>::infinity();
  unsigned samples = 0;
  std::size_t looked = 0;
  for (auto it = buckets_.rbegin(); it != buckets_.rend(); ++it, ++looked) {
    const bool recent = now - it->start <= interval_ / 2 * kShortBuckets;
    if (looked > 0 && !recent && !(far_back && samples < kEnoughSamples)) break;
    found = std::min(found, it->shortest);
    samples += it->count;
  }
  return found;
}

Seconds Arrivals::longest_delay(Seconds now) const {
  const std::size_t span = jittery() ? kJitteryBuckets : kUsualBuckets;
  Seconds found = -std::numeric_limits<Seconds>::infinity();
  std::size_t looked = 0;
  for (auto it = buckets_.rbegin(); it != buckets_.rend(); ++it, ++looked) {
    if (looked > 0 && now - it->start > interval_ / 2 * static_cast<double>(span)) break;
    found = std::max(found, it->longest);
  }
  return found;
}

void Arrivals::report(Feedback& feedback, Seconds now) {
  const auto micros = [](Seconds time) { return static_cast<std::uint32_t>(std::max(time, 0.0) * 1e6); };
  feedback.highest = static_cast<std::uint32_t>(highest_);
  feedback.highest_sent = highest_sent_;
  feedback.highest_came = stamp_of(highest_came_);
  feedback.held = micros(std::min(now - highest_came_, 2000.0));
  feedback.received = static_cast<std::uint32_t>(received_);
  feedback.jitter = micros(std::min(jitter_, 100.0));
  feedback.loss_runs = loss_runs_;
  const auto relative = [](Seconds time) {
    return static_cast<std::uint32_t>(static_cast<std::int64_t>(std::llround(time * 1e6)));
  };
  feedback.delay = first_delay_ + relative(shortest_delay(now));
  const std::uint32_t longest = first_delay_ + relative(longest_delay(now));
  feedback.settled = stamp_of(now) - longest - micros(kSettleMargin);
  feedback.settled_beyond = feedback.settled - micros(std::max(0.020, 2 * interval_));
  // Told once all of it can be here.
  feedback.train = highest_ + 1 >= kTrain ? train_.rate() : 0;
}

Seconds Arrivals::due(bool complete) const {
  constexpr Seconds kNever = std::numeric_limits<Seconds>::infinity();
  if (!started_) return kNever;
  if (tell_now_) return last_came_;
  const unsigned prompt = complete ? kRepeatsWhenDone : kPromptRepeats;
  if (told_in_silence_ < prompt) return told_ + interval_;
  if (complete || told_in_silence_ >= kMostRepeats) return kNever;
  return told_ + std::max(interval_, kSilentInterval);
}

void Arrivals::told(Seconds now) {
  told_ = now;
  tell_now_ = false;
  ++told_in_silence_;
}

}  // namespace dcdn::coded
