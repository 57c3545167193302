#include "fec/pluggable_codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <random>

namespace dcdn::fec {
namespace {

Bytes random_bytes(std::size_t size, std::mt19937& random) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// A coded block, and what it takes to lose symbols of it and get them back.
struct Pluggable {
  PluggableCodec codec;
  std::vector<Bytes> sources, repairs, made;

  Pluggable(PluggableCodec c, std::size_t bytes) : codec(std::move(c)) {
    std::mt19937 random(static_cast<std::uint32_t>(bytes + codec.shape().sources));
    for (unsigned j = 0; j < codec.shape().sources; ++j) sources.push_back(random_bytes(bytes, random));
    repairs.assign(codec.shape().repairs, Bytes(codec.repair_bytes(bytes), 0xEE));
    const auto done = codec.encode(views(), places(repairs));
    EXPECT_TRUE(done.has_value()) << done.error().message;
  }
  [[nodiscard]] std::vector<ByteView> views() const { return {sources.begin(), sources.end()}; }
  static std::vector<MutableByteView> places(std::vector<Bytes>& of) { return {of.begin(), of.end()}; }

  Result<void> lose(const std::vector<bool>& lost) {
    std::vector<ByteView> there = views();
    std::vector<RepairSymbol> spare;
    made.clear();
    for (unsigned esi = 0; esi < lost.size(); ++esi) {
      const auto k = static_cast<unsigned>(sources.size());
      if (lost[esi] && esi < k) {
        there[esi] = {};
        made.emplace_back(sources[esi].size(), 0xEE);
      }
      if (!lost[esi] && esi >= k) spare.push_back({esi, repairs[esi - k]});
    }
    return codec.recover(there, spare, places(made));
  }
  ::testing::AssertionResult survives(const std::vector<bool>& lost) {
    if (auto done = lose(lost); !done) return ::testing::AssertionFailure() << done.error().message;
    for (unsigned j = 0, next = 0; j < sources.size(); ++j)
      if (lost[j] && made[next++] != sources[j])
        return ::testing::AssertionFailure() << "symbol " << j << " is wrong";
    return ::testing::AssertionSuccess();
  }
};

bool is_here(std::string_view name) {
  const auto found = available_backends();
  return std::find(found.begin(), found.end(), name) != found.end();
}

TEST(PluggableCodec, TheBackendsOfTheTestMachineAreHere) {
  // scripts/install-deps brings what they are in; the tests below would otherwise prove less than they say.
  for (const auto name : kPluggableBackends) EXPECT_EQ(is_here(name), name != "libphazr") << name;
}

TEST(PluggableCodec, IsaLCauchyIsOurCode) {
  for (const BlockShape shape : {BlockShape{1, 1}, {4, 2}, {10, 3}, {8, 4}, {20, 12}, {31, 1}, {1, 31}})
    for (const std::size_t bytes : {1u, 2u, 3u, 15u, 16u, 17u, 63u, 1200u, 4097u, 65536u}) {
      auto codec = PluggableCodec::make("isa_l_rs_cauchy", shape);
      ASSERT_TRUE(codec.has_value()) << codec.error().message;
      EXPECT_EQ(codec->repair_bytes(bytes), bytes);
      Pluggable block(*std::move(codec), bytes);
      std::vector<Bytes> ours(shape.repairs, Bytes(bytes));
      const auto encoder = RepairEncoder::make(shape.sources, shape.repairs);
      ASSERT_TRUE(encoder->encode(0, block.views(), Pluggable::places(ours)).has_value());
      EXPECT_EQ(block.repairs, ours) << shape.sources << "+" << shape.repairs << ", " << bytes;
    }
}

TEST(PluggableCodec, OurDecoderReadsIsaLCauchy) {
  auto codec = PluggableCodec::make("isa_l_rs_cauchy", {10, 3});
  ASSERT_TRUE(codec.has_value());
  Pluggable block(*std::move(codec), 777);
  std::vector<ByteView> there = block.views();
  there[0] = there[4] = there[9] = {};
  std::vector<Bytes> made(3, Bytes(777));
  const std::vector<RepairSymbol> spare{
      {10, block.repairs[0]}, {11, block.repairs[1]}, {12, block.repairs[2]}};
  ASSERT_TRUE(SourceDecoder().recover(there, spare, Pluggable::places(made)).has_value());
  EXPECT_EQ(made, (std::vector<Bytes>{block.sources[0], block.sources[4], block.sources[9]}));
}

struct Case {
  std::string_view backend;
  BlockShape shape;
  std::size_t granularity;
};

class EveryBackend : public ::testing::TestWithParam<Case> {};

TEST_P(EveryBackend, RandomLossesOfWhatItGuarantees) {
  const auto& [backend, shape, granularity] = GetParam();
  auto codec = PluggableCodec::make(backend, shape);
  ASSERT_TRUE(codec.has_value()) << codec.error().message;
  EXPECT_EQ(codec->granularity(), granularity);
  EXPECT_EQ(codec->guaranteed_losses(), shape.repairs);
  Pluggable block(*std::move(codec), 48);
  std::vector<unsigned> order(shape.sources + shape.repairs);
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937 random(4711);
  // Words of 8 KiB: the same code with 170 times the bytes.
  const int rounds = granularity > 100 ? 200 : 10000;
  for (int round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<bool> lost(order.size());
    for (unsigned i = 0; i < shape.repairs; ++i) lost[order[i]] = true;
    ASSERT_TRUE(block.survives(lost)) << "round " << round;
  }
}

TEST_P(EveryBackend, AnyLength) {
  const auto& [backend, shape, granularity] = GetParam();
  for (const std::size_t bytes : {1u, 2u, 3u, 5u, 31u, 32u, 1001u, 8192u, 8193u}) {
    auto codec = PluggableCodec::make(backend, shape);
    ASSERT_TRUE(codec.has_value());
    EXPECT_EQ(codec->repair_bytes(bytes) % granularity, 0u);
    Pluggable block(*std::move(codec), bytes);
    std::vector<bool> lost(shape.sources + shape.repairs);
    lost[0] = lost[shape.sources - 1] = lost[shape.sources] = true;
    EXPECT_TRUE(block.survives(lost)) << bytes;
    EXPECT_TRUE(block.survives(std::vector<bool>(lost.size()))) << "nothing lost";
  }
}

constexpr BlockShape kTenPlus3{10, 3}, kEightPlus4{8, 4}, kTwentyPlus12{20, 12};
INSTANTIATE_TEST_SUITE_P(
    NarrowShapes, EveryBackend,
    ::testing::Values(
        Case{"isa_l_rs_cauchy", kTenPlus3, 1}, Case{"isa_l_rs_cauchy", kEightPlus4, 1},
        Case{"isa_l_rs_cauchy", kTwentyPlus12, 1}, Case{"isa_l_rs_vand", kTenPlus3, 1},
        Case{"isa_l_rs_vand", kEightPlus4, 1}, Case{"jerasure_rs_vand", kTenPlus3, 1},
        Case{"jerasure_rs_vand", kEightPlus4, 1}, Case{"jerasure_rs_vand", kTwentyPlus12, 1},
        Case{"jerasure_rs_cauchy", kTenPlus3, 8192}, Case{"jerasure_rs_cauchy", kEightPlus4, 8192},
        Case{"jerasure_rs_cauchy", kTwentyPlus12, 8192}, Case{"liberasurecode_rs_vand", kTenPlus3, 2},
        Case{"liberasurecode_rs_vand", kEightPlus4, 2}, Case{"liberasurecode_rs_vand", kTwentyPlus12, 2}),
    [](const auto& instance) {
      return std::string(instance.param.backend) + "_" + std::to_string(instance.param.shape.sources) + "_" +
             std::to_string(instance.param.shape.repairs);
    });

// Its codes are thin: not any m losses, but every pattern of two or three.
TEST(PluggableCodec, FlatXorSurvivesWhatItGuaranteesAndRefusesMore) {
  for (const auto& [shape, losses] : {std::pair{BlockShape{10, 5}, 3u},
                                      {BlockShape{10, 6}, 3u},
                                      {BlockShape{20, 6}, 3u},
                                      {BlockShape{15, 6}, 3u}}) {
    auto codec = PluggableCodec::make("flat_xor_hd", shape);
    ASSERT_TRUE(codec.has_value()) << codec.error().message;
    EXPECT_EQ(codec->guaranteed_losses(), losses);
    Pluggable block(*std::move(codec), 30);
    const unsigned n = shape.sources + shape.repairs;
    for (std::uint32_t mask = 0; mask < (1u << n); ++mask) {
      if (static_cast<unsigned>(std::popcount(mask)) > losses) continue;
      std::vector<bool> lost(n);
      for (unsigned i = 0; i < n; ++i) lost[i] = ((mask >> i) & 1u) != 0;
      ASSERT_TRUE(block.survives(lost)) << mask;
    }
    std::vector<bool> many(n);
    for (unsigned i = 0; i <= losses; ++i) many[i] = true;
    const auto refused = block.lose(many);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::incomplete);
    EXPECT_EQ(block.made.front(), Bytes(30, 0xEE)) << "nothing is written";
  }
}

TEST(PluggableCodec, AMissingBackendNamesItsPackage) {
  const auto gone = PluggableCodec::make("libphazr", {10, 3});
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code, Errc::unsupported);
  EXPECT_NE(gone.error().message.find("libphazr"), std::string::npos);
  EXPECT_NE(gone.error().hint.find("no package"), std::string::npos);
}

