#include "sign/reputation.hpp"

#include <gtest/gtest.h>

namespace dcdn::sign {
namespace {

using Time = Reputation::Time;
constexpr Time kHour = std::chrono::hours(1);

NodeId peer_number(std::uint32_t number) {
  NodeId id;
  std::memcpy(id.bytes.data(), &number, sizeof number);
  return id;
}
const NodeId kPeer = peer_number(1);

Reputation with(int good, int bad) {
  Reputation reputation;
  for (int i = 0; i < good; ++i) reputation.note(kPeer, Experience::good_chunk, Time(0));
  for (int i = 0; i < bad; ++i) reputation.note(kPeer, Experience::bad_chunk, Time(0));
  return reputation;
}

TEST(Reputation, TheNumbersOfTheHeader) {
  EXPECT_DOUBLE_EQ(Reputation().score(kPeer, Time(0)), 0.5);
  EXPECT_NEAR(with(1000, 0).score(kPeer, Time(0)), 0.97, 0.005);
  EXPECT_NEAR(with(1000, 1).score(kPeer, Time(0)), 0.51, 0.01);
  EXPECT_LT(with(1000, 3).score(kPeer, Time(0)), 0.27);
  EXPECT_LT(with(0, 1).score(kPeer, Time(0)), 0.05);
  EXPECT_FALSE(with(0, 1).acceptable(kPeer, Time(0)));
}

TEST(Reputation, CreditIsCapped) {
  EXPECT_DOUBLE_EQ(with(1'000'000, 4).score(kPeer, Time(0)), with(128, 4).score(kPeer, Time(0)));
}

TEST(Reputation, DecaysToAStranger) {
  const Reputation bad = with(0, 1);
  double last = 0;
  for (int hours = 0; hours <= 20; ++hours) {
    const double now = bad.score(kPeer, hours * kHour);
    EXPECT_GT(now, last);
    last = now;
  }
  EXPECT_NEAR(last, 0.5, 0.001);
  EXPECT_NEAR(with(1000, 0).score(kPeer, 20 * kHour), 0.5, 0.001);
  // One half-life halves the weight: 30 becomes 15.
  EXPECT_NEAR(bad.score(kPeer, kHour), 1.0 / 17, 1e-9);
}

TEST(Reputation, AForgeryIsNotOutweighed) {
  Reputation reputation = with(1000, 0);
  reputation.note(kPeer, Experience::forged, Time(0));
  for (int i = 0; i < 1000; ++i) reputation.note(kPeer, Experience::good_chunk, Time(1));
  EXPECT_EQ(reputation.score(kPeer, Time(1)), 0);
  EXPECT_EQ(reputation.score(kPeer, 9 * kHour), 0) << "2^9 < 1000";
  EXPECT_GT(reputation.score(kPeer, 10 * kHour), 0.4);
}

TEST(Reputation, AClockThatGoesBackChangesNothing) {
  Reputation reputation;
  reputation.note(kPeer, Experience::bad_chunk, 5 * kHour);
  const double then = reputation.score(kPeer, 5 * kHour);
  EXPECT_EQ(reputation.score(kPeer, Time(0)), then);
  reputation.note(kPeer, Experience::late, Time(0));
  EXPECT_LT(reputation.score(kPeer, 5 * kHour), then);
}

TEST(Reputation, ACrowdOfStrangersDoesNotPushOutWhatIsKnownOfTheBad) {
  Reputation reputation({.most_peers = 100});
  reputation.note(kPeer, Experience::bad_chunk, Time(0));
  for (std::uint32_t i = 2; i < 1000; ++i) reputation.note(peer_number(i), Experience::good_chunk, Time(0));
  EXPECT_EQ(reputation.peers(), 100u);
  EXPECT_FALSE(reputation.acceptable(kPeer, Time(0)));
}

}  // namespace
}  // namespace dcdn::sign
