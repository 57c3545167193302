// One entry of a tree that cannot be read costs only itself: each way in which that happens, and --strict.
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "source/source_file.hpp"
#include "support/pack_fixture.hpp"
#include "wire/left_out.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;
using wire::LeftOutReason;

// A user whom modes keep out, as they do not root.
class AsNobody {
 public:
  AsNobody() : was_(::geteuid()) {
    if (was_ == 0 && ::seteuid(65534) != 0) ADD_FAILURE() << "seteuid";
  }
  ~AsNobody() {
    if (was_ == 0 && ::seteuid(0) != 0) ADD_FAILURE() << "seteuid";
  }

 private:
  uid_t was_;
};

class PartialTree : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(top());
    write_bytes(top() + "/a", pattern(1'000'000, 1));  // large: read while others change
    write_text(top() + "/z", "the last one");
    fs::permissions(dir_.path(), fs::perms(0755));
    request_ = file_request(top());
    request_.object.kind = wire::ObjectKind::tree;
    request_.left_out = [this](const std::string& path, const Error& why) {
      told_.push_back(path);
      codes_.push_back(why.code);
    };
  }

  /// In the middle of reading `a`.
  void meanwhile(const std::function<void()>& happens) {
    request_.chunk_bytes = [happens, done = false](std::uint64_t segment) mutable {
      if (segment == 1 && !std::exchange(done, true)) happens();
      return 4096u;
    };
  }

  /// Everything but `path` is there, the manifest is one that receivers take, and with --strict nothing goes.
  void expect_left_out(const std::string& path, LeftOutReason reason, const std::string& also_missing = "") {
    const Packed packed = pack(request_);
    ASSERT_TRUE(packed.result.has_value()) << packed.result.error().message;
    ASSERT_EQ(told_, std::vector<std::string>{path});
    EXPECT_EQ(wire::reason_of(codes_.front()), reason);
    std::vector<std::string> files;
    std::vector<std::string> ended;
    std::vector<wire::LeftOut> left;
    for (const wire::Record& record : packed.records()) {
      const auto* begin = std::get_if<wire::EntryBegin>(&record);
      if (begin != nullptr && begin->kind == wire::EntryKind::file) files.push_back(begin->path);
      if (std::holds_alternative<wire::EntryEnd>(record)) ended.push_back(files.back());
      if (const auto* one = std::get_if<wire::LeftOut>(&record)) left.push_back(*one);
    }
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left.front(), (wire::LeftOut{reason, path}));
    for (const std::string other : {"a", "z"}) {
      const bool expected = other != path && other != also_missing;
      EXPECT_EQ(std::find(ended.begin(), ended.end(), other) != ended.end(), expected) << other;
    }
    expect_a_good_chain(packed);
  }

  [[nodiscard]] std::string top() const { return dir_.path() + "/t"; }

  TempDir dir_;
  source::PackRequest request_;
  std::vector<std::string> told_;
  std::vector<Errc> codes_;
};

TEST_F(PartialTree, AFileThatVanishesBeforeItIsReached) {
  write_text(top() + "/b", "soon gone");
  meanwhile([&] { fs::remove(top() + "/b"); });
  expect_left_out("b", LeftOutReason::changed);
}

TEST_F(PartialTree, AFileThatShrinksWhileItIsRead) {
  meanwhile([&] { fs::resize_file(top() + "/a", 100'000); });
  expect_left_out("a", LeftOutReason::changed);
}

TEST_F(PartialTree, AFileThatIsRewrittenWhileItIsRead) {
  meanwhile([&] { write_bytes(top() + "/a", pattern(1'000'000, 7)); });
  expect_left_out("a", LeftOutReason::changed);
}

TEST_F(PartialTree, AFileThatWeMayNotRead) {
  write_text(top() + "/b", "private");
  fs::permissions(top() + "/b", fs::perms::none);
  const AsNobody nobody;
  expect_left_out("b", LeftOutReason::permission);
}

TEST_F(PartialTree, AFolderThatWeMayNotRead) {
  fs::create_directories(top() + "/b/inside");
  fs::permissions(top() + "/b", fs::perms::none);
  {
    const AsNobody nobody;
    expect_left_out("b", LeftOutReason::permission);
  }
  fs::permissions(top() + "/b", fs::perms::owner_all);
}

TEST_F(PartialTree, AFolderThatIsNestedTooDeep) {
  std::string deep;
  for (std::size_t i = 0; i <= wire::kMaxDepth; ++i) deep += "/d";
  fs::create_directories(top() + deep);
  expect_left_out(deep.substr(1, 2 * wire::kMaxDepth - 1), LeftOutReason::limit);
}

TEST_F(PartialTree, AFolderThatALinkLeadsBackTo) {
  fs::create_symlink(".", top() + "/again");
  request_.walk.symlinks = source::Symlinks::follow;
  expect_left_out("again", LeftOutReason::limit);
}

TEST_F(PartialTree, AllOrNothingIfThatIsAskedFor) {
  write_text(top() + "/b", "soon gone");
  request_.walk.strict = true;
  meanwhile([&] { fs::remove(top() + "/b"); });
  Packed packed = pack(request_);
  ASSERT_FALSE(packed.result.has_value());
  EXPECT_EQ(packed.result.error().code, Errc::changed);
  meanwhile([&] { fs::resize_file(top() + "/a", 100'000); });
  packed = pack(request_);
  ASSERT_FALSE(packed.result.has_value());
  EXPECT_EQ(packed.result.error().code, Errc::changed);
  EXPECT_TRUE(told_.empty());
}

TEST_F(PartialTree, AFileThatOnlyGrewIsSentAsItWas) {
  meanwhile([&] { std::ofstream(top() + "/a", std::ios::app) << "one more line"; });
  const Packed packed = pack(request_);
  ASSERT_TRUE(packed.result.has_value());
  EXPECT_TRUE(told_.empty());
}

// What the walk saw is gone when it is opened, or something else is there.
TEST_F(PartialTree, OpenedIsOnlyWhatTheWalkSaw) {
  write_text(top() + "/secret", "secret");
  const UniqueFd folder(::open(top().c_str(), O_RDONLY | O_DIRECTORY));
  struct stat info {};
  ASSERT_EQ(::stat((top() + "/z").c_str(), &info), 0);
  source::SourceEntry entry;
  entry.begin.path = entry.leaf = "z";
  entry.disk_path = top() + "/z";
  entry.parent = folder.get();
  entry.mark = source::FileMark(info);
  EXPECT_TRUE(source::SourceFile::open(entry).has_value());
  fs::remove(top() + "/z");
  EXPECT_EQ(source::SourceFile::open(entry).error().code, Errc::changed);
  fs::create_symlink("secret", top() + "/z");
  EXPECT_EQ(source::SourceFile::open(entry).error().code, Errc::changed);
  fs::remove(top() + "/z");
  ASSERT_EQ(::mkfifo((top() + "/z").c_str(), 0600), 0);
  EXPECT_EQ(source::SourceFile::open(entry).error().code, Errc::changed);
  fs::remove(top() + "/z");
  write_text(top() + "/saved", "by an editor");
  fs::rename(top() + "/saved", top() + "/z");
  const auto replaced = source::SourceFile::open(entry);
  ASSERT_TRUE(replaced.has_value()) << replaced.error().message;
  EXPECT_EQ(replaced->size(), 12u);
}

}  // namespace
}  // namespace dcdn::test
