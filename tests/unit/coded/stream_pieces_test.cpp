#include "coded/stream_pieces.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/byte_writer.hpp"

namespace dcdn::coded {
namespace {

Bytes numbered(std::size_t size, unsigned seed) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251 + seed);
  return bytes;
}

struct Streams {
  std::map<StreamNumber, Bytes> bytes;
  std::set<StreamNumber> ended;
  ReceiveWindow window{12u << 20};
  StreamJoiner joiner{window};
  Result<void> take(const Bytes& block) {
    return joiner.take(Buffer::copy_of(block), [this](StreamNumber stream, ByteView view, bool fin) {
      EXPECT_FALSE(ended.contains(stream));
      bytes[stream].insert(bytes[stream].end(), view.begin(), view.end());
      if (fin) ended.insert(stream);
    });
  }
};

Bytes piece(StreamNumber stream, std::uint64_t offset, std::size_t size, bool fin) {
  Bytes block;
  ByteWriter writer(block);
  writer.varint((stream + 1) * 2 + (fin ? 1 : 0));
  writer.varint(offset);
  writer.varint(size);
  block.resize(block.size() + size);
  return block;
}

TEST(stream_pieces, streams_survive_blocks_in_any_order) {
  std::mt19937 random(3);
  PieceQueue queue;
  std::map<StreamNumber, Bytes> sent;
  for (StreamNumber stream = 0; stream < 40; ++stream) {
    for (unsigned part = 0; part < 1 + stream % 3; ++part) {
      const Bytes bytes = numbered(random() % 30000, static_cast<unsigned>(stream + part));
      sent[stream].insert(sent[stream].end(), bytes.begin(), bytes.end());
      queue.push(stream, Buffer::copy_of(bytes), part == stream % 3);
    }
  }
  std::vector<Bytes> blocks;
  while (!queue.empty()) {
    blocks.push_back(queue.cut(7000).bytes);
    ASSERT_LE(blocks.back().size(), 7000u);
    blocks.back().resize(7000);  // padding
  }
  EXPECT_EQ(queue.bytes(), 0u);
  std::shuffle(blocks.begin(), blocks.end(), random);
  Streams streams;
  for (const Bytes& block : blocks) ASSERT_TRUE(streams.take(block));
  EXPECT_EQ(streams.bytes, sent);
  EXPECT_EQ(streams.ended.size(), sent.size());
  std::size_t all = 0;
  for (const auto& [stream, bytes] : sent) all += bytes.size();
  EXPECT_EQ(streams.window.held(), all) << "nobody has consumed it";
}

TEST(stream_pieces, full_blocks_waste_next_to_nothing) {
  PieceQueue queue;
  for (StreamNumber stream = 0; stream < 100; ++stream) queue.push(stream, Buffer::allocate(100000), true);
  std::size_t blocks = 0;
  for (; queue.bytes() > 90000; ++blocks) (void)queue.cut(90000);
  EXPECT_EQ(blocks, 111u);  // 10 MB in blocks of 90 kB
}

TEST(stream_pieces, what_is_dropped_is_not_sent) {
  PieceQueue queue;
  queue.push(0, Buffer::allocate(1000), false);
  queue.push(1, Buffer::allocate(2000), true);
  queue.drop(0);
  EXPECT_EQ(queue.bytes(), 2000u);
  Streams streams;
  ASSERT_TRUE(streams.take(queue.cut(5000).bytes));
  EXPECT_FALSE(streams.bytes.contains(0));
  EXPECT_EQ(streams.bytes[1].size(), 2000u);
}

TEST(stream_pieces, a_block_that_breaks_the_rules_is_refused) {
  const auto refused = [](std::initializer_list<Bytes> blocks) {
    Streams streams;
    std::size_t taken = 0;
    for (const Bytes& block : blocks) taken += streams.take(block) ? 1 : 0;
    return taken + 1 == blocks.size();
  };
  Bytes cut_off = piece(0, 0, 10, false);
  cut_off.pop_back();
  EXPECT_TRUE(refused({cut_off}));
  EXPECT_TRUE(refused({piece(0, 0, 10, false), piece(0, 5, 10, false)})) << "overlap";
  EXPECT_TRUE(refused({piece(0, 20, 10, false), piece(0, 20, 10, false)})) << "twice";
  EXPECT_TRUE(refused({piece(0, 5, 10, false), piece(0, 0, 7, false)})) << "overlaps what waits";
  EXPECT_TRUE(refused({piece(0, 0, 10, true), piece(0, 10, 1, false)})) << "after the end";
  EXPECT_TRUE(refused({piece(1 << 20, 0, 10, true)})) << "too many streams";
  EXPECT_TRUE(refused({piece(0, UINT64_MAX - 3, 10, false)})) << "offset";
  EXPECT_TRUE(refused({Bytes{1, 0, 0}})) << "no stream";
  EXPECT_TRUE(refused({piece(0, 0, 0, false)})) << "nothing";
  EXPECT_FALSE(refused({piece(0, 0, 0, true)})) << "an empty stream";
}

// What the peer can make us keep, by whatever it puts into its blocks, is charged for what it is.
TEST(stream_pieces, what_waits_costs_what_it_takes) {
  const auto held_after = [](const std::function<Bytes(std::uint64_t)>& block) {
    ReceiveWindow window(1u << 20);
    StreamJoiner joiner(window);
    Result<void> taken;
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; taken && bytes < (64u << 20); ++i) {
      const Bytes made = block(i);
      bytes += made.size();
      taken = joiner.take(Buffer::copy_of(made), [](StreamNumber, ByteView, bool) { ADD_FAILURE(); });
    }
    if (!taken) {
      EXPECT_EQ(taken.error().code, Errc::limit);
    }
    return window.held();
  };
  const std::size_t most = (1u << 20) + ReceiveWindow::kGrace;
  EXPECT_LE(held_after([](std::uint64_t i) { return piece(0, 10 + 2 * i, 1, false); }), most)
      << "bytes with gaps";
  EXPECT_LE(held_after([](std::uint64_t i) {
              Bytes made = piece(0, 10 + 2 * i, 1, false);
              made.resize(100'000);  // a block that is nearly empty
              return made;
            }),
            most);
  EXPECT_LE(held_after([](std::uint64_t i) { return piece(i % 60'000, 1 + 2 * i, 1, false); }), most)
      << "streams";
}

TEST(stream_pieces, small_pieces_that_follow_each_other_cost_no_more_than_one) {
  Streams streams;
  Bytes block;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const Bytes small = piece(0, 5 + 3 * i, 3, false);
    block.insert(block.end(), small.begin(), small.end());
  }
  ASSERT_TRUE(streams.take(block));
  EXPECT_LT(streams.window.held(), 3000u + 2000u);
  ASSERT_TRUE(streams.take(piece(0, 0, 5, false)));
  EXPECT_EQ(streams.bytes[0].size(), 3005u);
}

}  // namespace
}  // namespace dcdn::coded
