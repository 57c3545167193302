
#include "trust/key_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "support/temp_dir.hpp"
#include "trust/keyring_file.hpp"
#include "trust/known_peers.hpp"

namespace dcdn::trust {
namespace {

namespace fs = std::filesystem;

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void spew(const std::string& path, const std::string& text, unsigned mode = 0600) {
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), mode);
}
unsigned mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

class KeyStore : public ::testing::Test {
 protected:
  KeyStore() {
    home_.config_dir = dir_.path() + "/home";
    home_.state_dir = home_.config_dir;
  }
  sign::SecretKey store(const std::string& name, const std::string& passphrase = "") {
    const auto key = sign::SecretKey::generate();
    EXPECT_TRUE(key);
    const auto stored = store_new_key(home_, name, *key, passphrase);
    EXPECT_TRUE(stored) << stored.error().message;
    return *key;
  }
  test::TempDir dir_;
  Home home_;
};

TEST_F(KeyStore, StoredKeyIsPrivateAndLoads) {
  const ::mode_t umask_before = ::umask(0);
  const sign::SecretKey key = store("hq");
  ::umask(umask_before);
  EXPECT_EQ(mode_of(home_.key_path("hq")), 0600u);
  EXPECT_EQ(mode_of(home_.config_dir + "/keys"), 0700u);
  EXPECT_EQ(mode_of(home_.config_dir), 0700u);
  const auto again = load_key(home_, "hq", "");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->id(), key.id());
}

TEST_F(KeyStore, FirstKeyBecomesTheDefaultAndStaysIt) {
  const sign::SecretKey first = store("hq");
  const sign::SecretKey second = store("other");
  EXPECT_EQ(load_key(home_, kDefaultKey, "")->id(), first.id());
  EXPECT_TRUE(*is_default_key(home_, "hq"));
  EXPECT_FALSE(*is_default_key(home_, "other"));
  EXPECT_EQ(fs::read_symlink(home_.key_path(kDefaultKey)), "hq.pem")
      << "relative, so that the folder can be moved";
  const auto clash = store_new_key(home_, kDefaultKey, second, "");
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().code, Errc::exists);
}

TEST_F(KeyStore, NeverOverwrites) {
  store("hq");
  const std::string before = slurp(home_.key_path("hq"));
  const auto again = store_new_key(home_, "hq", *sign::SecretKey::generate(), "");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::exists);
  EXPECT_EQ(slurp(home_.key_path("hq")), before);
}

