#include "net/outbox.hpp"

#include <gtest/gtest.h>

namespace dcdn::net {
namespace {

constexpr Outbox::Nanoseconds kMs = 1'000'000;

/// A socket with room for so many batches.
struct NarrowSocket {
  std::size_t room = 1000;
  std::vector<Bytes> taken;
  Outbox::Send send() {
    return [this](DatagramBatch& batch) {
      if (taken.size() == room) return Sent::blocked;
      taken.emplace_back(batch.bytes.begin(), batch.bytes.end());
      return Sent::all;
    };
  }
};

DatagramBatch batch_of(ByteView bytes, std::size_t segment) {
  DatagramBatch batch;
  batch.bytes = bytes;
  batch.segment = segment;
  return batch;
}

ConnectionStats counts_of(const Outbox& outbox) {
  ConnectionStats stats;
  outbox.count(stats);
  return stats;
}

TEST(Outbox, KeepsWhatTheSocketDoesNotTakeInItsOrder) {
  NarrowSocket socket;
  socket.room = 1;
  Outbox outbox(socket.send(), true);
  for (std::uint8_t i = 0; i < 4; ++i) {
    const Bytes passing(3, i);  // gone after put(): what waits is a copy
    outbox.put(batch_of(passing, 3));
  }
  EXPECT_TRUE(outbox.is_full());
  EXPECT_EQ(socket.taken.size(), 1u);
  socket.room = 3;
  EXPECT_FALSE(outbox.resume());
  EXPECT_TRUE(outbox.is_full());
  socket.room = 10;
  EXPECT_TRUE(outbox.resume());
  EXPECT_FALSE(outbox.is_full());
  EXPECT_EQ(socket.taken, (std::vector<Bytes>{Bytes(3, 0), Bytes(3, 1), Bytes(3, 2), Bytes(3, 3)}));
}

TEST(Outbox, CopiesFollowUntilThereIsAnAnswer) {
  NarrowSocket socket;
  Outbox outbox(socket.send(), true);
  const Bytes hello(10);
  EXPECT_EQ(outbox.due(0), DatagramRepeats::kNever);
  outbox.put(batch_of(hello, 10), {2, 5, 20 * kMs}, 100 * kMs);
  EXPECT_EQ(socket.taken.size(), 2u);
  EXPECT_EQ(outbox.due(100 * kMs), 120 * kMs);
  outbox.turn(119 * kMs);
  EXPECT_EQ(socket.taken.size(), 2u);
  outbox.turn(120 * kMs);
  EXPECT_EQ(socket.taken.size(), 3u);
  outbox.answered();
  EXPECT_EQ(outbox.due(120 * kMs), DatagramRepeats::kNever);
  outbox.turn(1000 * kMs);
  EXPECT_EQ(socket.taken.size(), 3u);
}

TEST(Outbox, AFullSocketGetsNoCopies) {
  NarrowSocket socket;
  Outbox outbox(socket.send(), true);
  const Bytes hello(10);
  outbox.put(batch_of(hello, 10), {1, 1, kMs}, 0);
  socket.room = 1;
  outbox.put(batch_of(hello, 10));
  ASSERT_TRUE(outbox.is_full());
  outbox.turn(kMs);
  socket.room = 10;
  EXPECT_TRUE(outbox.resume());
  EXPECT_EQ(socket.taken.size(), 2u) << "the copy was queued behind what waits";
  outbox.turn(kMs);
  EXPECT_EQ(socket.taken.size(), 3u);
}

TEST(Outbox, AnUnprovenAddressGetsNoCopiesBeyondThreeTimesWhatItSent) {
  NarrowSocket socket;
  Outbox outbox(socket.send(), false);
  const Bytes answer(1000);
  outbox.heard(600);
  outbox.put(batch_of(answer, 1000), {3, 1, kMs}, 0);  // 1000 of 1800: a second would be too much
  EXPECT_EQ(socket.taken.size(), 1u);
  outbox.turn(kMs);
  EXPECT_EQ(socket.taken.size(), 1u);
  EXPECT_EQ(outbox.due(kMs), DatagramRepeats::kNever) << "it waits for what comes in";
  outbox.heard(100);  // 2100 now
  outbox.turn(kMs);
  EXPECT_EQ(socket.taken.size(), 2u);
  outbox.address_proved({});
  outbox.put(batch_of(answer, 1000), {3, 0, kMs}, kMs);
  EXPECT_EQ(socket.taken.size(), 5u);
}

TEST(Outbox, CopiesAndOriginalsTogetherStayBelowThreeTimesWhatAnUnprovenAddressSent) {
  NarrowSocket socket;
  Outbox outbox(socket.send(), false);
  const Bytes answer(1000);
  outbox.heard(1200);
  outbox.put(batch_of(answer, 1000), {2, 5, kMs}, 0);  // 2000 of 3600
  outbox.turn(kMs);                                    // 3000
  outbox.put(batch_of(answer, 1000), {2, 5, kMs}, 2 * kMs);
  outbox.put(batch_of(answer, 1000));  // as a CONNECTION_CLOSE would be
  EXPECT_EQ(socket.taken.size(), 3u);
  outbox.heard(400);  // 4800: the one that could not leave, or a copy
  outbox.turn(10 * kMs);
  EXPECT_EQ(socket.taken.size(), 4u);
  EXPECT_EQ(counts_of(outbox).bytes_sent, 4000u);
}

TEST(Outbox, WhereAPeerIsNotKnownToBeItGetsNoCopies) {
  NarrowSocket socket;
  Outbox outbox(socket.send(), false);
  const SocketAddress here = SocketAddress::any(AF_INET, 1);
  const SocketAddress elsewhere = SocketAddress::any(AF_INET, 2);
  outbox.address_proved(here);
  const Bytes bytes(100);
  DatagramBatch batch = batch_of(bytes, 100);
  batch.remote = elsewhere;
  outbox.put(batch, {3, 3, kMs}, 0);
  EXPECT_EQ(socket.taken.size(), 1u);
  EXPECT_EQ(outbox.due(0), DatagramRepeats::kNever);
  batch.remote = here;
  outbox.put(batch, {3, 3, kMs}, 0);
  EXPECT_EQ(socket.taken.size(), 4u);
}

TEST(Outbox, OnlyRefusalsInARowCount) {
  NarrowSocket socket;
  Outbox outbox(socket.send(), true);
  EXPECT_FALSE(outbox.refused());
  EXPECT_FALSE(outbox.refused());
  outbox.heard(1);
  EXPECT_FALSE(outbox.refused());
  EXPECT_FALSE(outbox.refused());
  EXPECT_TRUE(outbox.refused());
}

TEST(Outbox, CountsPacketsAndCopies) {
  NarrowSocket socket;
  Outbox outbox(socket.send(), true);
  const Bytes bytes(2500);
  outbox.put(batch_of(bytes, 1000));
  outbox.put(batch_of(bytes, 1000), {2, 0, 0}, 0);
  outbox.heard(77);
  const ConnectionStats stats = counts_of(outbox);
  EXPECT_EQ(stats.packets_sent, 9u);
  EXPECT_EQ(stats.bytes_sent, 7500u);
  EXPECT_EQ(stats.bytes_repeated, 2500u);
  EXPECT_EQ(stats.bytes_received, 77u);
}

}  // namespace
}  // namespace dcdn::net
