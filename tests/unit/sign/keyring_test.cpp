#include "sign/keyring.hpp"

#include <gtest/gtest.h>

#include "sign/ed25519.hpp"

namespace dcdn::sign {
namespace {

NodeId id_of(std::uint8_t fill) {
  NodeId id;
  id.bytes.fill(fill);
  return id;
}

const NodeId kOne = id_of(0x11);
const NodeId kTwo = id_of(0x22);

TEST(Keyring, ReadsNamesIdsCommentsAndBlankLines) {
  const std::string text = "# mine\n\nhq " + to_text(kOne) + "\r\n  field-2\t" + to_text(kTwo) +
                           "   # the car\nlast " + to_text(kOne);
  const auto ring = Keyring::parse(text);
  ASSERT_TRUE(ring) << ring.error().message;
  EXPECT_EQ(ring->keys(), (std::vector<TrustedKey>{{"hq", kOne}, {"field-2", kTwo}, {"last", kOne}}));
}

TEST(Keyring, WritesWhatItReads) {
  Keyring ring;
  ASSERT_TRUE(ring.add({"hq", kOne}));
  ASSERT_TRUE(ring.add({"a.b_c-9", kTwo}));
  const auto again = Keyring::parse(ring.to_text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->keys(), ring.keys());
  EXPECT_TRUE(Keyring::parse(Keyring().to_text())->keys().empty());
}

TEST(Keyring, BadLinesAreNamed) {
  const std::string id = to_text(kOne);
  const std::pair<std::string, std::string> bad[] = {
      {"hq\n", "line 1"},
      {"# fine\nhq " + id + " extra\n", "line 2"},
      {"ok " + id + "\n\nhq dcdn1nonsense\n", "line 3"},
      {"h/q " + id + "\n", "line 1"},
      {std::string(65, 'n') + " " + id, "line 1"},
      {"hq " + id + "\nhq " + to_text(kTwo) + "\n", "line 2"},
      {id + " hq\n", "line 1"},
      {std::string("h\0q ", 4) + id, "line 1"},
      {id + " " + id, "line 1"},
  };
  for (const auto& [text, line] : bad) {
    const auto ring = Keyring::parse(text);
    ASSERT_FALSE(ring) << text;
    EXPECT_EQ(ring.error().code, Errc::config);
    EXPECT_TRUE(ring.error().message.starts_with(line)) << ring.error().message;
  }
}

TEST(Keyring, ANameStandsForOneKey) {
  Keyring ring;
  ASSERT_TRUE(ring.add({"hq", kOne}));
  EXPECT_TRUE(ring.add({"hq", kOne})) << "the same again is no error";
  EXPECT_EQ(ring.keys().size(), 1u);
  const auto clash = ring.add({"hq", kTwo});
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().code, Errc::exists);
  EXPECT_FALSE(ring.trusts(kTwo));
}

TEST(Keyring, FindsByNameAndById) {
  Keyring ring;
  ASSERT_TRUE(ring.add({"hq", kOne}));
  EXPECT_EQ(*ring.find("hq"), kOne);
  EXPECT_EQ(*ring.find(to_text(kTwo)), kTwo) << "an id need not be trusted to be named";
  EXPECT_EQ(ring.find("HQ").error().code, Errc::not_found);
  EXPECT_EQ(ring.find("dcdn1mistyped").error().code, Errc::usage);
  EXPECT_EQ(ring.name_of(kOne), "hq");
  EXPECT_EQ(ring.name_of(kTwo), std::nullopt);
  EXPECT_TRUE(ring.trusts(kOne));
  EXPECT_FALSE(ring.trusts(kTwo));
}

TEST(Keyring, RemovesByNameOrEveryNameOfAnId) {
  Keyring ring;
  ASSERT_TRUE(ring.add({"hq", kOne}));
  ASSERT_TRUE(ring.add({"head", kOne}));
  ASSERT_TRUE(ring.add({"field", kTwo}));
  EXPECT_EQ(ring.remove("nobody").error().code, Errc::not_found);
  ASSERT_TRUE(ring.remove("hq"));
  EXPECT_TRUE(ring.trusts(kOne));
  ASSERT_TRUE(ring.add({"hq", kOne}));
  ASSERT_TRUE(ring.remove(to_text(kOne)));
  EXPECT_FALSE(ring.trusts(kOne));
  EXPECT_EQ(ring.keys().size(), 1u);
}

TEST(Keyring, ScopesAndEpochsStandBehindTheId) {
  const std::string id = to_text(kOne);
  const auto ring =
      Keyring::parse("hq " + id + " scope=relay,project:x epoch=3\nall " + to_text(kTwo) + "\n");
  ASSERT_TRUE(ring) << ring.error().message;
  EXPECT_EQ(ring->keys()[0].scopes, (std::vector<std::string>{"project:x", "relay"}));
  EXPECT_EQ(ring->keys()[0].epoch, 3u);
  EXPECT_EQ(Keyring::parse(ring->to_text())->keys(), ring->keys());
  EXPECT_EQ(ring->allowed(kScopeSend), std::set<NodeId>{kTwo});
  EXPECT_EQ(ring->allowed("project:y"), std::set<NodeId>{kTwo});
  for (const char* bad :
       {"scope=", "scope=send,", "scope=admin", "scope=project:", "epoch=", "epoch=-1", "epoch=1x"})
    EXPECT_FALSE(Keyring::parse("hq " + id + " " + bad)) << bad;
}

TEST(Keyring, ANameFollowsItsKeyAndARollbackIsRefused) {
  const SecretKey first = *SecretKey::from_seed(Bytes(32, 1));
  const SecretKey second = *SecretKey::from_seed(Bytes(32, 2));
  Keyring ring;
  ASSERT_TRUE(ring.add({"hq", first.id(), {"send"}}));
  const KeyStatement rotation = *make_rotation(first, second, 1, 5);
  EXPECT_TRUE(ring.concerns(rotation));
  EXPECT_TRUE(*ring.learn(rotation));
  EXPECT_EQ(*ring.find("hq"), second.id());
  EXPECT_EQ(*ring.find(to_text(first.id())), second.id());
  EXPECT_TRUE(ring.allows(second.id(), kScopeSend));
  EXPECT_FALSE(ring.trusts(first.id()));
  // The list of names as it is now, with the statements of an old backup.
  Keyring back = *Keyring::parse(ring.to_text());
  EXPECT_EQ(back.find("hq").error().code, Errc::untrusted);
  EXPECT_FALSE(back.trusts(first.id()));
  EXPECT_TRUE(back.allowed(kScopeSend).empty());
  ASSERT_TRUE(back.learn(rotation));
  EXPECT_EQ(*back.find("hq"), second.id());
  ASSERT_TRUE(ring.learn(KeyStatement(*make_revocation(second, 5))));
  EXPECT_EQ(ring.find("hq").error().code, Errc::untrusted);
  EXPECT_FALSE(ring.trusts(second.id()));
}

TEST(Keyring, ReadAgainItForgetsNames) {
  const SecretKey first = *SecretKey::from_seed(Bytes(32, 1));
  const SecretKey second = *SecretKey::from_seed(Bytes(32, 2));
  Keyring ring;
  ASSERT_TRUE(ring.add({"hq", first.id()}));
  ASSERT_TRUE(ring.add({"gone", kOne}));
  ASSERT_TRUE(ring.learn(KeyStatement(*make_rotation(first, second, 1, 5))));
  Keyring fresh;
  ASSERT_TRUE(fresh.add({"hq", first.id()}));
  ASSERT_TRUE(fresh.add({"new", kTwo}));
  ring.refresh(fresh);
  EXPECT_FALSE(ring.find("gone"));
  EXPECT_TRUE(ring.trusts(kTwo));
  EXPECT_EQ(*ring.find("hq"), second.id()) << "and not what keys said";
  EXPECT_EQ(ring.keys().front().epoch, 1u);
}

TEST(Keyring, ThereIsRoomForTheEndOfAChainThatIsTrusted) {
  const SecretKey key = *SecretKey::from_seed(Bytes(32, 1));
  Keyring ring;
  ASSERT_TRUE(ring.add({"hq", key.id()}));
  KeyHistory full;
  for (std::size_t i = 0; i < static_cast<std::size_t>(KeyHistory::Room::strangers); ++i) {
    Bytes seed(32, 78);
    seed[0] = static_cast<std::uint8_t>(i);
    seed[1] = static_cast<std::uint8_t>(i >> 8);
    ASSERT_TRUE(full.learn(KeyStatement(*make_revocation(*SecretKey::from_seed(seed), 5))));
  }
  ring.set_history(full);
  const SecretKey stranger = *SecretKey::from_seed(Bytes(32, 3));
  EXPECT_EQ(ring.learn(KeyStatement(*make_revocation(stranger, 5))).error().code, Errc::limit);
  EXPECT_TRUE(*ring.learn(KeyStatement(*make_revocation(stranger, 5)), true)) << "the user says it";
  EXPECT_TRUE(*ring.learn(KeyStatement(*make_revocation(key, 5))));
  EXPECT_FALSE(ring.find("hq"));
}

}  // namespace
}  // namespace dcdn::sign
