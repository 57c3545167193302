// Peers that keep to the form of the coded carrier and mean ill: whatever they send, no more memory is needed
// than the window and 4 MiB.
#include "coded/coded_receiver.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/byte_writer.hpp"
#include "coded/coded_sender.hpp"
#include "sim/coded_flow.hpp"
#include "support/memory_growth.hpp"

namespace dcdn::coded {
namespace {

constexpr std::size_t kWindow = 12u << 20;
constexpr std::size_t kMost = kWindow + (4u << 20);

void put_piece(Bytes& block, StreamNumber stream, std::uint64_t offset, ByteView bytes, bool fin = false) {
  ByteWriter writer(block);
  writer.varint((stream + 1) * 2 + (fin ? 1 : 0));
  writer.varint(offset);
  writer.varint(bytes.size());
  writer.raw(bytes);
}

/// Sends blocks as fast as they are granted.
class Hostile {
 public:
  /// False: it was found out, or is granted no more.
  bool send(Bytes block) {
    if (next_ >= receiver.feedback(now_).limit) return false;
    block.resize(kMaxBlockBytes);
    for (unsigned esi = 0; esi < kMaxSourceSymbols; ++esi)
      if (!send_symbol(next_, esi, ByteView(block).subspan(esi * kMaxSymbolBytes, kMaxSymbolBytes)))
        return false;
    ++next_;
    return true;
  }
  bool send_symbol(std::uint32_t block, unsigned esi, ByteView symbol, unsigned k = kMaxSourceSymbols) {
    DataPacket packet;
    packet.header.block = block;
    packet.header.esi = static_cast<std::uint8_t>(esi);
    packet.header.source_symbols = static_cast<std::uint8_t>(k);
    packet.symbol = symbol;
    sent += symbol.size();
    const auto taken = receiver.take(number_++, packet, now_ += 0.0001, [](StreamNumber, ByteView, bool) {});
    if (!taken) ended = taken.error().code;
    most_held = std::max(most_held, receiver.held());
    most_memory = std::max(most_memory, growth_.bytes());
    return taken.has_value();
  }
  void expect_bounded() const {
    EXPECT_LE(most_held, kMost);
    EXPECT_LE(most_memory, kMost);
    std::printf("sent %zu, held %zu, memory %zu\n", sent, most_held, most_memory);
  }

  test::MemoryGrowth growth_;
  sim::PointingCoder coder;
  CodedReceiver receiver{coder, kWindow};
  std::size_t sent = 0;
  std::size_t most_held = 0;
  std::size_t most_memory = 0;
  std::optional<Errc> ended;

 private:
  double now_ = 1;
  std::uint64_t number_ = 0;
  std::uint32_t next_ = 0;
};

// Each block is 128 KiB and has one byte that waits for ever.
TEST(coded_receiver, a_byte_that_waits_does_not_keep_its_block) {
  Hostile peer;
  const Bytes one(1);
  for (std::uint64_t i = 0; peer.sent < (200u << 20); ++i) {
    Bytes block;
    put_piece(block, 0, 10 + 2 * i, one);
    if (!peer.send(std::move(block))) break;
  }
  EXPECT_GT(peer.sent, 150u << 20);
  peer.expect_bounded();
}

TEST(coded_receiver, pieces_of_nothing_are_corrupt) {
  Hostile peer;
  Bytes block;
  for (std::uint64_t i = 0; block.size() < kMaxBlockBytes - 10; ++i) put_piece(block, 0, 10 + i, {});
  EXPECT_FALSE(peer.send(std::move(block)));
  EXPECT_EQ(peer.ended, Errc::corrupt);
  peer.expect_bounded();
}

TEST(coded_receiver, pieces_of_a_byte_cost_what_they_take) {
  Hostile peer;
  const Bytes one(1);
  std::uint64_t piece = 0;
  for (bool going = true; going && peer.sent < (200u << 20);) {
    Bytes block;
    for (; block.size() < kMaxBlockBytes - 40; ++piece) put_piece(block, piece % 50'000, 10 + 2 * piece, one);
    going = peer.send(std::move(block));
  }
  EXPECT_EQ(peer.ended, Errc::limit);
  peer.expect_bounded();
}

// Small blocks first, so that many are granted.
TEST(coded_receiver, blocks_that_never_become_whole_are_bounded_by_the_window) {
  Hostile peer;
  const Bytes symbol(kMaxSymbolBytes);
  for (bool more = true; more;) {
    const std::uint32_t limit = peer.receiver.feedback(1000).limit;
    for (unsigned esi = 100; more && esi < 100 + kMaxSourceSymbols - 1; ++esi)
      for (std::uint32_t block = 0; more && block < limit; ++block)
        more = peer.send_symbol(block, esi, symbol);
    more = more && peer.receiver.feedback(1000).limit > limit;
  }
  peer.expect_bounded();
}

TEST(coded_receiver, an_honest_sender_of_small_streams_uses_its_window) {
  Hostile peer;
  Bytes block;
  StreamNumber stream = 0;
  for (int blocks = 0; blocks < 2000; ++blocks) {
    block.clear();
    while (block.size() < kMaxBlockBytes - 300) put_piece(block, stream++, 0, Bytes(200), true);
    ASSERT_TRUE(peer.send(block)) << blocks;
    peer.receiver.consumed(kMaxBlockBytes);
  }
}

TEST(coded_sender, whatever_it_is_granted_it_keeps_its_own_window) {
  const test::MemoryGrowth growth;
  sim::PointingCoder coder;
  CodedSender sender(coder, {}, kWindow);
  Feedback generous;
  generous.limit = kMaxFeedbackBlocks;
  std::size_t most = 0;
  std::size_t memory = 0;
  double now = 1;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    if (sender.queued_bytes() < (1u << 20)) sender.push(i, Buffer::allocate(128u << 10), true, false);
    (void)sender.next(now += 0.001, kMaxSymbolBytes);
    if (sender.packets_sent() > 0) (void)sender.take(generous, i, now);
    most = std::max(most, sender.bytes_held());
    if (i % 100 == 0) memory = std::max(memory, growth.bytes());
  }
  EXPECT_LE(most, kWindow + kMaxBlockBytes);
  EXPECT_LE(memory, kMost);
  std::printf("held %zu, memory %zu\n", most, memory);
}

TEST(coded_sender, feedback_that_grants_more_than_a_receiver_can_tell_of_is_corrupt) {
  Feedback feedback;
  feedback.limit = kMaxFeedbackBlocks;
  Bytes body;
  append(body, feedback);
  EXPECT_TRUE(parse_feedback(body));
  for (const std::uint32_t limit : {static_cast<std::uint32_t>(kMaxFeedbackBlocks) + 1, UINT32_MAX}) {
    feedback.limit = limit;
    body.clear();
    append(body, feedback);
    EXPECT_FALSE(parse_feedback(body));
  }
}

}  // namespace
}  // namespace dcdn::coded
