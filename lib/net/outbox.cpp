#include "net/outbox.hpp"

namespace dcdn::net {

std::uint64_t Outbox::allowance() const {
  constexpr std::uint64_t kAmplification = 3;
  if (proved_) return UINT64_MAX;
  const std::uint64_t allowed = kAmplification * bytes_received_;
  return allowed > bytes_sent_ ? allowed - bytes_sent_ : 0;
}

// False: it is too much for an address that is not proved.
bool Outbox::leave(DatagramBatch batch) {
  if (batch.bytes.size() > allowance()) return false;
  packets_sent_ += (batch.bytes.size() + batch.segment - 1) / batch.segment;
  bytes_sent_ += batch.bytes.size();
  if (unsent_.empty() && send_(batch) == Sent::all) return true;
  unsent_.push_back(Unsent{Bytes(batch.bytes.begin(), batch.bytes.end()), batch});
  unsent_.back().batch.bytes = unsent_.back().bytes;
  return true;
}

void Outbox::put(DatagramBatch batch) {
  (void)leave(batch);
}

void Outbox::put(const DatagramBatch& batch, const Copies& copies, Nanoseconds now) {
  const bool left = leave(batch);
  if (proved_at_ && !(batch.remote == *proved_at_)) return;
  for (int more = 1; left && more < copies.at_once && batch.bytes.size() <= allowance(); ++more) {
    bytes_repeated_ += batch.bytes.size();
    put(batch);
  }
  repeats_.add(batch, copies.later, copies.gap, now);
}

bool Outbox::resume() {
  while (!unsent_.empty()) {
    if (send_(unsent_.front().batch) == Sent::blocked) return false;
    unsent_.pop_front();
  }
  return true;
}

void Outbox::turn(Nanoseconds now) {
  while (unsent_.empty()) {
    const auto copy = repeats_.next(now, allowance());
    if (!copy) break;
    bytes_repeated_ += copy->bytes.size();
    put(*copy);
  }
}

Outbox::Nanoseconds Outbox::due(Nanoseconds now) const {
  const Nanoseconds due = repeats_.due();
  return due <= now ? DatagramRepeats::kNever : due;
}

void Outbox::clear() {
  unsent_.clear();
  repeats_.forget();
}

void Outbox::heard(std::size_t bytes) {
  refusals_in_a_row_ = 0;
  bytes_received_ += bytes;
}

bool Outbox::refused() {
  constexpr unsigned kRefusals = 3;
  return ++refusals_in_a_row_ >= kRefusals;
}

void Outbox::count(ConnectionStats& stats) const {
  stats.packets_sent += packets_sent_;
  stats.bytes_sent += bytes_sent_;
  stats.bytes_repeated += bytes_repeated_;
  stats.bytes_received += bytes_received_;
}

}  // namespace dcdn::net
