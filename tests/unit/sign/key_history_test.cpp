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

TEST(KeyHistory, AChainHasRoomForManyRotationsAndNoMore) {
  KeyHistory history;
  std::vector<SecretKey> keys;
  for (std::size_t i = 0; i < KeyHistory::kMostInChain + 2; ++i) {
    Bytes seed(32, 77);
    seed[0] = static_cast<std::uint8_t>(i);
    seed[1] = static_cast<std::uint8_t>(i >> 8);
    keys.push_back(*SecretKey::from_seed(seed));
  }
  for (std::size_t i = 0; i < KeyHistory::kMostInChain; ++i)
    ASSERT_TRUE(*history.learn(rotation(keys[i], keys[i + 1], i + 1))) << i;
  const std::size_t last = KeyHistory::kMostInChain;
  EXPECT_EQ(history.learn(rotation(keys[last], keys[last + 1], last + 1)).error().code, Errc::limit);
  EXPECT_EQ(history.learn(rotation(kThief, keys[0], 1)).error().code, Errc::limit) << "nor ahead of it";
  EXPECT_EQ(history.standing_of(keys[0].id()).current, keys[last].id());
  // Its end is always taken, and so are other chains.
  EXPECT_TRUE(*history.learn(revocation(keys[last])));
  EXPECT_EQ(history.standing_of(keys[0].id()).state, KeyHistory::State::revoked);
  EXPECT_TRUE(*history.learn(rotation(kA, kB, 1)));
}

TEST(KeyHistory, AKeyThatNamesManySuccessorsHasEndedItsChain) {
  KeyHistory history;
  // None of them counts: the epoch does not rise. So many of them are a sign of their own.
  ASSERT_TRUE(*history.learn(rotation(kA, kB, 5)));
  for (std::uint8_t i = 0; i <= KeyHistory::kMostSuccessors; ++i)
    ASSERT_TRUE(*history.learn(rotation(kB, key_number(static_cast<std::uint8_t>(100 + i)), 1)));
  EXPECT_EQ(history.standing_of(kA.id()).state, KeyHistory::State::forked);
  EXPECT_FALSE(*history.learn(rotation(kB, kC, 6))) << "no news any more";
  EXPECT_EQ(history.statements().size(), KeyHistory::kMostSuccessors + 2);
}

TEST(KeyHistory, RoomsBeginWhereTheOneBeforeEnds) {
  using Room = KeyHistory::Room;
  KeyHistory history;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Room::strangers); ++i) {
    Bytes seed(32, 78);
    seed[0] = static_cast<std::uint8_t>(i);
    seed[1] = static_cast<std::uint8_t>(i >> 8);
    ASSERT_TRUE(history.learn(revocation(*SecretKey::from_seed(seed)), Room::strangers)) << i;
  }
  EXPECT_EQ(history.learn(revocation(kA), Room::strangers).error().code, Errc::limit);
  EXPECT_TRUE(*history.learn(revocation(kA), Room::trusted));
}

TEST(KeyHistory, TheRotationsThatLedToAKey) {
  const KeyHistory history = history_of({rotation(kB, kC, 2), rotation(kA, kB, 1)});
  const auto chain = history.chain_to(kC.id(), 32);
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_EQ(chain[0].old_key, kA.id());
  EXPECT_EQ(chain[1].new_key, kC.id());
  EXPECT_EQ(history.chain_to(kC.id(), 1).front().old_key, kB.id());
  EXPECT_TRUE(history.chain_to(kA.id(), 32).empty());
  EXPECT_EQ(history_of({rotation(kA, kB, 1), rotation(kB, kA, 2)}).chain_to(kA.id(), 32).size(), 1u)
      << "a circle";
}

TEST(KeyHistory, WhatWasVerifiedIsNotVerifiedAgain) {
  auto forged = *make_rotation(kA, kB, 1, 5);
  forged.by_old[3] ^= 1;
  const std::string text = statement_text(revocation(kC)) + "\n" + statement_text(forged) + "\n";
  EXPECT_EQ(KeyHistory::parse(text).error().code, Errc::config);
  EXPECT_EQ(KeyHistory::parse(text, text.find('\n') + 1).error().code, Errc::config)
      << "the second line is not";
  EXPECT_TRUE(KeyHistory::parse(text, text.size()));
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
