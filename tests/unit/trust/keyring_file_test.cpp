#include "trust/keyring_file.hpp"

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
