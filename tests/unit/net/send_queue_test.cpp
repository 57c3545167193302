#include "net/send_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace dcdn::net {
namespace {

// RFC 9000 section 2.1: 0, 4, ... bidirectional by the client; 2, 6, ... unidirectional by the client.
constexpr SendQueue::StreamId kBidirectional = 4;
constexpr SendQueue::StreamId kFirst = 2;
constexpr SendQueue::StreamId kSecond = 6;

Buffer text(std::string_view words) {
  return Buffer::copy_of(as_bytes(words));
}

std::string unsent(const SendQueue& queue, SendQueue::StreamId id, bool& finishes) {
  std::array<ByteView, 8> views;
  const std::size_t count = queue.views(id, views, finishes);
  std::string joined;
  for (std::size_t i = 0; i < count; ++i) joined += as_text(views[i]);
  return joined;
}

TEST(SendQueue, NothingToSendAtFirst) {
  const SendQueue queue;
  EXPECT_EQ(queue.next(), -1);
  EXPECT_EQ(queue.unsent_bytes(), 0u);
}

TEST(SendQueue, BidirectionalFirstThenTheOldest) {
  SendQueue queue;
  queue.push(kSecond, text("c"), true);
  queue.push(kFirst, text("b"), true);
  queue.push(kBidirectional, text("a"), false);
  EXPECT_EQ(queue.next(), kBidirectional);
  queue.sent(kBidirectional, 1, false);
  EXPECT_EQ(queue.next(), kFirst);
  queue.sent(kFirst, 1, true);
  EXPECT_EQ(queue.next(), kSecond);
  queue.sent(kSecond, 1, true);
  EXPECT_EQ(queue.next(), -1);
}

TEST(SendQueue, ViewsBeginWhereThePacketsEnded) {
  SendQueue queue;
  queue.push(kFirst, text("hello "), false);
  queue.push(kFirst, text("world"), true);
  bool finishes = false;
  EXPECT_EQ(unsent(queue, kFirst, finishes), "hello world");
  EXPECT_TRUE(finishes);
  queue.sent(kFirst, 8, false);
  EXPECT_EQ(unsent(queue, kFirst, finishes), "rld");
  EXPECT_EQ(queue.unsent_bytes(), 3u);
  queue.sent(kFirst, 3, false);
  EXPECT_EQ(queue.next(), kFirst) << "fin is still to be sent";
  EXPECT_EQ(unsent(queue, kFirst, finishes), "");
  EXPECT_TRUE(finishes);
  queue.sent(kFirst, 0, true);
  EXPECT_EQ(queue.next(), -1);
}

TEST(SendQueue, FinIsNotClaimedWhenNotEveryPieceFits) {
  SendQueue queue;
  for (int i = 0; i < 3; ++i) queue.push(kFirst, text("x"), i == 2);
  std::array<ByteView, 2> views;
  bool finishes = true;
  EXPECT_EQ(queue.views(kFirst, views, finishes), 2u);
  EXPECT_FALSE(finishes);
}

TEST(SendQueue, NothingFollowsFin) {
  SendQueue queue;
  queue.push(kFirst, text("end"), true);
  queue.push(kFirst, text("more"), false);
  bool finishes = false;
  EXPECT_EQ(unsent(queue, kFirst, finishes), "end");
  EXPECT_EQ(queue.unsent_bytes(), 3u);
}

TEST(SendQueue, EmptyBufferWithFinEndsAStream) {
  SendQueue queue;
  queue.push(kFirst, Buffer(), true);
  EXPECT_EQ(queue.next(), kFirst);
  queue.sent(kFirst, 0, true);
  EXPECT_EQ(queue.next(), -1);
}

TEST(SendQueue, ABlockedStreamIsPassedOver) {
  SendQueue queue;
  queue.push(kFirst, text("a"), true);
  queue.push(kSecond, text("b"), true);
  queue.block(kFirst);
  EXPECT_EQ(queue.next(), kSecond);
  queue.push(kFirst, text(""), false);
  EXPECT_EQ(queue.next(), kSecond);
  queue.unblock(kFirst);
  EXPECT_EQ(queue.next(), kFirst);
  queue.unblock(999);
  queue.block(999);
  EXPECT_EQ(queue.next(), kFirst);
}

TEST(SendQueue, BuffersAreLetGoWhenAcknowledgedAndNotBefore) {
  SendQueue queue;
  int freed = 0;
  for (int i = 0; i < 3; ++i) {
    const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[10](), [&](std::uint8_t* bytes) {
      ++freed;
      delete[] bytes;
    });
    queue.push(kFirst, Buffer(owner, 0, 10), false);
  }
  queue.sent(kFirst, 25, false);
  EXPECT_EQ(freed, 0);
  queue.acknowledged(kFirst, 9);
  EXPECT_EQ(freed, 0);
  queue.acknowledged(kFirst, 10);
  EXPECT_EQ(freed, 1);
  queue.acknowledged(kFirst, 30);  // more than was sent: the unsent rest stays
  EXPECT_EQ(freed, 2);
  bool finishes = false;
  EXPECT_EQ(unsent(queue, kFirst, finishes).size(), 5u);
  queue.drop(kFirst);
  EXPECT_EQ(freed, 3);
}

TEST(SendQueue, DropForgetsUnsentBytes) {
  SendQueue queue;
  queue.push(kFirst, text("abc"), false);
  queue.push(kSecond, text("de"), false);
  queue.drop(kFirst);
  EXPECT_EQ(queue.unsent_bytes(), 2u);
  EXPECT_EQ(queue.next(), kSecond);
  queue.sent(kFirst, 3, false);
  queue.acknowledged(kFirst, 3);
  EXPECT_EQ(queue.ids(), std::vector<SendQueue::StreamId>{kSecond});
  queue.clear();
  EXPECT_EQ(queue.unsent_bytes(), 0u);
  EXPECT_EQ(queue.next(), -1);
}

// QUIC reads what a packet carried again if the packet is lost, until it says that the stream is closed.
TEST(SendQueue, WhatIsAbandonedStaysAsFarAsPacketsCarryIt) {
  BufferPool pool(1u << 20);
  SendQueue queue;
  Buffer carried = pool.take(65536);
  Buffer waiting = pool.take(65536);
  const std::uint8_t* const place = carried.view().data();
  queue.push(kFirst, std::move(carried), false);
  queue.push(kFirst, std::move(waiting), true);
  queue.sent(kFirst, 1000, false);
  queue.abandon(kFirst);
  EXPECT_EQ(queue.next(), -1);
  EXPECT_EQ(queue.unsent_bytes(), 0u);
  queue.push(kFirst, text("more"), false);
  queue.unblock(kFirst);
  EXPECT_EQ(queue.next(), -1);
  const Buffer first = pool.take(65536);
  const Buffer second = pool.take(65536);
  EXPECT_NE(first.view().data(), place);
  EXPECT_NE(second.view().data(), place) << "a packet still carries it";
  queue.drop(kFirst);
  EXPECT_EQ(pool.take(65536).view().data(), place);
}

}  // namespace
}  // namespace dcdn::net
