#include "base/new_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <thread>

#include "base/sparse.hpp"
#include "support/call_faults.hpp"
#include "support/temp_dir.hpp"

namespace dcdn {
namespace {

namespace fs = std::filesystem;
using test::call_faults;

// user::rw-, user:65534:r--, group::---, mask::r--, other::---, as the kernel keeps it.
constexpr std::uint8_t kAccessList[] = {2,    0,    0,    0,    1,    0,    6,    0,    0xff, 0xff, 0xff,
                                        0xff, 2,    0,    4,    0,    0xfe, 0xff, 0,    0,    4,    0,
                                        0,    0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,    4,    0,    0xff,
                                        0xff, 0xff, 0xff, 0x20, 0,    0,    0,    0xff, 0xff, 0xff, 0xff};

NewFileRules replacing() {
  NewFileRules rules;
  rules.replace = true;
  return rules;
}

/// With O_TMPFILE, and as where there is none.
class NewFileTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    call_faults = test::CallFaults();
    call_faults.no_unnamed = !GetParam();
    umask_ = ::umask(022);
  }
  ~NewFileTest() override {
    ::umask(umask_);
    call_faults = test::CallFaults();
  }
  [[nodiscard]] std::string path(const std::string& name = "file") const { return dir_.path() + "/" + name; }
  void put(const std::string& name, const std::string& content, mode_t mode = 0644) const {
    UniqueFd fd(::open(path(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    ASSERT_TRUE(write_all(fd.get(), as_bytes(content), name));
    ASSERT_EQ(::fchmod(fd.get(), mode), 0);
  }
  [[nodiscard]] std::string content(const std::string& name = "file") const {
    return std::string(as_text(*read_file(path(name), 1u << 20)));
  }
  [[nodiscard]] struct stat look(const std::string& name = "file") const {
    struct stat info {};
    EXPECT_EQ(::lstat(path(name).c_str(), &info), 0) << name;
    return info;
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir_.path()), {}));
  }
  test::TempDir dir_;
  mode_t umask_ = 022;
};

INSTANTIATE_TEST_SUITE_P(UnnamedOrBeside, NewFileTest, ::testing::Bool(),
                         [](const auto& chosen) { return std::string(chosen.param ? "unnamed" : "beside"); });

TEST_P(NewFileTest, HasItsNameOnlyWhenItIsWhole) {
  {
    auto file = NewFile::create(path(), {});
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(write_all(file->fd(), as_bytes("half"), "file"));
    EXPECT_FALSE(fs::exists(path()));
  }
  EXPECT_EQ(files(), 0u) << "what is not finished is gone";
  ASSERT_TRUE(write_new_file(path(), as_bytes("whole"), {}));
  EXPECT_EQ(content(), "whole");
  EXPECT_EQ(look().st_mode & 07777u, 0644u) << "as the umask allows";
  EXPECT_EQ(files(), 1u);
}

TEST_P(NewFileTest, ReplacesNothingUnlessItIsTold) {
  put("file", "mine");
  NewFileRules rules;
  rules.exists_hint = "the way out";
  const auto refused = write_new_file(path(), as_bytes("other"), rules);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::exists);
  EXPECT_EQ(refused.error().hint, "the way out");
  // Also when it came after the look.
  fs::remove(path());
  auto file = NewFile::create(path(), rules);
  ASSERT_TRUE(file);
  put("file", "came meanwhile");
  const auto finished = file->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, Errc::exists);
  EXPECT_EQ(content(), "came meanwhile");
}

TEST_P(NewFileTest, ReplacesOnlyRegularFiles) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  ASSERT_TRUE(fs::create_directory(path("folder")));
  fs::create_symlink("pipe", path("link to a pipe"));
  fs::create_symlink("nothing", path("link to nothing"));
  const UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  std::vector<std::string> names{"pipe", "folder", "socket", "link to a pipe", "link to nothing"};
  if (::mknod(path("device").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) names.emplace_back("device");
  const std::size_t before = files();
  for (const std::string& name : names) {
    const struct stat was = look(name);
    for (const bool replace : {false, true}) {
      NewFileRules rules;
      rules.replace = replace;
      const auto written = write_new_file(path(name), as_bytes("new"), rules);
      ASSERT_FALSE(written) << name;
      EXPECT_EQ(written.error().code, Errc::exists) << name;
      EXPECT_NE(written.error().message.find(name), std::string::npos) << written.error().message;
    }
    EXPECT_EQ(look(name).st_ino, was.st_ino) << name;
  }
  EXPECT_EQ(files(), before);
}

