#include "wire/repeat_window.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace dcdn::wire {
namespace {

Digest digest_of(std::uint64_t number) {
  Digest digest;
  std::memcpy(digest.bytes.data(), &number, sizeof number);
  return digest;
}

TEST(RepeatWindow, FindsWhatWasInsertedAndNothingElse) {
  RepeatWindow<int> window;
  EXPECT_EQ(window.find(digest_of(1)), nullptr);
  window.insert(digest_of(1), 10);
  window.insert(digest_of(2), 20);
  ASSERT_NE(window.find(digest_of(1)), nullptr);
  EXPECT_EQ(*window.find(digest_of(1)), 10);
  EXPECT_EQ(*window.find(digest_of(2)), 20);
  EXPECT_EQ(window.find(digest_of(3)), nullptr);
}

TEST(RepeatWindow, TellsDigestsWithEqualStartApart) {
  RepeatWindow<int> window;
  Digest other = digest_of(1);
  other.bytes[31] = 1;  // the table's hash looks at the first bytes only
  window.insert(digest_of(1), 10);
  EXPECT_EQ(window.find(other), nullptr);
  window.insert(other, 11);
  EXPECT_EQ(*window.find(digest_of(1)), 10);
  EXPECT_EQ(*window.find(other), 11);
}

TEST(RepeatWindow, KeepsThePlaceOfTheFirst) {
  RepeatWindow<int> window;
  window.insert(digest_of(1), 10);
  window.insert(digest_of(1), 99);
  EXPECT_EQ(*window.find(digest_of(1)), 10);
}

TEST(RepeatWindow, ForgetsTheOldestBeyondTheWindow) {
  RepeatWindow<std::uint64_t> window;
  for (std::uint64_t i = 0; i < kRepeatWindow; ++i) window.insert(digest_of(i), i);
  ASSERT_NE(window.find(digest_of(0)), nullptr);
  window.insert(digest_of(kRepeatWindow), 0);
  EXPECT_EQ(window.find(digest_of(0)), nullptr);
  ASSERT_NE(window.find(digest_of(1)), nullptr);
  EXPECT_EQ(*window.find(digest_of(kRepeatWindow - 1)), kRepeatWindow - 1);
}

TEST(RepeatWindow, ARepeatTakesNoRoom) {
  RepeatWindow<int> window;
  window.insert(digest_of(0), 0);
  for (std::size_t i = 0; i < 2 * kRepeatWindow; ++i) window.insert(digest_of(1), 1);
  EXPECT_NE(window.find(digest_of(0)), nullptr);
}

TEST(RepeatWindow, AForgottenDigestMayComeAgain) {
  RepeatWindow<std::uint64_t> window;
  for (std::uint64_t i = 0; i <= kRepeatWindow; ++i) window.insert(digest_of(i), i);
  window.insert(digest_of(0), 77);
  ASSERT_NE(window.find(digest_of(0)), nullptr);
  EXPECT_EQ(*window.find(digest_of(0)), 77u);
  EXPECT_EQ(window.find(digest_of(1)), nullptr);
}

TEST(RepeatWindow, HoldsThingsThatCannotBeCopied) {
  RepeatWindow<std::unique_ptr<int>> window;
  window.insert(digest_of(1), std::make_unique<int>(5));
  EXPECT_EQ(**window.find(digest_of(1)), 5);
}

}  // namespace
}  // namespace dcdn::wire
