#include "trust/key_files.hpp"

#include <unistd.h>

#include "unit/trust/home_fixture.hpp"

namespace dcdn::trust {
namespace {

class KeyFilesTest : public HomeTest {
 protected:
  sign::SecretKey store(const std::string& name, const std::string& passphrase = "") {
    const auto key = sign::SecretKey::generate();
    EXPECT_TRUE(key);
    const auto stored = store_new_key(home_, name, *key, passphrase);
    EXPECT_TRUE(stored) << stored.error().message;
    return *key;
  }
};

TEST_F(KeyFilesTest, StoredKeyIsPrivateAndLoads) {
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

TEST_F(KeyFilesTest, FirstKeyBecomesTheDefaultAndStaysIt) {
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

TEST_F(KeyFilesTest, NeverOverwrites) {
  store("hq");
  const std::string before = slurp(home_.key_path("hq"));
  const auto again = store_new_key(home_, "hq", *sign::SecretKey::generate(), "");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::exists);
  EXPECT_EQ(slurp(home_.key_path("hq")), before);
}

TEST_F(KeyFilesTest, DoesNotWriteThroughALink) {
  store("hq");
  const std::string target = dir_.path() + "/elsewhere";
  fs::create_symlink(target, home_.key_path("trap"));
  EXPECT_EQ(store_new_key(home_, "trap", *sign::SecretKey::generate(), "").error().code, Errc::exists);
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(KeyFilesTest, NamesCannotLeaveTheFolder) {
  for (const std::string& name :
       {std::string(), std::string("../x"), std::string("a/b"), std::string(".hidden"), std::string("-f"),
        std::string("a\0b", 3), std::string(65, 'a'), std::string("ä")}) {
    EXPECT_EQ(load_key(home_, name, "").error().code, Errc::usage) << name;
    EXPECT_EQ(store_new_key(home_, name, *sign::SecretKey::generate(), "").error().code, Errc::usage) << name;
  }
  EXPECT_TRUE(key_file_path(home_, std::string(64, 'a')));
}

TEST_F(KeyFilesTest, KeyThatOthersMayReadIsRefused) {
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

TEST_F(KeyFilesTest, AnotherUsersKeyIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file to somebody else";
  store("hq");
  ASSERT_EQ(::chown(home_.key_path("hq").c_str(), 4711, 4711), 0);
  EXPECT_EQ(load_key(home_, "hq", "").error().code, Errc::permission);
}

TEST_F(KeyFilesTest, FolderThatOthersMayWriteIsRefused) {
  store("hq");
  const std::string folder = home_.config_dir + "/keys";
  for (const unsigned mode : {0770u, 0707u}) {
    ::chmod(folder.c_str(), mode);
    EXPECT_EQ(load_key(home_, "hq", "").error().code, Errc::permission);
    EXPECT_EQ(store_new_key(home_, "new", *sign::SecretKey::generate(), "").error().code, Errc::permission);
  }
}

TEST_F(KeyFilesTest, AbsentKeysSayHowToMakeOne) {
  const auto none = load_key(home_, kDefaultKey, "");
  EXPECT_EQ(none.error().code, Errc::not_found);
  EXPECT_EQ(none.error().hint, "make one with: dcdn-sign keygen");
  EXPECT_EQ(load_key(home_, "hq", "").error().hint, "make one with: dcdn-sign keygen --key hq");
  store("hq");
  fs::remove(home_.key_path("hq"));
  EXPECT_EQ(load_key(home_, kDefaultKey, "").error().code, Errc::not_found) << "a default that leads nowhere";
}

TEST_F(KeyFilesTest, WhatIsNoKeyFileIsRefused) {
  store("hq");
  spew(home_.key_path("text"), "hello\n");
  EXPECT_EQ(load_key(home_, "text", "").error().code, Errc::corrupt);
  spew(home_.key_path("long"), std::string(100000, 'x'));
  EXPECT_EQ(load_key(home_, "long", "").error().code, Errc::corrupt);
  fs::create_directory(home_.key_path("dir"));
  EXPECT_EQ(load_key(home_, "dir", "").error().code, Errc::io);
}

TEST_F(KeyFilesTest, PassphraseIsNeeded) {
  const sign::SecretKey key = store("hq", "swordfish");
  EXPECT_TRUE(*is_key_encrypted(home_.key_path("hq")));
  EXPECT_EQ(load_key(home_, "hq", "").error().code, Errc::untrusted);
  EXPECT_EQ(load_key(home_, "hq", "wrong").error().code, Errc::untrusted);
  EXPECT_EQ(load_key(home_, "hq", "swordfish")->id(), key.id());
  store("plain");
  EXPECT_FALSE(*is_key_encrypted(home_.key_path("plain")));
}

}  // namespace
}  // namespace dcdn::trust
