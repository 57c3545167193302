#include "fec/block_code.hpp"

#include <gtest/gtest.h>

#include <random>

namespace dcdn::fec {
namespace {

struct CodedBlock {
  std::vector<Bytes> sources;
  std::vector<Bytes> repairs;
};

CodedBlock block_of(BlockCode& code, std::size_t bytes, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto [k, m] = code.shape();
  CodedBlock block{std::vector<Bytes>(k, Bytes(bytes)),
                   std::vector<Bytes>(m, Bytes(code.repair_bytes(bytes)))};
  for (Bytes& source : block.sources)
    for (auto& byte : source) byte = static_cast<std::uint8_t>(random());
  std::vector<ByteView> in(block.sources.begin(), block.sources.end());
  std::vector<MutableByteView> out(block.repairs.begin(), block.repairs.end());
  EXPECT_TRUE(code.encode(in, out));
  return block;
}

// Whether the sources come back when the symbols of the pattern are lost.
bool survives(BlockCode& code, const CodedBlock& block, std::uint64_t lost) {
  const auto [k, m] = code.shape();
  std::vector<ByteView> sources;
  std::vector<Bytes> recovered;
  std::vector<RepairSymbol> repairs;
  for (unsigned j = 0; j < k; ++j) {
    const bool gone = (lost >> j & 1) != 0;
    sources.emplace_back(gone ? ByteView() : ByteView(block.sources[j]));
    if (gone) recovered.emplace_back(block.sources[j].size());
  }
  for (unsigned r = 0; r < m; ++r)
    if ((lost >> (k + r) & 1) == 0) repairs.push_back({k + r, block.repairs[r]});
  std::vector<MutableByteView> into(recovered.begin(), recovered.end());
  if (!code.recover(sources, repairs, into)) return false;
  std::size_t next = 0;
  for (unsigned j = 0; j < k; ++j)
    if ((lost >> j & 1) != 0 && recovered[next++] != block.sources[j]) return false;
  return true;
}

BlockShape shape_for(std::string_view backend) {
  return backend == "flat_xor_hd" ? BlockShape{10, 5} : BlockShape{20, 4};
}

TEST(BlockCode, NamesGoThereAndBack) {
  for (CodeNumber number = 1; number <= kPluggableBackends.size(); ++number) {
    const auto choice = parse_code(code_name(number));
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->number, number);
  }
  EXPECT_FALSE(parse_code("isa-l")->pluggable);
  EXPECT_EQ(*parse_code("liberasurecode:isa_l_rs_cauchy"), (CodeChoice{kCauchy, true}));
  for (const char* wrong : {"", "isal", "liberasurecode", "liberasurecode:", "liberasurecode:rs"})
    EXPECT_EQ(parse_code(wrong).error().code, Errc::usage) << wrong;
  EXPECT_EQ(BlockCode::make({9, true}, {4, 2}).error().code, Errc::unsupported);
  EXPECT_EQ(BlockCode::make({0, false}, {4, 2}).error().code, Errc::unsupported);
}

TEST(BlockCode, ABackendThatIsNotThereNamesItsPackageOrAnother) {
  const auto missing = BlockCode::make(*parse_code("liberasurecode:libphazr"), {4, 2});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::unsupported);
  EXPECT_NE(missing.error().hint.find("isa_l_rs_cauchy"), std::string::npos);
}

TEST(BlockCode, LiberasurecodesCauchyIsOurs) {
  auto ours = BlockCode::make({kCauchy, false}, {20, 6});
  auto theirs = BlockCode::make({kCauchy, true}, {20, 6});
  ASSERT_TRUE(ours && theirs);
  EXPECT_EQ(block_of(*ours, 1000, 1).repairs, block_of(*theirs, 1000, 1).repairs);
}

TEST(BlockCode, RandomPatternsWithEveryBackendThatIsHere) {
  std::size_t tried = 0;
  for (const std::string_view backend : available_backends()) {
    auto code = BlockCode::make(*parse_code("liberasurecode:" + std::string(backend)), shape_for(backend));
    ASSERT_TRUE(code) << backend;
    ++tried;
    const CodedBlock block = block_of(*code, 40, 7);
    std::mt19937 random(11);
    const unsigned all = code->shape().sources + code->shape().repairs;
    for (int i = 0; i < 500; ++i) {
      std::uint64_t lost = 0;
      for (unsigned n = 0; n < code->guaranteed_losses(); ++n) lost |= std::uint64_t{1} << random() % all;
      ASSERT_TRUE(survives(*code, block, lost)) << backend << ' ' << lost;
    }
  }
  EXPECT_GE(tried, 4u);
}

TEST(BlockCode, TwoCodesOfDifferentBackendsAndShapesLiveSideBySide) {
  std::vector<BlockCode> codes;
  for (const std::string_view backend : available_backends())
    for (const unsigned m : {2u, 3u})
      if (auto code = BlockCode::make(*parse_code("liberasurecode:" + std::string(backend)), {8, m}))
        codes.push_back(std::move(*code));
  ASSERT_GE(codes.size(), 6u);
  std::vector<CodedBlock> blocks;
  for (BlockCode& code : codes) blocks.push_back(block_of(code, 100, 3));
  while (!codes.empty()) {
    for (std::size_t i = 0; i < codes.size(); ++i) EXPECT_TRUE(survives(codes[i], blocks[i], 0b101)) << i;
    codes.erase(codes.begin());
    blocks.erase(blocks.begin());
  }
}

}  // namespace
}  // namespace dcdn::fec
