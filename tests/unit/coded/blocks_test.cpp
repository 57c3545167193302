#include <gtest/gtest.h>

#include <numeric>

#include "coded/receive_blocks.hpp"
#include "coded/send_blocks.hpp"
#include "sim/coded_flow.hpp"

namespace dcdn::coded {
namespace {

constexpr std::size_t kSymbol = 100;

Bytes content(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

class Blocks : public ::testing::Test {
 protected:
  sim::PointingCoder coder;
  SendBlocks sending;
  ReceiveWindow window{12u << 20};
  ReceiveBlocks receiving{window};
  std::uint64_t number = 0;
  Seconds now = 1;

  struct Kept {
    DataHeader header;
    Bytes bytes;
  };
  Kept send(std::ptrdiff_t block) {
    const SendBlocks::Symbol symbol = sending.send(block, number++, now += 0.001, coder);
    return {symbol.header, Bytes(symbol.bytes.begin(), symbol.bytes.end())};
  }
  ReceiveBlocks::Taken take(const Kept& symbol) {
    auto taken = receiving.take({symbol.header, symbol.bytes}, coder);
    EXPECT_TRUE(taken);
    return std::move(*taken);
  }
  // Everything sent so far counts as settled.
  Result<void> tell(bool settled) {
    Feedback feedback;
    receiving.report(feedback);
    feedback.settled = feedback.settled_beyond = settled ? stamp_of(now) : stamp_of(0.5);
    return sending.take(feedback, number);
  }
};

TEST_F(Blocks, lost_symbols_are_asked_for_by_number_and_no_more_are_sent) {
  const Bytes original = content(10 * kSymbol);
  sending.add(original, kSymbol, false);
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(sending.due(0.1, false), 0);
    const Kept symbol = send(0);
    if (i != 3 && i != 7) take(symbol);
  }
  EXPECT_EQ(sending.due(0.1, false), -1) << "all are under way";
  ASSERT_TRUE(tell(false));
  EXPECT_EQ(sending.due(0.1, false), -1) << "two are missing, which may be late";
  ASSERT_TRUE(tell(true));
  take(send(sending.due(0.1, false)));
  const auto last = take(send(sending.due(0.1, false)));
  EXPECT_EQ(sending.due(0.1, false), -1);
  ASSERT_TRUE(last.block);
  EXPECT_TRUE(std::equal(original.begin(), original.end(), last.block->view().begin()));
  EXPECT_EQ(sending.repair_sent(), 2u);
  EXPECT_EQ(sending.repair_bytes_sent(), 2 * kSymbol);
  EXPECT_FALSE(sending.all_done());
  EXPECT_EQ(sending.symbols_used(), 8u) << "as told last";
  EXPECT_EQ(sending.bytes_delivered(), 0u);
  ASSERT_TRUE(tell(true));
  EXPECT_TRUE(sending.all_done());
  EXPECT_EQ(sending.symbols_used(), 10u);
  EXPECT_EQ(sending.bytes_delivered(), 10 * kSymbol);
  EXPECT_EQ(sending.bytes_held(), 0u);
}

TEST_F(Blocks, critical_blocks_go_first_and_carry_repair_from_the_start) {
  sending.add(content(10 * kSymbol), kSymbol, false);
  sending.add(content(10 * kSymbol), kSymbol, true);
  unsigned critical = 0;
  for (; sending.due(0.25, true) == 1; ++critical) send(1);
  EXPECT_EQ(critical, 16u);  // 10 / 0.75 + sqrt(10 * 0.25) / 0.75
  EXPECT_EQ(sending.due(0.25, false), 0);
}

TEST_F(Blocks, at_the_end_the_weakest_block_gets_the_free_link) {
  sending.add(content(10 * kSymbol), kSymbol, false);
  sending.add(content(3 * kSymbol), kSymbol, false);
  while (sending.due(0.2, false) >= 0) send(sending.due(0.2, false));
  unsigned extra = 0;
  for (std::ptrdiff_t block; (block = sending.weakest(0.2, false)) >= 0; ++extra) send(block);
  EXPECT_GT(extra, 6u);
  EXPECT_LT(extra, 25u);
  EXPECT_EQ(sending.weakest(0, false), -1) << "where nothing is lost nothing is sent twice";
  EXPECT_GE(sending.weakest(0, true), 0) << "unless it is to probe";
}

TEST_F(Blocks, the_window_bounds_what_a_sender_may_make_us_hold) {
  for (std::uint32_t i = 0; i < kFirstGrant; ++i) {
    ASSERT_TRUE(sending.may_add());
    sending.add(content(2 * kSymbol), kSymbol, false);
  }
  EXPECT_FALSE(sending.may_add());
  Kept beyond = send(0);
  beyond.header.block = kFirstGrant;
  EXPECT_FALSE(receiving.take({beyond.header, beyond.bytes}, coder));
  receiving.grant();
  ASSERT_TRUE(tell(false));
  EXPECT_TRUE(sending.may_add());
  ReceiveWindow small(1u << 20);
  ReceiveBlocks full(small);
  ASSERT_TRUE(small.take(1u << 20));
  full.grant();
  EXPECT_EQ(full.limit(), kFirstGrant) << "no more while the user holds all of the window";
  small.give(1u << 20);
  full.grant();
  EXPECT_GT(full.limit(), kFirstGrant);
  EXPECT_LE(full.limit() * kMaxSourceSymbols * 1400, 1u << 20);
}

TEST_F(Blocks, a_sender_keeps_no_more_than_its_own_window_whatever_it_is_told) {
  SendBlocks frugal(50'000);
  Feedback generous;
  generous.limit = kMaxFeedbackBlocks;
  ASSERT_TRUE(frugal.take(generous, 0));
  std::size_t added = 0;
  for (; frugal.may_add() && added < 2000; ++added) frugal.add(content(64 * kSymbol), kSymbol, false);
  EXPECT_LE(frugal.bytes_held(), 50'000 + 64 * kSymbol);
  EXPECT_GE(added, kFirstGrant);
}

TEST_F(Blocks, blocks_are_taken_from_the_window_before_they_are_made) {
  ReceiveWindow small(512u << 10);
  ReceiveBlocks blocks(small);
  blocks.grant();
  Result<void> taken;
  std::uint32_t block = 0;
  for (; taken && block < blocks.limit(); ++block) {
    DataHeader header;
    header.block = block;
    header.source_symbols = kMaxSourceSymbols;
    header.esi = 200;  // repair symbols count as much
    const auto used = blocks.take({header, Bytes(kMaxSymbolBytes)}, coder);
    if (!used) taken = used.error();
  }
  EXPECT_LE(small.held(), (512u << 10) + ReceiveWindow::kGrace);
}

TEST_F(Blocks, contradictions_are_refused) {
  sending.add(content(3 * kSymbol), kSymbol, false);
  const Kept first = send(0);
  take(first);
  EXPECT_EQ(take(first).use, ReceiveBlocks::Use::duplicate);
  Kept other = send(0);
  other.header.source_symbols = 4;
  EXPECT_FALSE(receiving.take({other.header, other.bytes}, coder));
  other.header.source_symbols = 3;
  other.bytes.pop_back();
  EXPECT_FALSE(receiving.take({other.header, other.bytes}, coder));
  Feedback feedback;
  feedback.base = 2;
  feedback.limit = 9;
  EXPECT_FALSE(sending.take(feedback, 0)) << "block 1 was never sent";
  feedback.base = 0;
  feedback.need = {1, 1};
  EXPECT_FALSE(sending.take(feedback, 0));
}

TEST_F(Blocks, late_and_repeated_feedback_does_no_harm) {
  sending.add(content(2 * kSymbol), kSymbol, false);
  Feedback old;
  receiving.report(old);
  take(send(0));
  take(send(0));
  ASSERT_TRUE(tell(true));
  ASSERT_TRUE(tell(true));
  EXPECT_TRUE(sending.all_done());
  sending.add(content(2 * kSymbol), kSymbol, false);
  ASSERT_TRUE(sending.take(old, 0));
  EXPECT_EQ(sending.due(0, false), 0);
}

}  // namespace
}  // namespace dcdn::coded
