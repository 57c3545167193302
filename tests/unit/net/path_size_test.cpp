// Sizes of packets on a path that takes so many bytes and no more, until it takes others.
#include "net/path_size.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace dcdn::net {
namespace {

constexpr PathSize::Nanoseconds kMilli = 1'000'000;
constexpr PathSize::Nanoseconds kSecond = 1000 * kMilli;

/// A path whose packets take one round trip of 10 ms, and a connection that sends on it all the time.
struct Path {
  std::size_t takes;
  PathSize& size;
  PathSize::Nanoseconds now = 0;
  unsigned probes = 0;
  unsigned lost = 0;

  /// One round trip: the probe that is wanted goes, and is heard of at its end.
  void round() {
    const auto wanted = size.wanted(now);
    now += 10 * kMilli;
    if (!wanted) return;
    const std::uint64_t number = size.next();
    size.sent(*wanted);
    ++probes;
    if (*wanted <= takes) return size.arrived(number, now);
    ++lost;
    size.lost(number, now);
  }
  void rounds(int count) {
    for (int i = 0; i < count; ++i) round();
  }
};

/// A connection on such a path that has begun, after so many round trips.
struct Begun {
  explicit Begun(std::size_t takes, int rounds) : path{takes, size} {
    size.begin();
    path.rounds(rounds);
  }
  PathSize size{1452};
  Path path;
};

TEST(PathSize, NothingIsProbedBeforeTheHandshakeIsDone) {
  PathSize size(1452);
  EXPECT_EQ(size.payload(), 1200u);
  EXPECT_FALSE(size.wanted(0));
  EXPECT_EQ(size.due(0), PathSize::kNever);
  size.begin();
  EXPECT_EQ(size.payload(), 1200u);
  EXPECT_EQ(size.wanted(0), 1452u);
}

TEST(PathSize, AUsualPathTakesOneProbe) {
  Begun begun(1472, 100);
  auto& [size, path] = begun;
  EXPECT_EQ(size.payload(), 1452u);
  EXPECT_EQ(path.probes, 1u);
  EXPECT_EQ(size.due(path.now), PathSize::kNever);
}

TEST(PathSize, ASmallPathIsFoundInSteps) {
  for (const auto& [takes, found] :
       {std::pair{1200u, 1200u}, {1252u, 1232u}, {1372u, 1352u}, {1451u, 1444u}}) {
    Begun begun(takes, 20);
    auto& [size, path] = begun;
    EXPECT_EQ(size.payload(), found) << takes;
    EXPECT_LE(path.lost, 4u);
  }
}

TEST(PathSize, APathThatAnswersNothingMoreFallsToWhatEveryPathTakesAndIsSearchedAnew) {
  Begun begun(1472, 3);
  auto& [size, path] = begun;
  path.takes = 1252;
  size.look({100, 1'000'000, 1});
  EXPECT_EQ(size.payload(), 1452u) << "one timeout is a lost tail";
  size.look({100, 1'000'000, 2});
  EXPECT_EQ(size.payload(), 1200u);
  EXPECT_FALSE(size.wanted(path.now)) << "as long as nothing is heard";
  size.look({100, 1'000'000, 0});
  path.rounds(20);
  EXPECT_EQ(size.payload(), 1232u);
}

TEST(PathSize, AnOutageCostsNoSizeForLong) {
  Begun begun(1472, 3);
  auto& [size, path] = begun;
  size.look({0, 0, 2});
  EXPECT_EQ(size.payload(), 1200u);
  size.look({0, 0, 0});
  path.rounds(1);
  EXPECT_EQ(size.payload(), 1452u);
}

TEST(PathSize, WhenOnlySmallPacketsArriveTheSizeIsDoubtedAndFalls) {
  Begun begun(1472, 3);
  auto& [size, path] = begun;
  path.takes = 1252;
  std::uint64_t lost = 0;
  std::uint64_t acknowledged = 0;
  int rounds = 0;
  for (; size.payload() == 1452 && rounds < 20; ++rounds) {
    size.look({lost += 4, acknowledged += 30, 0});  // ends of messages come through
    path.round();
  }
  EXPECT_EQ(size.payload(), 1200u);
  EXPECT_LE(rounds, 6);
  path.rounds(20);
  EXPECT_EQ(size.payload(), 1232u);
}

TEST(PathSize, LossAloneLeavesTheSizeAndHardlyProbes) {
  Begun begun(1472, 3);
  auto& [size, path] = begun;
  std::uint64_t lost = 0;
  std::uint64_t acknowledged = 0;
  for (int i = 0; i < 1000; ++i) {
    size.look({lost += 1, acknowledged += 2 * 1440, 0});  // a third
    path.round();
    EXPECT_EQ(size.payload(), 1452u);
  }
  EXPECT_EQ(path.probes, 1u);
}

TEST(PathSize, ADoubtThatIsRefutedIsForgotten) {
  Begun begun(1472, 3);
  auto& [size, path] = begun;
  size.look({8, 0, 0});
  EXPECT_EQ(size.wanted(path.now), 1452u);
  path.rounds(5);
  EXPECT_EQ(size.payload(), 1452u);
  EXPECT_EQ(path.probes, 2u);
  EXPECT_EQ(path.lost, 0u);
}

TEST(PathSize, ALargerSizeIsTriedAgainLater) {
  Begun begun(1252, 20);
  auto& [size, path] = begun;
  EXPECT_EQ(size.payload(), 1232u);
  path.takes = 1472;
  const auto due = size.due(path.now);
  EXPECT_GT(due, path.now + 60 * kSecond);
  EXPECT_LT(due, path.now + 601 * kSecond);
  path.now = due;
  path.rounds(1);
  EXPECT_EQ(size.payload(), 1452u);
  EXPECT_EQ(size.due(path.now), PathSize::kNever);
}

TEST(PathSize, ARouterThatIsBelievedNamesTheSize) {
  Begun begun(1472, 3);
  auto& [size, path] = begun;
  path.takes = 1372;
  size.too_long(0, 1472, path.now);
  EXPECT_EQ(size.payload(), 1452u) << "that fits";
  size.too_long(0, 1372, path.now);
  EXPECT_EQ(size.payload(), 1200u);
  path.rounds(1);
  EXPECT_EQ(size.payload(), 1372u);
  EXPECT_EQ(path.lost, 0u);
  size.too_long(0, 500, path.now);
  EXPECT_EQ(size.payload(), 1200u) << "never below what every path takes";
}

TEST(PathSize, AProbeThatTheKernelRefusesHasFailed) {
  PathSize size(1452);
  Path path{1252, size};
  size.begin();
  size.sent(*size.wanted(0));
  size.too_long(1452, 0, path.now);
  EXPECT_EQ(size.payload(), 1200u);
  EXPECT_EQ(size.wanted(0), 1232u);
  path.rounds(10);
  EXPECT_EQ(size.payload(), 1232u);
}

TEST(PathSize, ASizeThatSomebodyKnowsIsUsedAtOnceAndGivenUpAllTheSame) {
  PathSize size(9000, true);
  Path path{9000, size};
  EXPECT_EQ(size.payload(), 1200u) << "the handshake goes everywhere";
  size.begin();
  EXPECT_EQ(size.payload(), 9000u);
  EXPECT_FALSE(size.wanted(0));
  path.takes = 1472;
  size.look({0, 0, 2});
  size.look({0, 0, 0});
  path.rounds(20);
  EXPECT_EQ(size.payload(), 1444u);
}

TEST(PathSize, WhoTakesNoProbesGetsTheSmallestPackets) {
  PathSize size(1452);
  size.begin();
  size.cannot_probe();
  EXPECT_FALSE(size.wanted(0));
  EXPECT_EQ(size.due(0), PathSize::kNever);
  EXPECT_EQ(size.payload(), 1200u);
}

}  // namespace
}  // namespace dcdn::net
