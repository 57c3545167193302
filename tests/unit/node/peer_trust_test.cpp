#include "node/peer_trust.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "sign/key_chain.hpp"
#include "support/temp_dir.hpp"
#include "trust/keyring_file.hpp"
#include "trust/known_peers.hpp"

namespace dcdn::node {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const sign::SecretKey kPeer = *sign::SecretKey::from_seed(Bytes(32, 1));
const sign::SecretKey kNewPeer = *sign::SecretKey::from_seed(Bytes(32, 2));
const sign::SecretKey kOther = *sign::SecretKey::from_seed(Bytes(32, 3));

class PeerTrustTest : public ::testing::Test {
 protected:
  PeerTrustTest() {
    auto opened =
        trust::TrustLedger::open(home_, [this](const std::string& text) { warnings_.push_back(text); });
    ledger_ = std::make_shared<trust::TrustLedger>(*std::move(opened));
  }
  void change(const std::function<Result<void>(sign::Keyring&)>& what) {
    ASSERT_TRUE(trust::change_keyring(home_, what));
    ledger_->look();
  }
  void trust(const std::string& name, const sign::SecretKey& key, const std::string& scope = "") {
    change([&](sign::Keyring& ring) {
      return ring.add({name, key.id(), scope.empty() ? std::vector<std::string>{} : std::vector{scope}});
    });
  }
  void distrust(const std::string& name) {
    change([&](sign::Keyring& ring) { return ring.remove(name); });
  }
  void say(const sign::KeyStatement& statement) { ASSERT_TRUE(ledger_->take(statement)); }
  void revoke(const sign::SecretKey& key) { say(*sign::make_revocation(key, 5)); }
  void rotate() { say(*sign::make_rotation(kPeer, kNewPeer, 1, 5)); }
  Result<PeerRules> senders(const std::vector<std::string>& allow, bool any = false) {
    return sender_rules(allow, any, ledger_, "");
  }
  Result<PeerRules> peer(const std::string& expected) {
    return peer_rules({"a:1", expected, "", false, false}, ledger_);
  }
  static std::string id(const sign::SecretKey& key) { return sign::to_text(key.id()); }

