#include "fec/lazy_decode.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace dcdn::fec {
namespace {

using namespace std::chrono_literals;

constexpr int kNothing = -1, kNoMoreSources = -2;

// What happens at a time (an ESI, or one of the above), and what is to be done then.
struct Line {
  Micros at;
  int event;
  LazyStep step;
  std::optional<Micros> wake;
};

void expect_ledger(LazyDecode block, const std::vector<Line>& ledger) {
  for (const Line& line : ledger) {
    if (line.event == kNoMoreSources) block.no_more_sources();
    if (line.event >= 0) {
      EXPECT_TRUE(block.arrived(static_cast<unsigned>(line.event)));
    }
    EXPECT_EQ(block.step(line.at), line.step) << "at " << line.at.count();
    EXPECT_EQ(block.wake_at(line.at), line.wake) << "at " << line.at.count();
  }
}

TEST(LazyDecode, AllSourcesOutOfOrderAreNeverDecoded) {
  expect_ledger(LazyDecode::after_first_symbol(3, 1000ms, 50ms),
                {{1000ms, 2, LazyStep::wait, 1100ms},
                 {1010ms, 3, LazyStep::wait, 1100ms},
                 {1020ms, 0, LazyStep::wait, 1100ms},
                 {1099ms, 1, LazyStep::complete, {}},
                 {1100ms, kNothing, LazyStep::complete, {}}});
}

TEST(LazyDecode, ALostSourceIsDecodedAtTheDeadlineAndNotBefore) {
  expect_ledger(LazyDecode::after_first_symbol(3, 0ms, 100ms), {{0ms, 0, LazyStep::wait, 200ms},
                                                                {10ms, 2, LazyStep::wait, 200ms},
                                                                {20ms, 3, LazyStep::wait, 200ms},
                                                                {199999us, kNothing, LazyStep::wait, 200ms},
                                                                {200ms, kNothing, LazyStep::decode, {}}});
}

TEST(LazyDecode, NoWaitingWhenNoMoreSourcesCanCome) {
  expect_ledger(LazyDecode(2, 500ms), {{0ms, 0, LazyStep::wait, 500ms},
                                       {1ms, 5, LazyStep::wait, 500ms},
                                       {2ms, kNoMoreSources, LazyStep::decode, {}}});
}

TEST(LazyDecode, StarvedUntilALateSymbolMakesUpForIt) {
  expect_ledger(LazyDecode(3, 100ms), {{0ms, 0, LazyStep::wait, 100ms},
                                       {100ms, kNothing, LazyStep::starved, {}},
                                       {150ms, 4, LazyStep::starved, {}},
                                       {160ms, 7, LazyStep::decode, {}},
                                       {170ms, 1, LazyStep::decode, {}},
                                       {180ms, 2, LazyStep::complete, {}}});
  expect_ledger(LazyDecode(2), {{0ms, 0, LazyStep::wait, {}},
                                {1h, kNothing, LazyStep::wait, {}},
                                {2h, kNoMoreSources, LazyStep::starved, {}},
                                {3h, 2, LazyStep::decode, {}}});
}

TEST(LazyDecode, OnlyRepairSymbolsAreEnough) {
  LazyDecode block(3, 10ms);
  for (const unsigned esi : {3u, 4u}) EXPECT_TRUE(block.arrived(esi));
  EXPECT_EQ(block.lacking(), 1u);
  EXPECT_EQ(block.step(10ms), LazyStep::starved);
  EXPECT_TRUE(block.arrived(254));
  EXPECT_EQ(block.lacking(), 0u);
  EXPECT_EQ(block.lost_sources(), 3u);
  EXPECT_EQ(block.step(9ms), LazyStep::wait);
  EXPECT_EQ(block.step(10ms), LazyStep::decode);
}

TEST(LazyDecode, TheSameSymbolCountsOnce) {
  LazyDecode block(2, 10ms);
  EXPECT_TRUE(block.arrived(2));
  EXPECT_FALSE(block.arrived(2));
  EXPECT_FALSE(block.arrived(255)) << "there is no such symbol";
  EXPECT_FALSE(block.arrived(4000000000u));
  EXPECT_FALSE(block.has(4000000000u));
  EXPECT_EQ(block.distinct(), 1u);
  EXPECT_EQ(block.step(10ms), LazyStep::starved);
  EXPECT_TRUE(block.arrived(1));
  EXPECT_TRUE(block.has(1));
  EXPECT_EQ(block.step(10ms), LazyStep::decode);
}

}  // namespace
}  // namespace dcdn::fec
