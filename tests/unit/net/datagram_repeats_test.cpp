#include "net/datagram_repeats.hpp"

#include <gtest/gtest.h>

namespace dcdn::net {
namespace {

constexpr DatagramRepeats::Nanoseconds kMs = 1'000'000;

DatagramBatch batch_of(ByteView bytes) {
  DatagramBatch batch;
  batch.bytes = bytes;
  batch.segment = bytes.size();
  return batch;
}

TEST(datagram_repeats, copies_come_at_doubling_distances_and_end) {
  const Bytes hello{1, 2, 3};
  DatagramRepeats repeats;
  EXPECT_EQ(repeats.due(), DatagramRepeats::kNever);
  repeats.add(batch_of(hello), 3, 20 * kMs, 100 * kMs);
  EXPECT_EQ(repeats.due(), 120 * kMs);
  EXPECT_FALSE(repeats.next(119 * kMs));
  const auto first = repeats.next(120 * kMs);
  ASSERT_TRUE(first);
  EXPECT_EQ(Bytes(first->bytes.begin(), first->bytes.end()), hello);
  EXPECT_EQ(first->segment, 3U);
  EXPECT_FALSE(repeats.next(120 * kMs));
  EXPECT_EQ(repeats.due(), 160 * kMs);
  EXPECT_TRUE(repeats.next(160 * kMs));
  EXPECT_EQ(repeats.due(), 240 * kMs);
  EXPECT_TRUE(repeats.next(250 * kMs));
  EXPECT_EQ(repeats.due(), DatagramRepeats::kNever);
}

TEST(datagram_repeats, what_is_answered_is_not_sent_again) {
  DatagramRepeats repeats;
  repeats.add(batch_of(Bytes(100)), 3, kMs, 0);
  repeats.forget();
  EXPECT_FALSE(repeats.next(1000 * kMs));
}

TEST(datagram_repeats, what_may_not_be_sent_yet_waits_and_shorter_ones_pass) {
  DatagramRepeats repeats;
  repeats.add(batch_of(Bytes(1200)), 1, kMs, 0);
  repeats.add(batch_of(Bytes(100)), 1, kMs, 0);
  const auto shorter = repeats.next(kMs, 500);
  ASSERT_TRUE(shorter);
  EXPECT_EQ(shorter->bytes.size(), 100U);
  EXPECT_FALSE(repeats.next(kMs, 500));
  EXPECT_TRUE(repeats.next(kMs, 1200));
}

TEST(datagram_repeats, a_flood_of_messages_does_not_pile_up) {
  DatagramRepeats repeats;
  for (int i = 0; i < 100; ++i) repeats.add(batch_of(Bytes(10)), 1, kMs, 0);
  int copies = 0;
  while (repeats.next(kMs)) ++copies;
  EXPECT_LE(copies, 32);
}

}  // namespace
}  // namespace dcdn::net