TEST_P(NewFileTest, FollowsALinkToAFileAndLeavesTheLink) {
  fs::create_directory(path("deep"));
  put("deep/real", "old", 0600);
  fs::create_symlink("deep/real", path("link"));
  ASSERT_TRUE(write_new_file(path("link"), as_bytes("new"), replacing()));
  EXPECT_TRUE(S_ISLNK(look("link").st_mode));
  EXPECT_EQ(content("deep/real"), "new");
  EXPECT_EQ(look("deep/real").st_mode & 07777u, 0600u);
}

TEST_P(NewFileTest, ShowsWhatItReplacesAndIsNeverOpenerThanThat) {
  put("file", "secret", 0600);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::chown(path().c_str(), 1234, 4321), 0);
  }
  const bool lists =
      ::setxattr(path().c_str(), "system.posix_acl_access", kAccessList, sizeof kAccessList, 0) == 0;
  const struct stat before = look();
  auto file = NewFile::create(path(), replacing());
  ASSERT_TRUE(file);
  struct stat half {};
  ASSERT_EQ(::fstat(file->fd(), &half), 0);
  EXPECT_EQ(half.st_mode & 07777u, 0600u) << "from the first byte";
  ASSERT_TRUE(file->finish());
  const struct stat after = look();
  EXPECT_NE(after.st_ino, before.st_ino);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
  if (!lists) GTEST_SKIP() << "no access lists here";
  std::uint8_t list[sizeof kAccessList] = {};
  ASSERT_EQ(::getxattr(path().c_str(), "system.posix_acl_access", list, sizeof list), ssize_t{sizeof list});
  EXPECT_TRUE(std::equal(std::begin(list), std::end(list), std::begin(kAccessList)));
}

TEST_P(NewFileTest, TakesOverNoRightToBeSomebodyElse) {
  put("file", "program", 06755);
  ASSERT_TRUE(write_new_file(path(), as_bytes("other program"), replacing()));
  EXPECT_EQ(look().st_mode & 07777u, 0755u);
}

TEST_P(NewFileTest, ASecretIsOnesOwnWhateverWasThere) {
  put("file", "old", 0644);
  NewFileRules rules = replacing();
  rules.secret = true;
  ASSERT_TRUE(write_new_file(path(), as_bytes("new"), rules));
  EXPECT_EQ(look().st_mode & 07777u, 0600u);
  rules.replace = false;
  ::umask(0);
  ASSERT_TRUE(write_new_file(path("first"), as_bytes("new"), rules));
  EXPECT_EQ(look("first").st_mode & 07777u, 0600u);
}

