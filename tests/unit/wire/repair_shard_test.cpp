#include "wire/repair_shard.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "digest/hasher.hpp"

namespace dcdn::wire {
namespace {

BlockDescription sample() {
  BlockDescription block;
  block.last_group = true;
  block.encoding.fill(7);
  block.group = 300;
  block.blocks = 4;
  block.block = 3;
  block.repairs = 10;
  block.symbol_bytes = 500;
  block.symbols = {{{FrameType::chunk, 500, {1}}},
                   {{FrameType::segment, 300, {2}}, {FrameType::signature, 176, {3}}}};
  return block;
}

TEST(RepairShard, ADescriptionComesBackAndEveryCutOfItIsRefused) {
  const Bytes bytes = encode(sample());
  const auto back = parse_block_description(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, sample());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(parse_block_description(ByteView(bytes).first(cut))) << cut;
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(parse_block_description(longer));
}

TEST(RepairShard, LimitsOfADescription) {
  const auto refused = [](auto change) {
    BlockDescription block = sample();
    change(block);
    return !parse_block_description(encode(block));
  };
  EXPECT_TRUE(refused([](auto& b) { b.symbols.clear(); }));
  EXPECT_TRUE(refused([](auto& b) { b.symbols[1].clear(); }));
  EXPECT_TRUE(refused([](auto& b) { b.repairs = 0; }));
  EXPECT_TRUE(refused([](auto& b) { b.repairs = 254; }));
  EXPECT_FALSE(refused([](auto& b) { b.repairs = 253; }));
  EXPECT_TRUE(refused([](auto& b) { b.block = 4; }));
  EXPECT_TRUE(refused([](auto& b) { b.blocks = 257; }));
  EXPECT_TRUE(refused([](auto& b) { b.symbol_bytes = 499; }));
  EXPECT_TRUE(refused([](auto& b) { b.symbol_bytes = 501; }));
  EXPECT_TRUE(refused([](auto& b) { b.symbol_bytes = 0; }));
  EXPECT_TRUE(refused([](auto& b) { b.symbols[0][0].type = FrameType::repair_shard; }));
  EXPECT_TRUE(refused([](auto& b) { b.symbols[0].resize(kMaxBlockFrames); }));
  EXPECT_TRUE(refused([](auto& b) { b.symbols[0].push_back({FrameType::segment, 0, {1}}); }));
  EXPECT_TRUE(refused([](auto& b) { b.symbols[0].push_back({FrameType::chunk, 0, {}}); }));
  const FrameName empty = *frame_name(FrameType::want, {});
  EXPECT_FALSE(refused([&](auto& b) { b.symbols[0].push_back({FrameType::want, 0, empty}); }));
}

TEST(RepairShard, ADescriptionOfAnotherCode) {
  BlockDescription block = sample();
  block.code = 5;
  block.code_sources = 20;
  const auto back = parse_block_description(encode(block));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, block);
  const auto error_of = [&block](std::uint8_t code, unsigned sources) {
    BlockDescription other = block;
    other.code = code;
    other.code_sources = sources;
    const auto parsed = parse_block_description(encode(other));
    return parsed ? Errc::internal : parsed.error().code;
  };
  EXPECT_EQ(error_of(kMostCode + 1, 20), Errc::unsupported);
  EXPECT_EQ(error_of(0, 20), Errc::unsupported);
  EXPECT_EQ(error_of(5, 1), Errc::corrupt);   // fewer than the block has
  EXPECT_EQ(error_of(5, 23), Errc::corrupt);  // 33 symbols
  EXPECT_EQ(error_of(5, 22), Errc::internal);
  // Code 1 said the long way is not canonical.
  Bytes bytes = encode(block);
  bytes[1] = kCauchyCode;
  EXPECT_FALSE(parse_block_description(bytes));
}

TEST(RepairShard, AShardIsItsDescriptionAndParityUnderOneDigest) {
  BufferPool pool(0);
  const Bytes description = encode(sample());
  auto draft = draft_shard(kCauchyCode, 9, description, 500, pool);
  ASSERT_TRUE(draft);
  ASSERT_EQ(draft->parity().size(), 500u);
  std::fill(draft->parity().begin(), draft->parity().end(), std::uint8_t{42});
  seal_shard(*draft);
  const auto shard = parse_repair_shard(draft->body.view());
  ASSERT_TRUE(shard);
  EXPECT_EQ(shard->repair, 9u);
  EXPECT_TRUE(std::equal(description.begin(), description.end(), shard->description.begin(),
                         shard->description.end()));
  EXPECT_EQ(shard->parity.size(), 500u);
  EXPECT_EQ(shard->parity[499], 42);
  for (std::size_t at = 0; at < draft->body.size(); ++at) {
    draft->body.writable()[at] ^= 0x10;
    EXPECT_FALSE(parse_repair_shard(draft->body.view())) << at;
    draft->body.writable()[at] ^= 0x10;
  }
  for (std::size_t cut = 0; cut < draft->body.size(); ++cut) {
    EXPECT_FALSE(parse_repair_shard(draft->body.view().first(cut))) << cut;
    (void)peek_repair_shard(draft->body.view().first(cut));
  }
}

TEST(RepairShard, TooLongForAFrame) {
  BufferPool pool(0);
  const auto draft = draft_shard(kCauchyCode, 0, Bytes(5000), kMaxBody - 1000, pool);
  ASSERT_FALSE(draft);
  EXPECT_EQ(draft.error().code, Errc::limit);
}

TEST(RepairShard, NamesOfFrames) {
  const Bytes content{1, 2, 3};
  const Digest digest = digest::blake3(content);
  Bytes body(digest.bytes.begin(), digest.bytes.end());
  body.insert(body.end(), content.begin(), content.end());
  const auto name = frame_name(FrameType::chunk, body);
  ASSERT_TRUE(name);
  EXPECT_TRUE(std::equal(name->begin(), name->end(), digest.bytes.begin()));
  body.back() ^= 1;
  EXPECT_FALSE(frame_name(FrameType::chunk, body));
  EXPECT_FALSE(frame_name(FrameType::chunk, ByteView(body).first(32)));
  EXPECT_NE(frame_name(FrameType::segment, body), frame_name(FrameType::signature, body));
}

}  // namespace
}  // namespace dcdn::wire
