#include "pace/basis_choice.hpp"

#include <gtest/gtest.h>

namespace dcdn::pace {
namespace {

using std::chrono::milliseconds;

TEST(BasisChoice, SmallObjectsGoWholeWhereWaitingIsDear) {
  const LinkGuess satellite{milliseconds(600)};
  EXPECT_FALSE(worth_asking(0, satellite));
  EXPECT_FALSE(worth_asking(150'000, satellite));
  EXPECT_TRUE(worth_asking(151'000, satellite));
  const LinkGuess cable{milliseconds(1)};
  EXPECT_FALSE(worth_asking(600, cable));
  EXPECT_TRUE(worth_asking(1000, cable));
}

TEST(BasisChoice, AFasterLinkMakesWaitingDearer) {
  LinkGuess link{milliseconds(600)};
  link.bytes_per_s = 12'500'000;
  EXPECT_FALSE(worth_asking(14'000'000, link));
  EXPECT_TRUE(worth_asking(16'000'000, link));
}

TEST(BasisChoice, ARoundTripThatIsNotKnownCostsNothing) {
  EXPECT_TRUE(worth_asking(1000, {}));
  EXPECT_TRUE(worth_asking(1000, {milliseconds(-5)}));
}

TEST(BasisChoice, NothingMissingNeedsNoSignature) {
  EXPECT_FALSE(worth_a_signature({1'000'000, 0, 1'000'000, 9000}));
  EXPECT_FALSE(worth_a_signature({0, 0, 1'000'000, 10}));
}

TEST(BasisChoice, TheSignatureMayCostHalfOfWhatIsExpectedToBeMissing) {
  EXPECT_TRUE(worth_a_signature({100'000, 100'000, 100'000, 49'000}));
  EXPECT_FALSE(worth_a_signature({100'000, 100'000, 100'000, 50'000}));
}

TEST(BasisChoice, WhatWasSeenSpeaksForTheRest) {
  // One chunk in thirty-two of the first 8 MB of 256 MB: 8 MB are expected to be missing.
  const SignatureQuestion first_part{8'000'000, 250'000, 256'000'000, 1'200'000};
  EXPECT_TRUE(worth_a_signature(first_part));
  SignatureQuestion whole_file = first_part;
  whole_file.file_bytes = 8'000'000;
  EXPECT_FALSE(worth_a_signature(whole_file));
  whole_file.file_bytes = 0;  // a promise that was too small
  EXPECT_FALSE(worth_a_signature(whole_file));
}

}  // namespace
}  // namespace dcdn::pace
