#include "sign/key_history.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace dcdn::sign {
namespace {

SecretKey key_number(std::uint8_t number) {
  return *SecretKey::from_seed(Bytes(32, number));
}
const SecretKey kA = key_number(1);
const SecretKey kB = key_number(2);
const SecretKey kC = key_number(3);
const SecretKey kThief = key_number(9);

KeyStatement rotation(const SecretKey& from, const SecretKey& to, std::uint64_t epoch,
                      std::uint64_t time = 5) {
  return *make_rotation(from, to, epoch, time);
}
KeyStatement revocation(const SecretKey& key, std::uint64_t time = 5) {
  return *make_revocation(key, time);
}
KeyHistory history_of(const std::vector<KeyStatement>& statements) {
  KeyHistory history;
  for (const KeyStatement& statement : statements) EXPECT_TRUE(history.learn(statement));
  return history;
}

TEST(KeyStatement, IsReadAsItWasWrittenAndOneBitMakesItWrong) {
  for (const KeyStatement& statement : {rotation(kA, kB, 1), revocation(kA)}) {
    const bool rotates = std::holds_alternative<KeyRotation>(statement);
    Bytes body = encode(statement);
    EXPECT_EQ(body.size(), rotates ? 208u : 104u);
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
      body[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      const auto read = rotates ? parse_rotation(body).has_value() : parse_revocation(body).has_value();
      if (read) {
        const KeyStatement bad =
            rotates ? KeyStatement(*parse_rotation(body)) : KeyStatement(*parse_revocation(body));
        EXPECT_EQ(verify(bad).error().code, Errc::bad_signature) << bit;
      }
      body[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    }
    EXPECT_EQ(*parse_statement(statement_text(statement)), statement);
    body.pop_back();
    EXPECT_FALSE(rotates ? parse_rotation(body).has_value() : parse_revocation(body).has_value());
  }
}

TEST(KeyStatement, NeedsBothKeys) {
  auto forged = *make_rotation(kThief, kB, 1, 5);
  forged.old_key = kA.id();
  EXPECT_EQ(verify(KeyStatement(forged)).error().code, Errc::bad_signature);
  // One who knows both public keys and one secret cannot put another's key into a chain either.
  auto stolen = *make_rotation(kA, kThief, 1, 5);
  stolen.new_key = kB.id();
  EXPECT_EQ(verify(KeyStatement(stolen)).error().code, Errc::bad_signature);
}

TEST(KeyHistory, ChainsAreFollowed) {
  const KeyHistory history = history_of({rotation(kA, kB, 1), rotation(kB, kC, 2)});
  const auto standing = history.standing_of(kA.id());
  EXPECT_EQ(standing.state, KeyHistory::State::good);
  EXPECT_EQ(standing.current, kC.id());
  EXPECT_EQ(standing.epoch, 2u);
  EXPECT_EQ(standing.past, (std::vector<NodeId>{kA.id(), kB.id()}));
  EXPECT_EQ(history.epoch_of(kB.id()), 1u);
  EXPECT_EQ(history.about(kB.id()).size(), 2u);
  EXPECT_EQ(history.about(kThief.id()).size(), 0u);
}

TEST(KeyHistory, ARevokedKeyEndsItsChainAndDoesNotBringBackTheOneBefore) {
  const auto one = history_of({rotation(kA, kB, 1), revocation(kB)}).standing_of(kA.id());
  EXPECT_EQ(one.state, KeyHistory::State::revoked);
  EXPECT_EQ(one.cause, kB.id());
  // The thief of A named a key of his own; A's revocation takes that with it.
  const auto two = history_of({rotation(kA, kThief, 1), revocation(kA)});
  EXPECT_EQ(two.standing_of(kA.id()).state, KeyHistory::State::revoked);
}

TEST(KeyHistory, TwoSuccessorsEndAChain) {
  const auto standing = history_of({rotation(kA, kB, 1), rotation(kA, kThief, 7)}).standing_of(kA.id());
  EXPECT_EQ(standing.state, KeyHistory::State::forked);
  EXPECT_EQ(standing.cause, kA.id());
}

TEST(KeyHistory, AnEpochThatDoesNotRiseAndACircleAreIgnored) {
  EXPECT_EQ(history_of({rotation(kA, kB, 5), rotation(kB, kC, 5)}).standing_of(kA.id()).current, kB.id());
  EXPECT_EQ(history_of({rotation(kA, kB, 5), rotation(kB, kC, 4)}).standing_of(kA.id()).current, kB.id());
  EXPECT_EQ(history_of({rotation(kA, kB, 1), rotation(kB, kA, 2)}).standing_of(kA.id()).current, kB.id());
}

TEST(KeyHistory, NeitherOrderNorClockMakesADifference) {
  const std::uint64_t times[] = {0, 5, 1'700'000'000, 4'000'000'000, ~0ull};
  std::mt19937 random(1);
  for (int round = 0; round < 40; ++round) {
    const auto when = [&] { return times[random() % std::size(times)]; };
    std::vector<KeyStatement> statements{rotation(kA, kB, 1, when()), rotation(kB, kC, 2, when())};
    if (round % 2 == 0) statements.push_back(revocation(kC, when()));
    std::shuffle(statements.begin(), statements.end(), random);
    const auto standing = history_of(statements).standing_of(kA.id());
    EXPECT_EQ(standing.current, kC.id());
    EXPECT_EQ(standing.state, round % 2 == 0 ? KeyHistory::State::revoked : KeyHistory::State::good);
  }
}

TEST(KeyHistory, KnownStatementsAreNoNewsAndForgedOnesAreNotTaken) {
  KeyHistory history = history_of({rotation(kA, kB, 1, 5)});
  EXPECT_FALSE(*history.learn(rotation(kA, kB, 1, 5)));
  EXPECT_FALSE(*history.learn(rotation(kA, kB, 1, 99))) << "the same said at another time";
  auto forged = *make_rotation(kB, kC, 2, 5);
  forged.by_old[3] ^= 1;
  EXPECT_EQ(history.learn(KeyStatement(forged)).error().code, Errc::bad_signature);
  EXPECT_EQ(history.statements().size(), 1u);
}

TEST(KeyHistory, TextAndBack) {
  const KeyHistory history = history_of({rotation(kA, kB, 1), revocation(kC)});
  const auto again = KeyHistory::parse(history.to_text());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->statements(), history.statements());
  const auto bad = KeyHistory::parse("# fine\nrotation AAAA\n");
  EXPECT_EQ(bad.error().code, Errc::config);
  EXPECT_TRUE(bad.error().message.starts_with("line 2")) << bad.error().message;
}

}  // namespace
}  // namespace dcdn::sign
