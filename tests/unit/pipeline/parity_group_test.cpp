#include "pipeline/parity_group.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>

#include "pipeline/group_collector.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::pipeline {
namespace {

BufferPool& pool() {
  static BufferPool made(8u << 20);
  return made;
}

NamedFrame frame_of(std::size_t bytes, std::uint32_t seed) {
  std::mt19937 random(seed);
  Buffer body = Buffer::allocate(bytes);
  for (auto& byte : body.writable()) byte = static_cast<std::uint8_t>(random());
  const auto type = static_cast<wire::FrameType>(0x70);
  NamedFrame frame{type, body, {}, false};
  EXPECT_TRUE(fill_name(frame));
  return frame;
}

struct Encoded {
  std::vector<NamedFrame> frames;                        // as they were given
  std::vector<std::vector<SourceBlock>> groups;          // as they were cut
  std::vector<std::vector<std::vector<Buffer>>> shards;  // [group][block][repair]
};

Encoded encode(const std::vector<std::size_t>& lengths, const Geometry& geometry, std::uint32_t seed = 1) {
  Encoded made;
  GroupCutter cutter(geometry);
  GroupPlace place;
  const auto close = [&](bool last) {
    place.last = last;
    std::vector<NamedFrame> frames = cutter.take();
    made.groups.push_back(lay_out(std::move(frames), geometry, place));
    auto& shards = made.shards.emplace_back();
    ShardMint mint;
    for (const SourceBlock& block : made.groups.back()) shards.push_back(*mint.mint(block, pool()));
    ++place.number;
  };
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    made.frames.push_back(frame_of(lengths[i], seed * 1000 + static_cast<std::uint32_t>(i)));
    if (!cutter.fits(lengths[i])) close(false);
    cutter.add(made.frames.back());
  }
  close(true);
  return made;
}

std::vector<Bytes> decode(GroupCollector& collector) {
  std::vector<Bytes> bodies;
  while (auto group = collector.next()) {
    for (CollectedBlock& block : group->blocks) {
      CodeKeeper codes;
      const auto done = recover_block(block, codes, pool());
      EXPECT_TRUE(done) << done.error().message;
    }
    for (const NamedFrame* frame : frames_in_order(*group))
      bodies.emplace_back(frame->body.view().begin(), frame->body.view().end());
  }
  return bodies;
}

std::vector<Bytes> bodies_of(const std::vector<NamedFrame>& frames) {
  std::vector<Bytes> bodies;
  for (const NamedFrame& frame : frames)
    bodies.emplace_back(frame.body.view().begin(), frame.body.view().end());
  return bodies;
}

TEST(ParityGroup, EveryPatternOfLossesUpToMInASmallBlock) {
  const Geometry geometry{5, 3, 1};
  const Encoded encoded = encode({4096, 4096, 100, 3000, 4096, 900}, geometry);
  ASSERT_EQ(encoded.groups.size(), 1u);
  const SourceBlock& block = encoded.groups[0][0];
  const std::size_t k = block.description.symbols.size();
  ASSERT_EQ(k, 5u);  // 100 and 3000 share one; 900 has its own
  for (unsigned lost = 0; lost < (1u << 8); ++lost) {
    GroupCollector collector({});
    std::size_t frame = 0;
    for (std::size_t s = 0; s < k; ++s)
      for (std::size_t f = 0; f < block.description.symbols[s].size(); ++f, ++frame)
        if ((lost >> s & 1) == 0) collector.add_frame(block.frames[frame]);
    for (unsigned r = 0; r < 3; ++r)
      if ((lost >> (5 + r) & 1) == 0) collector.add_shard(encoded.shards[0][0][r]);
    const auto back = decode(collector);
    const bool can = std::popcount(lost) <= 3 && (lost >> 5) != 7;
    // With all three shards lost the data may be there, but nobody knows what it is part of.
    EXPECT_EQ(back, can ? bodies_of(encoded.frames) : std::vector<Bytes>()) << lost;
  }
}

TEST(ParityGroup, LongRunsOfFramesAnyOrderWithDuplicates) {
  std::mt19937 random(7);
  std::vector<std::size_t> lengths;
  for (int i = 0; i < 700; ++i)
    lengths.push_back(random() % 3 == 0 ? random() % 300 : 4000 + random() % 3000);
  const Geometry geometry{20, 5, 3};
  const Encoded encoded = encode(lengths, geometry);
  ASSERT_GT(encoded.groups.size(), 5u);
  std::vector<std::pair<const NamedFrame*, const Buffer*>> all;
  for (std::size_t g = 0; g < encoded.groups.size(); ++g)
    for (std::size_t b = 0; b < encoded.groups[g].size(); ++b) {
      // Three symbols and two shards of every block are lost.
      const SourceBlock& block = encoded.groups[g][b];
      std::size_t frame = 0;
      for (std::size_t s = 0; s < block.description.symbols.size(); ++s)
        for (std::size_t f = 0; f < block.description.symbols[s].size(); ++f, ++frame)
          if (s % 7 != 3) all.emplace_back(&block.frames[frame], nullptr);
      for (unsigned r = 1; r < 4; ++r) all.emplace_back(nullptr, &encoded.shards[g][b][r]);
    }
  all.insert(all.end(), all.begin(), all.begin() + 100);
  std::shuffle(all.begin(), all.end(), random);
  GroupCollector collector({});
  std::vector<Bytes> back;
  for (const auto& [frame, shard] : all) {
    if (frame != nullptr) collector.add_frame(*frame);
    if (shard != nullptr) collector.add_shard(*shard);
    for (Bytes& body : decode(collector)) back.push_back(std::move(body));
  }
  EXPECT_EQ(back, bodies_of(encoded.frames));
}

