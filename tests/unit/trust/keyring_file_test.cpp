#include "trust/keyring_file.hpp"

#include <unistd.h>

#include <thread>

#include "sign/ed25519.hpp"
#include "unit/trust/home_fixture.hpp"

namespace dcdn::trust {
namespace {

class KeyringFileTest : public HomeTest {};

TEST_F(KeyringFileTest, KeyringIsKeptAndReread) {
  EXPECT_TRUE(load_keyring(home_)->keys().empty()) << "an absent file is an empty ring";
  const NodeId id = sign::SecretKey::generate()->id();
  ASSERT_TRUE(change_keyring(home_, [&](sign::Keyring& ring) { return ring.add({"hq", id}); }));
  EXPECT_EQ(mode_of(home_.trusted_keys_path()), 0600u);
  EXPECT_TRUE(load_keyring(home_)->trusts(id));
  const std::string before = slurp(home_.trusted_keys_path());
  EXPECT_FALSE(change_keyring(home_, [&](sign::Keyring& ring) { return ring.remove("nobody"); }));
  EXPECT_EQ(slurp(home_.trusted_keys_path()), before);
}

TEST_F(KeyringFileTest, KeyringThatOthersMayWriteIsRefused) {
  const NodeId id = sign::SecretKey::generate()->id();
  ASSERT_TRUE(change_keyring(home_, [&](sign::Keyring& ring) { return ring.add({"hq", id}); }));
  ::chmod(home_.trusted_keys_path().c_str(), 0664);
  EXPECT_EQ(load_keyring(home_).error().code, Errc::permission);
  ::chmod(home_.trusted_keys_path().c_str(), 0644);
  EXPECT_TRUE(load_keyring(home_)) << "reading it does no harm";
  ::chmod(home_.config_dir.c_str(), 0777);
  EXPECT_EQ(load_keyring(home_).error().code, Errc::permission);
}

TEST_F(KeyringFileTest, AnotherUsersFilesProveNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file to somebody else";
  const NodeId id = sign::SecretKey::generate()->id();
  ASSERT_TRUE(change_keyring(home_, [&](sign::Keyring& ring) { return ring.add({"hq", id}); }));
  ASSERT_EQ(::chown(home_.trusted_keys_path().c_str(), 4711, 4711), 0);
  const auto file = load_keyring(home_);
  EXPECT_EQ(file.error().code, Errc::permission);
  EXPECT_NE(file.error().message.find("belongs to the user with the number 4711"), std::string::npos);
  ASSERT_EQ(::chown(home_.trusted_keys_path().c_str(), 0, 0), 0);
  ASSERT_EQ(::chown(home_.config_dir.c_str(), 4711, 4711), 0);
  EXPECT_EQ(load_keyring(home_).error().code, Errc::permission) << "nor does their folder";
}

TEST_F(KeyringFileTest, StatementsAreAddedAtTheEndAndRememberedAsVerified) {
  const auto first = *sign::SecretKey::generate();
  const auto second = *sign::SecretKey::generate();
  const auto revoke = [&](const sign::SecretKey& key) {
    const sign::KeyStatement statement(*sign::make_revocation(key, 5));
    return change_keyring(home_, [&](sign::Keyring& ring) -> Result<void> {
      DCDN_CHECK(ring.learn(statement));
      return {};
    });
  };
  const std::string path = home_.key_statements_path();
  ASSERT_TRUE(revoke(first));
  EXPECT_EQ(mode_of(path), 0600u);
  const std::string before = slurp(path);
  struct stat made {};
  ASSERT_EQ(::stat(path.c_str(), &made), 0);
  ASSERT_TRUE(revoke(second));
  struct stat grown {};
  ASSERT_EQ(::stat(path.c_str(), &grown), 0);
  EXPECT_EQ(made.st_ino, grown.st_ino);
  EXPECT_TRUE(slurp(path).starts_with(before));
  EXPECT_FALSE(load_keyring(home_)->current(second.id()));
  // A line that another hand has put there is verified, also if the note speaks of another list.
  auto forged = *sign::make_revocation(*sign::SecretKey::generate(), 5);
  forged.by_key[0] ^= 1;
  const std::string bad = sign::statement_text(sign::KeyStatement(forged)) + "\n";
  spew(path, slurp(path) + bad);
  EXPECT_EQ(load_keyring(home_).error().code, Errc::config);
  spew(path, bad + before);
  EXPECT_EQ(load_keyring(home_).error().code, Errc::config);
  spew(path, before);
  EXPECT_TRUE(load_keyring(home_)) << "a list that has lost something is verified and believed";
}

TEST_F(KeyringFileTest, HalfALineAtTheEndIsPassedOverAndTakenOff) {
  const auto key = *sign::SecretKey::generate();
  const sign::KeyStatement said(*sign::make_revocation(key, 5));
  const auto learn = [&](const sign::KeyStatement& statement) {
    return change_keyring(home_, [&](sign::Keyring& ring) -> Result<void> {
      DCDN_CHECK(ring.learn(statement));
      return {};
    });
  };
  ASSERT_TRUE(learn(said));
  const std::string path = home_.key_statements_path();
  const std::string whole = slurp(path);
  const sign::KeyStatement next(*sign::make_revocation(*sign::SecretKey::generate(), 5));
  const std::string line = sign::statement_text(next) + "\n";
  for (const std::size_t length : {std::size_t{1}, std::size_t{12}, line.size() - 3}) {
    spew(path, whole + line.substr(0, length));
    const auto ring = load_keyring(home_);
    ASSERT_TRUE(ring) << ring.error().message;
    EXPECT_EQ(ring->history().statements().size(), 1u);
    ASSERT_TRUE(learn(next));
    EXPECT_EQ(slurp(path), whole + line);
  }
  spew(path, whole + line.substr(0, line.size() - 1));
  EXPECT_EQ(load_keyring(home_)->history().statements().size(), 2u) << "only its end is missing";
}

TEST_F(KeyringFileTest, BadKeyringNamesFileAndLine) {
  fs::create_directories(home_.config_dir);
  spew(home_.trusted_keys_path(), "# fine\nhq nonsense\n");
  const auto ring = load_keyring(home_);
  ASSERT_FALSE(ring);
  EXPECT_EQ(ring.error().code, Errc::config);
  EXPECT_TRUE(ring.error().message.starts_with(home_.trusted_keys_path() + ": line 2"))
      << ring.error().message;
}

TEST_F(KeyringFileTest, ChangesAtTheSameTimeAreAllKept) {
  const NodeId id = sign::SecretKey::generate()->id();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        const std::string name = "n" + std::to_string(t) + "." + std::to_string(i);
        EXPECT_TRUE(change_keyring(home_, [&](sign::Keyring& ring) { return ring.add({name, id}); }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(load_keyring(home_)->keys().size(), 20u);
}

}  // namespace
}  // namespace dcdn::trust
