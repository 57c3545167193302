#include "pace/standstill.hpp"

#include <gtest/gtest.h>

namespace dcdn::pace {
namespace {

using namespace std::chrono_literals;
using Reason = Standstill::Reason;

TEST(Standstill, WhatIsUnderWayAndDoesNotArriveIsThePathsFault) {
  Standstill still(30s, 600s, 0s);
  still.look({1000, true, true}, 1s);
  EXPECT_EQ(still.lasted(1s), 0s);
  still.look({1000, true, true}, 30s);
  EXPECT_EQ(still.reason(30s), Reason::none);
  EXPECT_EQ(still.lasted(30s), 29s);
  EXPECT_EQ(still.reason(31s), Reason::path);
  still.look({1001, true, true}, 31s);
  EXPECT_EQ(still.reason(31s), Reason::none) << "a byte is a byte";
}

TEST(Standstill, NothingToSendIsNoStandstill) {
  Standstill still(30s, 600s, 0s);
  for (auto now = 0s; now < 3600s; now += 1s) {
    still.look({1000, false, false}, now);
    ASSERT_EQ(still.reason(now), Reason::none);
    ASSERT_EQ(still.lasted(now), 0s);
  }
}

TEST(Standstill, APeerThatTakesNothingMayTakeItsTime) {
  Standstill still(30s, 600s, 0s);
  for (auto now = 0s; now < 600s; now += 1s) {
    const bool keep_alive = now.count() % 5 == 0;  // is under way for a moment
    still.look({1000, keep_alive, true}, now);
    ASSERT_EQ(still.reason(now), Reason::none) << now.count();
  }
  still.look({1000, false, true}, 600s);
  EXPECT_EQ(still.reason(600s), Reason::peer);
  EXPECT_EQ(still.lasted(600s), 600s);
}

TEST(Standstill, WhatIsCountedDownMovesNothing) {
  Standstill still(30s, 600s, 0s);
  still.look({1000, true, true}, 0s);
  still.look({900, true, true}, 20s);
  still.look({1000, true, true}, 40s);
  EXPECT_EQ(still.reason(40s), Reason::path);
}

TEST(Standstill, LooksNowAndThen) {
  Standstill still(30s, 600s, 0s);
  EXPECT_TRUE(still.is_due(0s));
  still.look({}, 0s);
  EXPECT_FALSE(still.is_due(50ms));
  EXPECT_TRUE(still.is_due(1s));
}

}  // namespace
}  // namespace dcdn::pace