TEST(ParityGroup, EqualFramesLostOnceAreFoundOrRecovered) {
  const Geometry geometry{4, 2, 2};
  Encoded encoded = encode({5000, 5000, 5000, 5000}, geometry);
  std::vector<NamedFrame> same(8, encoded.frames[0]);
  GroupPlace place;
  place.last = true;
  const auto blocks = lay_out(same, geometry, place);
  ASSERT_EQ(blocks.size(), 2u);
  ShardMint mint;
  GroupCollector collector({});
  for (int copies = 0; copies < 6; ++copies) collector.add_frame(encoded.frames[0]);
  for (const SourceBlock& block : blocks) {
    const auto shards = mint.mint(block, pool());
    ASSERT_TRUE(shards);
    for (const Buffer& shard : *shards) collector.add_shard(shard);
  }
  EXPECT_EQ(decode(collector), bodies_of(same));
}

TEST(ParityGroup, AChangedShardIsAnErasure) {
  const Encoded encoded = encode({4096, 4096, 4096}, {3, 2, 1});
  for (std::size_t at = 0; at < encoded.shards[0][0][0].size(); at += 97) {
    GroupCollector collector({});
    collector.add_frame(encoded.frames[0]);
    collector.add_frame(encoded.frames[2]);
    Buffer bad = Buffer::copy_of(encoded.shards[0][0][0].view());
    bad.writable()[at] ^= 1;
    collector.add_shard(bad);
    EXPECT_FALSE(collector.next()) << at;
    EXPECT_EQ(collector.counts().bad_shards, 1u) << at;
    collector.add_shard(encoded.shards[0][0][1]);
    EXPECT_EQ(decode(collector), bodies_of(encoded.frames)) << at;
  }
}

TEST(ParityGroup, WhatNobodyClaimsMakesRoom) {
  GroupCollector::Options options;
  options.hold_bytes = 100'000;
  GroupCollector collector(options);
  for (std::uint32_t i = 0; i < 100; ++i) collector.add_frame(frame_of(5000, i));
  EXPECT_FALSE(collector.over_limit());
  EXPECT_GT(collector.counts().forgotten, 75u);
  const Encoded encoded = encode({4096, 4096, 4096}, {3, 2, 1});
  for (const NamedFrame& frame : encoded.frames) collector.add_frame(frame);
  for (const Buffer& shard : encoded.shards[0][0]) collector.add_shard(shard);
  EXPECT_EQ(decode(collector), bodies_of(encoded.frames));
}

TEST(ParityGroup, WhatIsMissingAtTheEndIsTold) {
  const Encoded encoded = encode(std::vector<std::size_t>(40, 5000), {5, 2, 2});
  ASSERT_EQ(encoded.groups.size(), 4u);
  GroupCollector collector({});
  for (const auto& shard : encoded.shards[2]) collector.add_shard(shard[0]);
  const auto rest = collector.take_rest();
  ASSERT_EQ(rest.groups.size(), 1u);
  EXPECT_EQ(rest.groups[0].absent_before, 2u);
  EXPECT_EQ(rest.groups[0].number, 2u);
  EXPECT_FALSE(rest.groups[0].recoverable());
  EXPECT_EQ(rest.groups[0].blocks[0].lost_symbols(), 5u);
  EXPECT_EQ(rest.groups[0].blocks[0].lost_shards(), 1u);
  EXPECT_FALSE(rest.ended);
}

TEST(ParityGroup, NoBlockHasMoreFramesThanADescriptionMayList) {
  std::vector<std::size_t> lengths(5000, 10);
  lengths.push_back(60'000);
  lengths.resize(9000, 3);
  for (const Geometry& geometry : {Geometry{1, 1, 1}, Geometry{254, 1, 256}, Geometry{50, 10, 4}}) {
    const Encoded encoded = encode(lengths, geometry);
    GroupCollector collector({});
    for (const auto& group : encoded.groups)
      for (const SourceBlock& block : group) EXPECT_TRUE(wire::parse_block_description(block.encoded));
    for (const NamedFrame& frame : encoded.frames) collector.add_frame(frame);
    for (const auto& group : encoded.shards)
      for (const auto& block : group)
        for (const Buffer& shard : block) collector.add_shard(shard);
    EXPECT_EQ(decode(collector), bodies_of(encoded.frames));
  }
}

}  // namespace
}  // namespace dcdn::pipeline
