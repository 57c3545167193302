#include "net/datagram_repeats.hpp"

#include <algorithm>

namespace dcdn::net {

namespace {
constexpr std::size_t kMostWaiting = 32;  // so many unanswered ones are no longer a few small messages
}  // namespace

void DatagramRepeats::add(const DatagramBatch& batch, unsigned copies, Nanoseconds gap, Nanoseconds now) {
  if (copies == 0) return;
  if (waiting_.size() == kMostWaiting) waiting_.pop_front();
  waiting_.push_back({Bytes(batch.bytes.begin(), batch.bytes.end()), batch, copies, gap, now + gap});
}

DatagramRepeats::Nanoseconds DatagramRepeats::due() const {
  Nanoseconds first = kNever;
  for (const Waiting& one : waiting_) first = std::min(first, one.due);
  return first;
}

std::optional<DatagramBatch> DatagramRepeats::next(Nanoseconds now, std::uint64_t most) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
    return one.due <= now && one.bytes.size() <= most;
  });
  if (found == waiting_.end()) return std::nullopt;
  DatagramBatch batch = found->batch;
  out_ = found->bytes;
  batch.bytes = out_;
  found->gap *= 2;
  found->due = now + found->gap;
  if (--found->left == 0) waiting_.erase(found);
  return batch;
}

}  // namespace dcdn::net
