#include "coded/replay_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace dcdn::coded {
namespace {

TEST(replay_window, takes_each_number_once_in_any_order) {
  ReplayWindow window;
  std::mt19937 random(1);
  std::set<std::uint64_t> taken;
  std::uint64_t highest = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t number = highest + 40 - std::min<std::uint64_t>(highest + 40, random() % 80);
    EXPECT_EQ(window.is_fresh(number), !taken.contains(number)) << number;
    if (!window.is_fresh(number)) continue;
    window.accept(number);
    taken.insert(number);
    highest = std::max(highest, number);
    EXPECT_EQ(window.next(), highest + 1);
  }
}

TEST(replay_window, what_is_too_old_to_know_is_not_fresh) {
  ReplayWindow window;
  window.accept(100000);
  EXPECT_FALSE(window.is_fresh(100000));
  EXPECT_TRUE(window.is_fresh(99999));
  EXPECT_FALSE(window.is_fresh(1));
  window.accept(50'000'000);
  EXPECT_TRUE(window.is_fresh(49'999'999)) << "bits of the old range are gone";
  EXPECT_FALSE(window.is_fresh(100000));
}

TEST(replay_window, expands_32_bits_to_the_nearest_number) {
  ReplayWindow window;
  EXPECT_EQ(window.expand(5), 5u);
  window.accept(0xFFFF'FFF0u);
  EXPECT_EQ(window.expand(0xFFFF'FFFFu), 0xFFFF'FFFFull);
  EXPECT_EQ(window.expand(3), 0x1'0000'0003ull);
  window.accept(0x1'0000'0003ull);
  EXPECT_EQ(window.expand(0xFFFF'FFF1u), 0xFFFF'FFF1ull) << "late, from before the turn";
  EXPECT_EQ(window.expand(4), 0x1'0000'0004ull);
}

}  // namespace
}  // namespace dcdn::coded
