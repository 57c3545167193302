#include "coded/coded_sender.hpp"

#include <algorithm>
#include <limits>

#include "coded/first_train.hpp"

namespace dcdn::coded {

namespace {

constexpr Seconds kMostCatchUp = 0.004;
constexpr Seconds kLookAgain = 0.010;  // while something is under way and nothing is to be sent

}  // namespace

void CodedSender::push(StreamNumber stream, Buffer bytes, bool fin, bool critical) {
  (critical ? critical_ : normal_).push(stream, std::move(bytes), fin);
  due_ = std::min(due_, paced_);
}

void CodedSender::drop(StreamNumber stream) {
  normal_.drop(stream);
  critical_.drop(stream);
  arrivals_.forget(stream);
}

bool CodedSender::add_block(PieceQueue& from, std::size_t symbol_bytes, bool critical) {
  if (from.empty() || !blocks_.may_add()) return false;
  PieceQueue::Cut cut = from.cut(kMaxSourceSymbols * symbol_bytes);
  arrivals_.carried(blocks_.add(std::move(cut.bytes), symbol_bytes, critical), cut.pieces);
  return true;
}

std::ptrdiff_t CodedSender::choose(std::size_t symbol_bytes) {
  const double loss = control_.loss();
  std::ptrdiff_t block = blocks_.due(loss, true);
  if (block < 0 && add_block(critical_, symbol_bytes, true)) block = blocks_.due(loss, true);
  if (block < 0) block = blocks_.due(loss, false);
  if (block < 0 && add_block(normal_, symbol_bytes, false)) block = blocks_.due(loss, false);
  if (block < 0) block = blocks_.weakest(loss, control_.holding());
  return block;
}

void CodedSender::pace(Seconds now, double rate) {
  if (next_number_ < kTrain) return;
  const double packets = next_number_ == kTrain ? static_cast<double>(kTrain) : 1;
  paced_ = std::max(paced_, now - kMostCatchUp) + packets / rate;
  due_ = paced_;
}

std::optional<CodedSender::Packet> CodedSender::next(Seconds now, std::size_t symbol_bytes) {
  const bool in_flight = blocks_.unsettled();
  const double rate = control_.rate(now, in_flight);
  if (now < due_) return std::nullopt;
  if (control_.window_full(next_number_)) {
    due_ = now + 1 / rate;
    return std::nullopt;
  }
  const std::ptrdiff_t block = choose(symbol_bytes);
  if (block < 0) {
    control_.ran_dry(now);
    due_ = blocks_.all_done() ? std::numeric_limits<Seconds>::infinity() : now + kLookAgain;
    return std::nullopt;
  }
  control_.sent(now, in_flight);
  Packet packet;
  packet.number = next_number_++;
  const SendBlocks::Symbol symbol = blocks_.send(block, packet.number, now, coder_);
  packet.header = symbol.header;
  packet.header.sent = stamp_of(now);
  packet.header.interval = control_.feedback_interval();
  packet.symbol = symbol.bytes;
  pace(now, rate);
  return packet;
}

std::uint64_t CodedSender::wasted() const {
  const auto received = static_cast<std::uint64_t>(control_.signals().totals().received);
  const std::uint64_t used = blocks_.symbols_used();
  return received > used ? received - used : 0;
}

Result<void> CodedSender::take(const Feedback& feedback, std::uint64_t number, Seconds now) {
  if (newest_feedback_ && number <= *newest_feedback_) return {};
  const std::uint32_t behind = static_cast<std::uint32_t>(next_number_) - 1 - feedback.highest;
  if (next_number_ == 0 || behind >= next_number_)
    return Error(Errc::corrupt, "feedback on packets that were never sent");
  const std::uint64_t highest = next_number_ - 1 - behind;
  DCDN_CHECK(blocks_.take(feedback, highest));
  for (const std::uint32_t block : blocks_.take_completed()) arrivals_.complete(block);
  newest_feedback_ = number;
  control_.take(feedback, highest, next_number_, now);
  due_ = std::min(due_, paced_);
  return {};
}

}  // namespace dcdn::coded
