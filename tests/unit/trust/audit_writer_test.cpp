#include "trust/audit_writer.hpp"

#include <future>
#include <nlohmann/json.hpp>
#include <sstream>

#include "unit/trust/home_fixture.hpp"

namespace dcdn::trust {
namespace {

using namespace std::chrono_literals;

class AuditWriterTest : public HomeTest {
 protected:
  /// Each line, checked.
  [[nodiscard]] std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> all;
    std::string previous(kNoAuditLine);
    std::istringstream in(slurp(home_.audit_path()));
    for (std::string line; std::getline(in, line);) {
      const auto hash = check_audit_line(line, all.size() + 1, previous);
      EXPECT_TRUE(hash) << line;
      previous = *hash;
      all.push_back(nlohmann::json::parse(line));
    }
    return all;
  }
};

TEST_F(AuditWriterTest, WhatIsAcceptedAlwaysGetsItsLine) {
  {
    AuditWriter writer(home_, {});
    for (int i = 0; i < 500; ++i) writer.add({kAuditAccept, {{"what", std::to_string(i)}}});
  }
  const auto all = lines();
  ASSERT_EQ(all.size(), 500u);
  EXPECT_EQ(all[499]["what"], "499");
}

TEST_F(AuditWriterTest, RefusalsBeyondABurstAreOneLine) {
  {
    AuditWriter writer(home_, {});
    for (int i = 0; i < 20'000; ++i)
      writer.add({kAuditReject, {{"what", "x"}, {"why", "no. " + std::to_string(i)}}});
    writer.add({kAuditKey, {{"what", "a key"}}});
  }
  const auto all = lines();
  ASSERT_EQ(all.size(), RefusalRate::kBurst + 2);
  EXPECT_EQ(all.back()["what"], std::to_string(20'000 - RefusalRate::kBurst) + " more");
  EXPECT_EQ(all.back()["why"], "the last: no. 19999");
}

TEST_F(AuditWriterTest, WhoAddsALineWaitsForNoDisk) {
  std::promise<void> disk;
  AuditWriter writer(home_, {});
  writer.post([&] { disk.get_future().wait(); });
  for (int i = 0; i < 10; ++i) writer.add({kAuditAccept, {{"what", "x"}}});
  EXPECT_FALSE(fs::exists(home_.audit_path()));
  disk.set_value();
  writer.drain();
  EXPECT_EQ(lines().size(), 10u);
}

TEST_F(AuditWriterTest, ALogThatCannotBeWrittenIsToldOf) {
  fs::create_directories(home_.state_dir);
  spew(home_.audit_path(), "something else\n");
  std::vector<std::string> warnings;
  {
    AuditWriter writer(home_, [&](const std::string& text) { warnings.push_back(text); });
    writer.add({kAuditAccept, {{"what", "x"}}});
  }
  ASSERT_EQ(warnings.size(), 1u);
}

TEST(RefusalRate, HasRoomAgainAfterAWhile) {
  RefusalRate rate;
  Micros now = 1000s;
  for (std::size_t i = 0; i < RefusalRate::kBurst; ++i) EXPECT_TRUE(rate.take(now));
  EXPECT_FALSE(rate.take(now));
  EXPECT_FALSE(rate.take(now));
  EXPECT_EQ(rate.counted(now), 0u);
  now += RefusalRate::kOneEvery;
  EXPECT_EQ(rate.counted(now), 2u) << "the count is the one line";
  EXPECT_FALSE(rate.take(now));
  now += 10 * RefusalRate::kOneEvery;
  EXPECT_EQ(rate.counted(now), 1u);
  EXPECT_TRUE(rate.take(now));
  EXPECT_EQ(rate.counted(now, true), 0u);
}

}  // namespace
}  // namespace dcdn::trust
