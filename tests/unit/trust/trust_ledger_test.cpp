#include "trust/trust_ledger.hpp"

#include <unistd.h>

#include <thread>

#include "sign/key_chain.hpp"
#include "trust/keyring_file.hpp"
#include "unit/trust/home_fixture.hpp"

namespace dcdn::trust {
namespace {

using namespace std::chrono_literals;

sign::SecretKey key_number(std::uint16_t number) {
  Bytes seed(32, 7);
  seed[0] = static_cast<std::uint8_t>(number);
  seed[1] = static_cast<std::uint8_t>(number >> 8);
  return *sign::SecretKey::from_seed(seed);
}
const sign::SecretKey kA = key_number(1);
const sign::SecretKey kB = key_number(2);

sign::KeyStatement rotation(const sign::SecretKey& from, const sign::SecretKey& to, std::uint64_t epoch) {
  return *sign::make_rotation(from, to, epoch, 5);
}
sign::KeyStatement revocation(const sign::SecretKey& key) {
  return *sign::make_revocation(key, 5);
}

class TrustLedgerTest : public HomeTest {
 protected:
  void change(const std::function<Result<void>(sign::Keyring&)>& what) const {
    const auto changed = change_keyring(home_, what);
    ASSERT_TRUE(changed) << changed.error().message;
  }
  void trust(const std::string& name, const sign::SecretKey& key) const {
    change([&](sign::Keyring& ring) { return ring.add({name, key.id()}); });
  }
  void say(const sign::KeyStatement& statement) const {
    change([&](sign::Keyring& ring) -> Result<void> {
      DCDN_CHECK(ring.learn(statement, true));
      return {};
    });
  }
  TrustLedger open() {
    auto ledger = TrustLedger::open(home_, [this](const std::string& text) { warnings_.push_back(text); });
    EXPECT_TRUE(ledger) << ledger.error().message;
    return *std::move(ledger);
  }
  /// Looks until it is so: files are told apart by times, and what vanishes is waited for.
  static bool soon(TrustLedger& ledger, const std::function<bool(const sign::Keyring&)>& is_so) {
    for (int i = 0; i < 200; ++i) {
      ledger.look();
      if (is_so(ledger.ring())) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }
  std::vector<std::string> warnings_;
};

TEST_F(TrustLedgerTest, AddedRemovedReplacedAndRevokedKeysCountWhileItRuns) {
  TrustLedger ledger = open();
  std::uint64_t revision = ledger.revision();
  const auto changed = [&] { return std::exchange(revision, ledger.revision()) != ledger.revision(); };
  EXPECT_FALSE(ledger.look());
  EXPECT_FALSE(changed());
  trust("hq", kA);
  EXPECT_TRUE(ledger.look()) << "at once";
  EXPECT_TRUE(ledger.ring().trusts(kA.id()));
  EXPECT_TRUE(changed());
  say(rotation(kA, kB, 1));
  EXPECT_TRUE(ledger.look());
  EXPECT_TRUE(ledger.ring().trusts(kB.id()));
  EXPECT_FALSE(ledger.ring().trusts(kA.id()));
  say(revocation(kB));
  EXPECT_TRUE(ledger.look());
  EXPECT_EQ(ledger.ring().find("hq").error().code, Errc::untrusted);
  change([](sign::Keyring& ring) { return ring.remove("hq"); });
  EXPECT_TRUE(ledger.look());
  EXPECT_TRUE(ledger.ring().keys().empty());
  EXPECT_TRUE(changed());
}

TEST_F(TrustLedgerTest, WhatCannotBeReadChangesNothing) {
  trust("hq", kA);
  say(revocation(kB));
  TrustLedger ledger = open();
  const std::string good = slurp(home_.trusted_keys_path());
  spew(home_.trusted_keys_path(), good + "half dcd");
  EXPECT_FALSE(ledger.look());
  EXPECT_TRUE(ledger.ring().trusts(kA.id()));
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("stays as it was"), std::string::npos) << warnings_[0];
  std::this_thread::sleep_for(250ms);
  EXPECT_FALSE(ledger.look());
  EXPECT_EQ(warnings_.size(), 1u) << "once";
  ::chmod(home_.trusted_keys_path().c_str(), 0666);
  EXPECT_TRUE(soon(ledger, [&](const auto&) { return warnings_.size() == 2; }));
  EXPECT_TRUE(ledger.ring().trusts(kA.id()));
  EXPECT_FALSE(ledger.ring().current(kB.id()));
  spew(home_.trusted_keys_path(), "");
  EXPECT_TRUE(soon(ledger, [](const sign::Keyring& ring) { return ring.keys().empty(); }))
      << "nobody is an answer, too";
}

TEST_F(TrustLedgerTest, ARevocationIsNotForgottenWithItsFile) {
  trust("hq", kA);
  say(revocation(kA));
  TrustLedger ledger = open();
  fs::remove(home_.key_statements_path());
  fs::remove(home_.key_statements_path() + ".verified");
  trust("other", kB);
  EXPECT_TRUE(soon(ledger, [](const sign::Keyring& ring) { return ring.trusts(kB.id()); }));
  EXPECT_FALSE(ledger.ring().current(kA.id())) << "what was known stays known";
  { const TrustLedger last = std::move(ledger); }
  EXPECT_FALSE(load_keyring(home_)->current(kA.id())) << "and is written again";
}

TEST_F(TrustLedgerTest, AHomeThatIsExchangedIsReadAndNobodyIsTrustedBetween) {
  trust("hq", kA);
  fs::rename(home_.config_dir, dir_.path() + "/one");
  trust("other", kB);
  fs::rename(home_.config_dir, dir_.path() + "/two");
  fs::rename(dir_.path() + "/one", home_.config_dir);
  TrustLedger ledger = open();
  fs::rename(home_.config_dir, dir_.path() + "/one");
  EXPECT_FALSE(ledger.look());
  EXPECT_TRUE(ledger.ring().trusts(kA.id())) << "for a moment that says nothing";
  fs::rename(dir_.path() + "/two", home_.config_dir);
  EXPECT_TRUE(ledger.look());
  EXPECT_TRUE(ledger.ring().trusts(kB.id()));
  EXPECT_FALSE(ledger.ring().trusts(kA.id()));
  fs::rename(home_.config_dir, dir_.path() + "/two");
  EXPECT_TRUE(soon(ledger, [](const sign::Keyring& ring) { return ring.keys().empty(); })) << "it stays away";
}

TEST_F(TrustLedgerTest, AFileChangedTwiceWithinATickOfItsClockIsSeen) {
  trust("hq", kA);
  TrustLedger ledger = open();
  std::string text = slurp(home_.trusted_keys_path());
  struct stat before {};
  ASSERT_EQ(::stat(home_.trusted_keys_path().c_str(), &before), 0);
  text.replace(text.find("hq"), 2, "mq");
  spew(home_.trusted_keys_path(), text);
  EXPECT_TRUE(soon(ledger, [](const sign::Keyring& ring) { return ring.keys().front().name == "mq"; }));
}

TEST_F(TrustLedgerTest, StrangersCannotFillTheRoomOfThoseWhoAreTrusted) {
  trust("hq", kA);
  TrustLedger ledger = open();
  const auto room = static_cast<std::uint16_t>(sign::KeyHistory::Room::strangers);
  for (std::uint16_t i = 0; i < room + 20; ++i)
    ASSERT_TRUE(ledger.take(revocation(key_number(static_cast<std::uint16_t>(1000 + i)))));
  EXPECT_EQ(ledger.ring().history().statements().size(), room);
  EXPECT_TRUE(*ledger.take(revocation(kA)));
  EXPECT_FALSE(load_keyring(home_)->trusts(kA.id())) << "kept at once";
  EXPECT_EQ(warnings_.size(), 1u) << "strangers are not worth a word";
}

TEST_F(TrustLedgerTest, AJobWritesWhatAlreadyCounts) {
  trust("hq", kA);
  TrustLedger ledger = open();
  std::vector<std::function<void()>> jobs;
  std::vector<AuditEvent> lines;
  ledger.write_by([&](std::function<void()> job) { jobs.push_back(std::move(job)); },
                  [&](const AuditEvent& event) { lines.push_back(event); });
  EXPECT_TRUE(*ledger.take(rotation(kA, kB, 1)));
  EXPECT_TRUE(*ledger.take(revocation(kB)));
  EXPECT_FALSE(ledger.ring().current(kA.id()));
  EXPECT_TRUE(load_keyring(home_)->current(kA.id()));
  ASSERT_EQ(jobs.size(), 1u) << "one for both";
  EXPECT_EQ(lines.size(), 2u);
  jobs.front()();
  EXPECT_FALSE(load_keyring(home_)->current(kA.id()));
}

TEST_F(TrustLedgerTest, AChainCountsFromAKeyThatIsTrustedOn) {
  trust("hq", kB);
  TrustLedger ledger = open();
  sign::KeyHistory theirs;
  const sign::SecretKey c = key_number(3);
  const sign::SecretKey thief = key_number(9);
  ASSERT_TRUE(theirs.learn(rotation(kA, kB, 1)));
  ASSERT_TRUE(theirs.learn(rotation(kB, c, 2)));
  const auto names = sign::chain_names(theirs, c.id());
  ledger.take_chain(names, thief.id());
  EXPECT_TRUE(ledger.ring().trusts(kB.id())) << "somebody else shows it";
  ledger.take_chain(names, c.id());
  EXPECT_TRUE(ledger.ring().trusts(c.id()));
  EXPECT_EQ(ledger.ring().history().statements().size(), 1u) << "what came before is nobody's question";
  sign::KeyHistory strangers;
  ASSERT_TRUE(strangers.learn(rotation(thief, kA, 1)));
  ledger.take_chain(sign::chain_names(strangers, kA.id()), kA.id());
  EXPECT_EQ(ledger.ring().history().statements().size(), 1u);
  // One with a wrong signature is as good as none.
  auto forged = std::get<sign::KeyRotation>(rotation(c, thief, 3));
  forged.by_old[0] ^= 1;
  const auto body = sign::statement_text(forged).substr(std::string("rotation ").size());
  ledger.take_chain({"dcdn:rotation:" + body}, thief.id());
  EXPECT_TRUE(ledger.ring().trusts(c.id()));
}

TEST_F(TrustLedgerTest, AKeyThatIsOnlyNamedIsWatched) {
  TrustLedger ledger = open();
  ledger.watch(kA.id());
  EXPECT_TRUE(*ledger.take(revocation(kA)));
  EXPECT_FALSE(ledger.ring().current(kA.id()));
}

}  // namespace
}  // namespace dcdn::trust
