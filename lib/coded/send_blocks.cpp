#include "coded/send_blocks.hpp"

#include <algorithm>
#include <limits>

namespace dcdn::coded {

namespace {

constexpr double kEnoughDeviations = 3;  // by which what is under way exceeds what is needed, at the end
constexpr double kNoLoss = 0.002;        // below it nothing is sent twice to be sure
constexpr double kMostLoss = 0.95;

// Symbols to have under way so that a critical block gets what it needs with one standard deviation to spare.
double critical_amount(unsigned need, double loss) {
  const double arriving = 1 - std::min(loss, kMostLoss);
  return need / arriving + std::sqrt(need * loss) / arriving;
}

}  // namespace

std::uint32_t SendBlocks::add(Bytes content, std::size_t symbol_bytes, bool critical) {
  Block block;
  block.k = static_cast<unsigned>((content.size() + symbol_bytes - 1) / symbol_bytes);
  content.resize(block.k * symbol_bytes);
  block.data = std::move(content);
  block.symbol_bytes = symbol_bytes;
  block.need = block.k;
  block.critical = critical;
  bytes_held_ += block.data.size();
  blocks_.push_back(std::move(block));
  return next_++;
}

std::ptrdiff_t SendBlocks::due(double loss, bool critical_only) const {
  std::ptrdiff_t first = -1;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (block.need == 0 || (critical_only && !block.critical)) continue;
    const double wanted = block.critical ? critical_amount(block.need, loss) : block.need;
    if (block.unsettled >= wanted) continue;
    if (block.critical) return static_cast<std::ptrdiff_t>(i);
    if (first < 0) first = static_cast<std::ptrdiff_t>(i);
  }
  return first;
}

std::ptrdiff_t SendBlocks::weakest(double loss, bool anyway) const {
  std::ptrdiff_t found = -1;
  double least = anyway ? std::numeric_limits<double>::infinity() : kEnoughDeviations;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (block.need == 0 || (!anyway && loss < kNoLoss && block.unsettled >= block.need)) continue;
    const double spread = std::sqrt(std::max(block.unsettled * loss * (1 - loss), 0.05));
    const double surplus = (block.unsettled * (1 - loss) - block.need) / spread;
    if (surplus >= least) continue;
    least = surplus;
    found = static_cast<std::ptrdiff_t>(i);
  }
  return found;
}

SendBlocks::Symbol SendBlocks::send(std::ptrdiff_t index, std::uint64_t number, Seconds now,
                                    BlockCoder& coder) {
  Block& block = blocks_[static_cast<std::size_t>(index)];
  Symbol symbol;
  symbol.header.block = base_ + static_cast<std::uint32_t>(index);
  symbol.header.esi = static_cast<std::uint8_t>(block.next_esi);
  symbol.header.source_symbols = static_cast<std::uint8_t>(block.k);
  if (block.next_esi < block.k) {
    symbol.bytes = ByteView(block.data).subspan(block.next_esi * block.symbol_bytes, block.symbol_bytes);
  } else {
    repair_.resize(block.symbol_bytes);
    coder.repair(block.data, block.k, block.next_esi, repair_);
    symbol.bytes = repair_;
    ++repair_sent_;
    repair_bytes_sent_ += block.symbol_bytes;
  }
  block.next_esi = (block.next_esi + 1) % kMaxSymbols;
  block.sent = std::min(block.sent + 1, block.k);
  ++block.unsettled;
  sent_.push_back(Sent{number, stamp_of(now), symbol.header.block});
  return symbol;
}

std::uint64_t SendBlocks::symbols_used() const {
  std::uint64_t used = symbols_delivered_;
  for (const Block& block : blocks_)
    if (block.need > 0) used += block.k - block.need;
  return used;
}

void SendBlocks::complete(std::uint32_t number) {
  Block& block = blocks_[number - base_];
  block.need = 0;
  completed_.push_back(number);
  symbols_delivered_ += block.k;
  bytes_delivered_ += block.data.size();
  bytes_held_ -= block.data.size();
  Bytes().swap(block.data);
}

void SendBlocks::settle(const Feedback& feedback, std::uint64_t highest) {
  while (!sent_.empty()) {
    const Sent& first = sent_.front();
    const std::uint32_t until = first.number <= highest ? feedback.settled : feedback.settled_beyond;
    if (stamps_apart(until, first.stamp) < 0) return;
    const std::uint32_t index = first.block - base_;
    if (first.block >= base_ && blocks_[index].unsettled > 0) --blocks_[index].unsettled;
    sent_.pop_front();
  }
}

// What a receiver claims to have decides what is never sent again: it cannot have more than was sent.
Result<void> SendBlocks::check(const Feedback& feedback) const {
  if (feedback.base > next_ || feedback.need.size() > next_ - feedback.base)
    return Error(Errc::corrupt, "feedback speaks of blocks that were never sent");
  for (std::uint32_t number = base_; number < feedback.base + feedback.need.size(); ++number) {
    const Block& block = blocks_[number - base_];
    const unsigned need = number < feedback.base ? 0 : feedback.need[number - feedback.base];
    if (block.need > 0 && need + block.sent < block.k)
      return Error(Errc::corrupt, "feedback speaks of symbols that were never sent");
  }
  return {};
}

Result<void> SendBlocks::take(const Feedback& feedback, std::uint64_t highest) {
  DCDN_CHECK(check(feedback));
  limit_ = std::max(limit_, feedback.limit);
  for (std::size_t i = 0; i < feedback.need.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(feedback.base + i);
    if (number < base_) continue;
    Block& block = blocks_[number - base_];
    if (block.need == 0) continue;
    block.need = std::min<unsigned>(feedback.need[i], block.k);
    if (block.need == 0) complete(number);
  }
  settle(feedback, highest);
  while (base_ < feedback.base || (!blocks_.empty() && blocks_.front().need == 0)) {
    if (blocks_.front().need != 0) complete(base_);
    blocks_.pop_front();
    ++base_;
  }
  if (blocks_.empty()) sent_.clear();  // whatever became of them, nobody waits for it
  return {};
}

}  // namespace dcdn::coded