TEST_P(NewFileTest, WhatAKilledWriterLeftIsRemovedAndWhatALivingOneHasIsNot) {
  put(".file.dcdn-new0", "left");
  put(".file.dcdn-new1", "held");
  const UniqueFd held(::open(path(".file.dcdn-new1").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(held.get(), LOCK_EX | LOCK_NB), 0);
  for (const std::string said : {"one", "two"}) {
    ASSERT_TRUE(write_new_file(path(), as_bytes(said), replacing()));
    EXPECT_EQ(content(), said);
  }
  EXPECT_FALSE(fs::exists(path(".file.dcdn-new0")));
  EXPECT_EQ(content(".file.dcdn-new1"), "held");
}

TEST_P(NewFileTest, WritersOfOneFileDoNotMeet) {
  const auto write = [&](std::uint8_t mark) {
    for (int i = 0; i < 20; ++i) {
      const auto written = write_file_atomically(path(), Bytes(10'000, mark), 0600);
      EXPECT_TRUE(written) << written.error().message;
    }
  };
  std::thread other(write, std::uint8_t{1});
  write(2);
  other.join();
  const auto bytes = read_file(path(), 10'000);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, Bytes(10'000, bytes->front()));
  EXPECT_EQ(files(), 1u);
}

TEST_P(NewFileTest, LongNamesFit) {
  for (const std::string& name : {std::string(255, 'a'), std::string(199, 'a') + std::string(28, '\xc3')}) {
    put(name, "old");
    const auto written = write_new_file(path(name), as_bytes("new"), replacing());
    EXPECT_TRUE(written) << written.error().message;
    EXPECT_EQ(content(name), "new");
  }
}

TEST_P(NewFileTest, TwoPathsOfOneName) {
  fs::create_directory_symlink(dir_.path(), path("here"));
  const auto one = NewFile::create(path(), {});
  const auto same = NewFile::create(path("here/file"), {});
  const auto other = NewFile::create(path("other"), {});
  ASSERT_TRUE(one && same && other);
  EXPECT_TRUE(one->is_same_name(*same));
  EXPECT_FALSE(one->is_same_name(*other));
}

TEST_P(NewFileTest, WhatCannotBeSyncedIsAnErrorAndHasNoName) {
  // The file itself, then the folder that it got its name in.
  for (const int nth : {1, 2}) {
    call_faults.arm(test::CallFaults::Do::fail, nth, "fsync");
    call_faults.no_unnamed = !GetParam();
    const auto written = write_new_file(path(), as_bytes("content"), {});
    ASSERT_FALSE(written) << nth;
    EXPECT_EQ(written.error().code, Errc::io);
    EXPECT_EQ(files(), 0u) << nth;
  }
}

TEST_P(NewFileTest, NowhereToBe) {
  for (const std::string name : {"no/such/file", "folder/", ""}) {
    const auto nowhere = write_new_file(name.empty() ? name : path(name), as_bytes("x"), replacing());
    ASSERT_FALSE(nowhere) << name;
    EXPECT_EQ(nowhere.error().code, Errc::not_found) << nowhere.error().message;
  }
}

TEST(OpenUnnamed, LeavesNoName) {
  const test::TempDir dir;
  const auto file = open_unnamed(dir.path());
  ASSERT_TRUE(file);
  EXPECT_TRUE(write_all(file->get(), as_bytes("x"), "file"));
  EXPECT_TRUE(fs::is_empty(dir.path()));
  EXPECT_EQ(open_unnamed(dir.path() + "/none").error().code, Errc::not_found);
}

TEST(Sparse, ZerosTakeNoRoomAndTheBytesAreTheSame) {
  const test::TempDir dir;
  Bytes bytes(1u << 20);
  for (const std::size_t at : {0u, 5000u, 300'000u, 700'000u}) bytes[at] = 7;
  UniqueFd whole(::open((dir.path() + "/whole").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  UniqueFd sparse(::open((dir.path() + "/sparse").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(write_all(whole.get(), bytes, "whole"));
  // In pieces that begin anywhere.
  for (std::size_t at = 0; at < bytes.size(); at += 100'001) {
    const ByteView piece = ByteView(bytes).subspan(at, std::min<std::size_t>(100'001, bytes.size() - at));
    ASSERT_TRUE(write_sparse_at(sparse.get(), piece, at, "sparse"));
  }
  ASSERT_EQ(::ftruncate(sparse.get(), static_cast<off_t>(bytes.size())), 0);
  free_zeros(whole.get(), bytes);
  for (const int fd : {whole.get(), sparse.get()}) {
    Bytes back(bytes.size() + 1);
    EXPECT_EQ(*read_full_at(fd, back, 0, "back"), bytes.size());
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), back.begin()));
    struct stat info {};
    ::fsync(fd);
    ASSERT_EQ(::fstat(fd, &info), 0);
    EXPECT_LT(info.st_blocks * 512, 200'000);
  }
}

}  // namespace
}  // namespace dcdn