  test::TempDir dir_;
  Home home_{dir_.path() + "/home", dir_.path() + "/home"};
  std::vector<std::string> warnings_;
  std::shared_ptr<trust::TrustLedger> ledger_;
};

TEST_F(PeerTrustTest, NobodyIsAllowedIsAnErrorAtTheStartOnly) {
  EXPECT_EQ(senders({}).error().code, Errc::usage);
  trust("peer", kPeer);
  const auto rules = senders({});
  ASSERT_TRUE(rules);
  EXPECT_TRUE(rules->verdict(kPeer.id()));
  distrust("peer");
  EXPECT_EQ(rules->verdict(kPeer.id()).error().code, Errc::untrusted) << "nobody is not everybody";
  trust("other", kOther);
  EXPECT_TRUE(rules->policy.check(kOther.id()));
}

TEST_F(PeerTrustTest, ANameThatIsAllowedStandsForWhomItStandsForNow) {
  trust("peer", kPeer);
  trust("other", kOther);
  const auto rules = senders({"peer"});
  ASSERT_TRUE(rules);
  EXPECT_FALSE(rules->verdict(kOther.id()));
  rotate();
  EXPECT_TRUE(rules->verdict(kNewPeer.id()));
  EXPECT_THAT(rules->verdict(kPeer.id()).error().message, HasSubstr("has been replaced by " + id(kNewPeer)));
  distrust("peer");
  EXPECT_FALSE(rules->verdict(kNewPeer.id()));
}

TEST_F(PeerTrustTest, OfSeveralThatAreNamedARevokedOneIsTold) {
  revoke(kPeer);
  const auto alone = senders({id(kPeer)});
  EXPECT_EQ(alone.error().code, Errc::untrusted);
  EXPECT_THAT(warnings_, IsEmpty());
  const auto rules = senders({id(kPeer), id(kOther)});
  ASSERT_TRUE(rules);
  EXPECT_EQ(warnings_.size(), 1u);
  EXPECT_FALSE(rules->verdict(kPeer.id()));
  EXPECT_TRUE(rules->verdict(kOther.id()));
  EXPECT_EQ(senders({"nobody", id(kOther)}).error().code, Errc::not_found) << "a name that was never known";
}

TEST_F(PeerTrustTest, ARevokedKeyIsNotEvenAnybody) {
  const auto rules = senders({}, true);
  ASSERT_TRUE(rules);
  EXPECT_TRUE(rules->verdict(kPeer.id()));
  ledger_->watch(kPeer.id());
  revoke(kPeer);
  EXPECT_FALSE(rules->verdict(kPeer.id()));
}

TEST_F(PeerTrustTest, TheChainInACertificateCountsBeforeTheKeyIsJudged) {
  trust("peer", kPeer);
  sign::KeyHistory theirs;
  ASSERT_TRUE(theirs.learn(sign::KeyStatement(*sign::make_rotation(kPeer, kNewPeer, 1, 5))));
  const auto names = sign::chain_names(theirs, kNewPeer.id());
  const auto senders_here = senders({});
  ASSERT_TRUE(senders_here);
  EXPECT_FALSE(senders_here->policy.check(kNewPeer.id()));
  senders_here->policy.learn(kNewPeer.id(), names);
  EXPECT_TRUE(senders_here->policy.check(kNewPeer.id()));
}

TEST_F(PeerTrustTest, ADestinationsIdIsFollowedToItsNewKey) {
  const auto rules = peer(id(kPeer));
  ASSERT_TRUE(rules);
  EXPECT_TRUE(rules->policy.check(kPeer.id()));
  EXPECT_FALSE(rules->policy.check(kOther.id()));
  rotate();
  EXPECT_TRUE(rules->verdict(kNewPeer.id()));
  EXPECT_THAT(rules->verdict(kPeer.id()).error().message, HasSubstr("has been replaced"));
  revoke(kNewPeer);
  const auto told = rules->verdict(kNewPeer.id());
  EXPECT_EQ(told.error().code, Errc::untrusted);
  EXPECT_THAT(told.error().message, HasSubstr("the sender does not trust the key")) << "for the peer";
  EXPECT_THAT(told.error().hint, HasSubstr("is revoked")) << "for us";
}

TEST_F(PeerTrustTest, AnAddressThatIsForgottenIsNotTrustedAnyMore) {
  ASSERT_TRUE(trust::add_known_peer(home_, "a:1", kPeer.id()));
  const auto rules = peer("");
  ASSERT_TRUE(rules);
  EXPECT_TRUE(rules->verdict(kPeer.id()));
  EXPECT_FALSE(rules->verdict(kOther.id()));
  { std::ofstream(home_.known_peers_path()) << "half a l"; }
  EXPECT_TRUE(rules->verdict(kPeer.id())) << "what cannot be read changes nothing";
  { std::ofstream(home_.known_peers_path()) << ""; }
  EXPECT_FALSE(rules->verdict(kPeer.id()));
}

TEST_F(PeerTrustTest, WhoAnswersFirstIsRememberedOnce) {
  const auto rules = peer_rules({"a:1", "", "", false, true}, ledger_);
  ASSERT_TRUE(rules);
  EXPECT_TRUE(rules->verdict(kOther.id())) << "a verdict remembers nobody";
  EXPECT_TRUE(rules->policy.check(kPeer.id()));
  EXPECT_EQ(*trust::find_known_peer(home_, "a:1"), kPeer.id());
  EXPECT_FALSE(rules->policy.check(kOther.id()));
  EXPECT_EQ(warnings_.size(), 1u);
}

}  // namespace
}  // namespace dcdn::node