TEST_F(KeyStore, DoesNotWriteThroughALink) {
  store("hq");
  const std::string target = dir_.path() + "/elsewhere";
  fs::create_symlink(target, home_.key_path("trap"));
  EXPECT_EQ(store_new_key(home_, "trap", *sign::SecretKey::generate(), "").error().code, Errc::exists);
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(KeyStore, NamesCannotLeaveTheFolder) {
  for (const std::string& name :
       {std::string(), std::string("../x"), std::string("a/b"), std::string(".hidden"), std::string("-f"),
        std::string("a\0b", 3), std::string(65, 'a'), std::string("ä")}) {
    EXPECT_EQ(load_key(home_, name, "").error().code, Errc::usage) << name;
    EXPECT_EQ(store_new_key(home_, name, *sign::SecretKey::generate(), "").error().code, Errc::usage) << name;
  }
  EXPECT_TRUE(key_file_path(home_, std::string(64, 'a')));
}

TEST_F(KeyStore, KeyThatOthersMayReadIsRefused) {
  store("hq");
  const std::string path = home_.key_path("hq");
  for (const unsigned mode : {0640u, 0604u, 0660u, 0601u, 0620u}) {
    ::chmod(path.c_str(), mode);
    const auto key = load_key(home_, "hq", "");
    ASSERT_FALSE(key) << mode;
    EXPECT_EQ(key.error().code, Errc::permission);
    EXPECT_EQ(key.error().hint, "chmod 600 " + path);
    EXPECT_EQ(is_key_encrypted(path).error().code, Errc::permission);
    EXPECT_EQ(load_key(home_, kDefaultKey, "").error().code, Errc::permission) << "through the link as well";
  }
  ::chmod(path.c_str(), 0400);
  EXPECT_TRUE(load_key(home_, "hq", ""));
}

TEST_F(KeyStore, FolderThatOthersMayWriteIsRefused) {
  store("hq");
  const std::string folder = home_.config_dir + "/keys";
  for (const unsigned mode : {0770u, 0707u}) {
    ::chmod(folder.c_str(), mode);
    EXPECT_EQ(load_key(home_, "hq", "").error().code, Errc::permission);
    EXPECT_EQ(store_new_key(home_, "new", *sign::SecretKey::generate(), "").error().code, Errc::permission);
  }
}

TEST_F(KeyStore, AbsentKeysSayHowToMakeOne) {
  const auto none = load_key(home_, kDefaultKey, "");
  EXPECT_EQ(none.error().code, Errc::not_found);
  EXPECT_EQ(none.error().hint, "make one with: dcdn-sign keygen");
  EXPECT_EQ(load_key(home_, "hq", "").error().hint, "make one with: dcdn-sign keygen --name hq");
  store("hq");
  fs::remove(home_.key_path("hq"));
  EXPECT_EQ(load_key(home_, kDefaultKey, "").error().code, Errc::not_found) << "a default that leads nowhere";
}

TEST_F(KeyStore, WhatIsNoKeyFileIsRefused) {
  store("hq");
  spew(home_.key_path("text"), "hello\n");
  EXPECT_EQ(load_key(home_, "text", "").error().code, Errc::corrupt);
  spew(home_.key_path("long"), std::string(100000, 'x'));
  EXPECT_EQ(load_key(home_, "long", "").error().code, Errc::corrupt);
  fs::create_directory(home_.key_path("dir"));
  EXPECT_EQ(load_key(home_, "dir", "").error().code, Errc::io);
}

TEST_F(KeyStore, PassphraseIsNeeded) {
  const sign::SecretKey key = store("hq", "swordfish");
  EXPECT_TRUE(*is_key_encrypted(home_.key_path("hq")));
  EXPECT_EQ(load_key(home_, "hq", "").error().code, Errc::untrusted);
  EXPECT_EQ(load_key(home_, "hq", "wrong").error().code, Errc::untrusted);
  EXPECT_EQ(load_key(home_, "hq", "swordfish")->id(), key.id());
  store("plain");
  EXPECT_FALSE(*is_key_encrypted(home_.key_path("plain")));
}

TEST_F(KeyStore, KeyringIsKeptAndReread) {
  EXPECT_TRUE(load_keyring(home_)->keys().empty()) << "an absent file is an empty ring";
  const NodeId id = sign::SecretKey::generate()->id();
  ASSERT_TRUE(change_keyring(home_, [&](sign::Keyring& ring) { return ring.add({"hq", id}); }));
  EXPECT_EQ(mode_of(home_.trusted_keys_path()), 0600u);
  EXPECT_TRUE(load_keyring(home_)->trusts(id));
  const std::string before = slurp(home_.trusted_keys_path());
  EXPECT_FALSE(change_keyring(home_, [&](sign::Keyring& ring) { return ring.remove("nobody"); }));
  EXPECT_EQ(slurp(home_.trusted_keys_path()), before);
}

TEST_F(KeyStore, KeyringThatOthersMayWriteIsRefused) {
  const NodeId id = sign::SecretKey::generate()->id();
  ASSERT_TRUE(change_keyring(home_, [&](sign::Keyring& ring) { return ring.add({"hq", id}); }));
  ::chmod(home_.trusted_keys_path().c_str(), 0664);
  EXPECT_EQ(load_keyring(home_).error().code, Errc::permission);
  ::chmod(home_.trusted_keys_path().c_str(), 0644);
  EXPECT_TRUE(load_keyring(home_)) << "reading it does no harm";
  ::chmod(home_.config_dir.c_str(), 0777);
  EXPECT_EQ(load_keyring(home_).error().code, Errc::permission);
}

TEST_F(KeyStore, BadKeyringNamesFileAndLine) {
  fs::create_directories(home_.config_dir);
  spew(home_.trusted_keys_path(), "# fine\nhq nonsense\n");
  const auto ring = load_keyring(home_);
  ASSERT_FALSE(ring);
  EXPECT_EQ(ring.error().code, Errc::config);
  EXPECT_TRUE(ring.error().message.starts_with(home_.trusted_keys_path() + ": line 2"))
      << ring.error().message;
}

TEST_F(KeyStore, ChangesAtTheSameTimeAreAllKept) {
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

TEST_F(KeyStore, KnownPeersAreRememberedPerAddress) {
  const NodeId one = sign::SecretKey::generate()->id();
  const NodeId two = sign::SecretKey::generate()->id();
  EXPECT_EQ(*find_known_peer(home_, "hq.example:4433"), std::nullopt);
  ASSERT_TRUE(add_known_peer(home_, "hq.example:4433", one));
  ASSERT_TRUE(add_known_peer(home_, "[2001:db8::1]:4433", two));
  EXPECT_EQ(*find_known_peer(home_, "hq.example:4433"), one);
  EXPECT_EQ(*find_known_peer(home_, "[2001:db8::1]:4433"), two);
  EXPECT_EQ(*find_known_peer(home_, "hq.example:443"), std::nullopt);
  ASSERT_TRUE(add_known_peer(home_, "hq.example:4433", two));
  EXPECT_EQ(*find_known_peer(home_, "hq.example:4433"), two) << "the newer one";
  EXPECT_EQ(mode_of(home_.known_peers_path()), 0600u);
}

TEST_F(KeyStore, BadKnownPeersAreErrors) {
  const NodeId id = sign::SecretKey::generate()->id();
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string("#a"), std::string(600, 'a')})
    EXPECT_EQ(add_known_peer(home_, bad, id).error().code, Errc::usage) << bad;
  fs::create_directories(home_.config_dir);
  ::chmod(home_.config_dir.c_str(), 0700);
  spew(home_.known_peers_path(), "host:1 " + sign::to_text(id) + "\nhost:2\n");
  EXPECT_EQ(find_known_peer(home_, "host:1").error().code, Errc::config) << "half a file is not believed";
  spew(home_.known_peers_path(), "host:1 " + sign::to_text(id) + "\n", 0622);
  EXPECT_EQ(find_known_peer(home_, "host:1").error().code, Errc::permission);
}

}  // namespace
}  // namespace dcdn::trust