TEST(PluggableCodec, RefusesShapesAndNames) {
  const auto code_of = [](std::string_view name, BlockShape shape) {
    auto codec = PluggableCodec::make(name, shape);
    return codec ? Errc::other : codec.error().code;
  };
  EXPECT_EQ(code_of("isa_l", kTenPlus3), Errc::usage);
  EXPECT_EQ(code_of("", kTenPlus3), Errc::usage);
  for (const BlockShape shape :
       {BlockShape{0, 1}, {1, 0}, {50, 10}, {32, 1}, {30, 3}, {1, 32}, {4000000000u, 4000000000u}})
    EXPECT_EQ(code_of("isa_l_rs_cauchy", shape), Errc::usage) << shape.sources << "+" << shape.repairs;
  EXPECT_EQ(code_of("isa_l_rs_vand", kTwentyPlus12), Errc::usage) << "some losses of 12 are for good";
  EXPECT_EQ(code_of("flat_xor_hd", kTenPlus3), Errc::usage);
  EXPECT_EQ(code_of("isa_l_rs_cauchy", {29, 3}), Errc::other);
}

TEST(PluggableCodec, RefusesWhatCannotBeRight) {
  auto codec = PluggableCodec::make("liberasurecode_rs_vand", {4, 3});
  ASSERT_TRUE(codec.has_value());
  Pluggable block(*std::move(codec), 51);
  std::vector<ByteView> there = block.views();
  there[1] = there[3] = {};
  Bytes a(51, 7), b(51, 7), small(50);
  const std::vector<MutableByteView> out{a, b}, one{a}, uneven{a, small};
  const auto code_of = [&](const std::vector<RepairSymbol>& spare, const std::vector<MutableByteView>& into) {
    const auto done = block.codec.recover(there, spare, into);
    return done ? Errc::other : done.error().code;
  };
  const RepairSymbol r4{4, block.repairs[0]}, r5{5, block.repairs[1]};
  EXPECT_EQ(code_of({r4}, out), Errc::incomplete);
  EXPECT_EQ(code_of({r4, r4}, out), Errc::usage);
  EXPECT_EQ(code_of({r4, {3, block.repairs[1]}}, out), Errc::usage);
  EXPECT_EQ(code_of({r4, {7, block.repairs[1]}}, out), Errc::usage);
  EXPECT_EQ(code_of({r4, {4000000000u, block.repairs[1]}}, out), Errc::usage);
  EXPECT_EQ(code_of({r4, {5, ByteView(block.repairs[1]).first(51)}}, out), Errc::usage)
      << "52 by its granularity";
  EXPECT_EQ(code_of({r4, r5}, one), Errc::usage);
  EXPECT_EQ(code_of({r4, r5}, uneven), Errc::usage);
  EXPECT_EQ(a, Bytes(51, 7));
  EXPECT_EQ(code_of({r4, r5}, out), Errc::other);
  EXPECT_EQ(a, block.sources[1]);
  EXPECT_EQ(b, block.sources[3]);
  std::vector<Bytes> short_repairs(3, Bytes(51, 7)), few(2, Bytes(52, 7));
  EXPECT_EQ(block.codec.encode(block.views(), Pluggable::places(short_repairs)).error().code, Errc::usage);
  EXPECT_EQ(block.codec.encode(block.views(), Pluggable::places(few)).error().code, Errc::usage);
  EXPECT_EQ(block.codec.encode(there, Pluggable::places(block.repairs)).error().code, Errc::usage);
}

// A symbol that lies gives wrong bytes and never more than that: who decodes checks digests.
TEST(PluggableCodec, ALyingSymbolDoesNoHarm) {
  for (const auto name : available_backends()) {
    auto codec = PluggableCodec::make(name, {10, name == "flat_xor_hd" ? 5u : 3u});
    ASSERT_TRUE(codec.has_value()) << name;
    Pluggable block(*std::move(codec), 100);
    std::mt19937 random(3);
    std::vector<bool> lost(10 + block.repairs.size());
    lost[2] = lost[7] = true;
    const auto honest = block.repairs;
    for (Bytes& repair : block.repairs) repair = random_bytes(repair.size(), random);
    EXPECT_FALSE(block.survives(lost)) << name;
    block.repairs = honest;
    EXPECT_TRUE(block.survives(lost)) << name;
  }
}

}  // namespace
}  // namespace dcdn::fec
