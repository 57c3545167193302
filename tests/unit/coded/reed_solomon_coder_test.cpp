#include "coded/reed_solomon_coder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <numeric>
#include <random>

#include "coded/coded_packet.hpp"

namespace dcdn::coded {
namespace {

TEST(reed_solomon_coder, any_k_of_the_symbols_give_the_block_back) {
  std::mt19937 random(5);
  ReedSolomonCoder coder;
  for (const unsigned k : {1u, 2u, 7u, 33u, 64u, 5u, 64u}) {
    constexpr std::size_t kSize = 48;
    Bytes block(k * kSize);
    for (auto& byte : block) byte = static_cast<std::uint8_t>(random());
    std::vector<unsigned> order(kMaxSymbols);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), random);
    Bytes damaged(block.size(), 0xEE);
    std::vector<RepairSymbol> repairs;
    std::list<Bytes> computed;
    std::vector<unsigned> missing(k);
    std::iota(missing.begin(), missing.end(), 0u);
    for (unsigned i = 0; i < k; ++i) {
      const unsigned esi = order[i];
      if (esi < k) {
        std::copy_n(block.begin() + esi * kSize, kSize, damaged.begin() + esi * kSize);
        std::erase(missing, esi);
      } else {
        coder.repair(block, k, esi, computed.emplace_back(kSize));
        repairs.push_back({esi, computed.back()});
      }
    }
    ASSERT_EQ(missing.size(), repairs.size());
    EXPECT_TRUE(missing.empty() || coder.recover(damaged, k, missing, repairs));
    EXPECT_EQ(damaged, block) << k;
  }
}

TEST(reed_solomon_coder, one_repair_symbol_twice_is_not_enough_for_two) {
  ReedSolomonCoder coder;
  Bytes block(4 * 16, 9);
  Bytes computed(16);
  coder.repair(block, 4, 7, computed);
  const RepairSymbol repair{7, computed};
  const std::vector<unsigned> missing{0, 1};
  EXPECT_FALSE(coder.recover(block, 4, missing, std::vector{repair, repair}));
}

}  // namespace
}  // namespace dcdn::coded
