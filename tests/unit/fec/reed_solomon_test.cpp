#include "fec/reed_solomon.hpp"

#include <gtest/gtest.h>
#include <isa-l/erasure_code.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>
#include <random>

#include "fec/galois.hpp"

namespace dcdn::fec {
namespace {

struct Block {
  std::vector<Bytes> sources;
  std::vector<Bytes> repairs;

  Block(unsigned k, unsigned m, std::size_t bytes, std::uint32_t seed)
      : sources(k, Bytes(bytes)), repairs(m, Bytes(bytes)) {
    std::mt19937 random(seed);
    for (Bytes& symbol : sources)
      for (auto& byte : symbol) byte = static_cast<std::uint8_t>(random());
    auto encoder = RepairEncoder::make(k, m);
    const std::vector<MutableByteView> out(repairs.begin(), repairs.end());
    EXPECT_TRUE(encoder.has_value() && encoder->encode(0, source_views(), out).has_value());
  }
  [[nodiscard]] std::vector<ByteView> source_views() const { return {sources.begin(), sources.end()}; }

  // Takes the symbols away that `lost` says (ESI), decodes, and compares.
  ::testing::AssertionResult survives(const std::vector<bool>& lost, SourceDecoder& decoder) const {
    std::vector<ByteView> there = source_views();
    std::vector<RepairSymbol> spare;
    std::vector<Bytes> made;
    const auto k = static_cast<unsigned>(sources.size());
    for (unsigned j = 0; j < k; ++j) {
      if (!lost[j]) continue;
      there[j] = {};
      made.emplace_back(sources[j].size());
    }
    for (unsigned i = 0; i < repairs.size(); ++i)
      if (!lost[k + i]) spare.push_back({k + i, repairs[i]});
    const std::vector<MutableByteView> out(made.begin(), made.end());
    if (auto done = decoder.recover(there, spare, out); !done)
      return ::testing::AssertionFailure() << done.error().message;
    for (unsigned j = 0, next = 0; j < k; ++j)
      if (lost[j] && made[next++] != sources[j])
        return ::testing::AssertionFailure() << "symbol " << j << " is wrong";
    return ::testing::AssertionSuccess();
  }
};

TEST(Galois, TheFieldIsThatOfIsaL) {
  for (unsigned a = 0; a < 256; ++a) {
    const auto left = static_cast<std::uint8_t>(a);
    for (unsigned b = 0; b < 256; ++b) {
      const auto right = static_cast<std::uint8_t>(b);
      ASSERT_EQ(multiply(left, right), gf_mul(left, right));
    }
    if (a != 0) {
      ASSERT_EQ(multiply(left, inverse(left)), 1);
    }
  }
}

TEST(RepairEncoder, MakesWhatTheCauchyMatrixOfIsaLMakes) {
  constexpr unsigned k = 50, m = 25;
  constexpr std::size_t bytes = 1234;
  const Block block(k, m, bytes, 1);
  std::vector<unsigned char> matrix((k + m) * k), tables(32 * k * m);
  gf_gen_cauchy1_matrix(matrix.data(), k + m, k);
  ec_init_tables(k, m, matrix.data() + k * k, tables.data());
  std::vector<Bytes> wanted(m, Bytes(bytes));
  std::vector<unsigned char*> in, out;
  for (const Bytes& symbol : block.sources) in.push_back(const_cast<unsigned char*>(symbol.data()));
  for (Bytes& symbol : wanted) out.push_back(symbol.data());
  ec_encode_data(bytes, k, m, tables.data(), in.data(), out.data());
  EXPECT_EQ(block.repairs, wanted);
}

TEST(RepairEncoder, ASingleRowIsThatRow) {
  const Block block(10, 6, 700, 2);
  const auto encoder = RepairEncoder::make(10, 6);
  ASSERT_TRUE(encoder.has_value());
  for (unsigned row = 0; row < 6; ++row) {
    Bytes made(700);
    const std::vector<MutableByteView> out{made};
    ASSERT_TRUE(encoder->encode(row, block.source_views(), out).has_value());
    EXPECT_EQ(made, block.repairs[row]);
  }
}

TEST(RepairEncoder, RefusesShapesAndLengthsThatDoNotFit) {
  for (const auto& [k, m] :
       {std::pair{0u, 1u}, {1u, 0u}, {255u, 1u}, {200u, 56u}, {1u, 255u}, {4000000000u, 4000000000u}})
    EXPECT_EQ(RepairEncoder::make(k, m).error().code, Errc::usage) << k << "+" << m;
  EXPECT_TRUE(RepairEncoder::make(254, 1).has_value());
  EXPECT_TRUE(RepairEncoder::make(1, 254).has_value());
  const auto encoder = RepairEncoder::make(2, 2);
  const Bytes a(10, 1), b(9, 1);
  Bytes r(10, 7), s(10, 7), t(10, 7);
  const std::vector<ByteView> uneven{a, b}, even{a, a}, one{a};
  const std::vector<MutableByteView> out{r, s}, many{r, s, t};
  EXPECT_EQ(encoder->encode(0, uneven, out).error().code, Errc::usage);
  EXPECT_EQ(encoder->encode(0, one, out).error().code, Errc::usage);
  EXPECT_EQ(encoder->encode(0, even, many).error().code, Errc::usage);
  EXPECT_EQ(encoder->encode(1, even, out).error().code, Errc::usage);
  EXPECT_EQ(r, Bytes(10, 7)) << "nothing is written on an error";
}

class EveryPattern : public ::testing::TestWithParam<std::pair<unsigned, unsigned>> {};

TEST_P(EveryPattern, UpToMLossesIsDecoded) {
  const auto [k, m] = GetParam();
  const Block block(k, m, 96, k * 31 + m);
  SourceDecoder decoder;
  unsigned patterns = 0;
  for (std::uint32_t mask = 0; mask < (1u << (k + m)); ++mask) {
    if (static_cast<unsigned>(std::popcount(mask)) > m) continue;
    std::vector<bool> lost(k + m);
    for (unsigned i = 0; i < k + m; ++i) lost[i] = ((mask >> i) & 1u) != 0;
    ASSERT_TRUE(block.survives(lost, decoder)) << "mask " << mask;
    ++patterns;
  }
  EXPECT_GT(patterns, k + m);
}
INSTANTIATE_TEST_SUITE_P(SmallShapes, EveryPattern,
                         ::testing::Values(std::pair{1u, 1u}, std::pair{1u, 4u}, std::pair{2u, 2u},
                                           std::pair{4u, 2u}, std::pair{3u, 6u}, std::pair{6u, 4u},
                                           std::pair{10u, 3u}, std::pair{8u, 5u}));

class RandomPatterns : public ::testing::TestWithParam<std::pair<unsigned, unsigned>> {};

TEST_P(RandomPatterns, OfExactlyMLossesAreDecoded) {
  const auto [k, m] = GetParam();
  const Block block(k, m, 64, k + m);
  SourceDecoder decoder;
  std::mt19937 random(4711);
  std::vector<unsigned> order(k + m);
  std::iota(order.begin(), order.end(), 0u);
  for (int round = 0; round < 10000; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<bool> lost(k + m);
    for (unsigned i = 0; i < m; ++i) lost[order[i]] = true;
    ASSERT_TRUE(block.survives(lost, decoder)) << "round " << round;
  }
}
INSTANTIATE_TEST_SUITE_P(WideShapes, RandomPatterns,
                         ::testing::Values(std::pair{50u, 10u}, std::pair{50u, 25u}, std::pair{200u, 55u}));

TEST(SourceDecoder, EveryLengthAroundTheKernelsSteps) {
  for (const std::size_t bytes :
       {1u, 2u, 15u, 16u, 31u, 32u, 63u, 64u, 65u, 127u, 1200u, 4095u, 4096u, 4097u, 70001u}) {
    for (const unsigned k : {3u, 40u}) {
      const Block block(k, 3, bytes, static_cast<std::uint32_t>(bytes));
      SourceDecoder decoder;
      std::vector<bool> lost(k + 3);
      lost[0] = lost[2] = lost[k] = true;
      EXPECT_TRUE(block.survives(lost, decoder)) << bytes;
    }
  }
}

TEST(SourceDecoder, RefusesWhatCannotBeRight) {
  const Block block(4, 3, 50, 9);
  SourceDecoder decoder;
  std::vector<ByteView> there = block.source_views();
  there[1] = there[3] = {};
  Bytes a(50, 7), b(50, 7), small(49);
  const std::vector<MutableByteView> out{a, b}, one{a}, uneven{a, small};
  const auto code_of = [&](std::vector<RepairSymbol> spare, const std::vector<MutableByteView>& places) {
    const auto done = decoder.recover(there, spare, places);
    return done ? std::optional<Errc>() : done.error().code;
  };
  const RepairSymbol r4{4, block.repairs[0]}, r5{5, block.repairs[1]};
  EXPECT_EQ(code_of({r4}, out), Errc::incomplete);
  EXPECT_EQ(code_of({r4, r4}, out), Errc::usage) << "the same twice";
  EXPECT_EQ(code_of({r4, {3, block.repairs[1]}}, out), Errc::usage) << "a source's number";
  EXPECT_EQ(code_of({r4, {255, block.repairs[1]}}, out), Errc::usage);
  EXPECT_EQ(code_of({r4, {5, ByteView(block.repairs[1]).first(49)}}, out), Errc::usage);
  EXPECT_EQ(code_of({r4, r5}, one), Errc::usage);
  EXPECT_EQ(code_of({r4, r5}, uneven), Errc::usage);
  EXPECT_EQ(a, Bytes(50, 7));
  EXPECT_EQ(code_of({r4, r5}, out), std::nullopt);
  EXPECT_EQ(a, block.sources[1]);
  EXPECT_EQ(b, block.sources[3]);
}

}  // namespace
}  // namespace dcdn::fec
