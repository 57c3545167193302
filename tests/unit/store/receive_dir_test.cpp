// The folder received into: its lock, its staging, its limits.
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>

#include "store/part_object.hpp"
#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::every_chunk;
using test::file_object;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using ::testing::HasSubstr;
using wire::ObjectKind;

class ReceiveDirTest : public test::ReceiveFixture {};

TEST_F(ReceiveDirTest, DirectoryIsLockedAgainstOthersAndFreeAfterDeath) {
  auto first = ReceiveDir::open(out());
  ASSERT_TRUE(first);
  auto second = ReceiveDir::open(out());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::locked);
  EXPECT_THAT(second.error().hint, HasSubstr("-o"));
  *first = nullptr;
  EXPECT_TRUE(ReceiveDir::open(out()));
  die_after_feeding(file_object(pattern(9000, 1)), options(), every_chunk);
  EXPECT_TRUE(ReceiveDir::open(out()));
}

TEST_F(ReceiveDirTest, OneProcessOpensASlotOnce) {
  auto part = open(options());
  const auto again = try_open(options());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::locked);
  part.reset();
  EXPECT_TRUE(try_open(options()));
}

TEST_F(ReceiveDirTest, StagingFolderThatIsALinkIsRefused) {
  fs::create_directories(out());
  fs::create_directories(temp_.path() + "/elsewhere");
  fs::create_directory_symlink(temp_.path() + "/elsewhere", at(".dcdn-part"));
  EXPECT_FALSE(ReceiveDir::open(out()));
  EXPECT_TRUE(fs::is_empty(temp_.path() + "/elsewhere"));
}

TEST_F(ReceiveDirTest, LinksInStagingAreNotFollowed) {
  const MadeObject object = file_object(pattern(9000, 1));
  die_after_feeding(object, options(), [](std::size_t chunk) { return chunk == 0; });
  put(temp_.path() + "/victim", std::string(9000, 'v'));
  fs::remove(slot(options()) + "/tree/data.part");
  fs::create_symlink(temp_.path() + "/victim", slot(options()) + "/tree/data.part");
  auto part = open(options());
  EXPECT_FALSE(part->resume_point().bytes_done);
  const auto& made = object.segments[0];
  ASSERT_TRUE(part->add_segment(made.segment, made.id, made.frames));
  EXPECT_FALSE(part->write_chunk(object.order[0], object.chunks.at(object.order[0])));
  EXPECT_EQ(content_of(temp_.path() + "/victim"), Bytes(9000, 'v'));
}

TEST_F(ReceiveDirTest, WhatWasBeingRemovedIsRemovedByTheNext) {
  const MadeObject object = file_object(pattern(9000, 1));
  die_after_feeding(object, options(), [](std::size_t chunk) { return chunk == 0; });
  fs::copy(slot(options()), slot(options()) + ".old", fs::copy_options::recursive);
  fs::rename(slot(options()), slot(options()) + ".gone");
  die_after_feeding(object, options(ObjectKind::file, "other"), [](std::size_t chunk) { return chunk == 0; });
  ASSERT_TRUE(ReceiveDir::open(out()));
  EXPECT_FALSE(fs::exists(slot(options()) + ".gone"));
  EXPECT_FALSE(fs::exists(slot(options()) + ".old")) << "what was set aside of it";
  EXPECT_TRUE(fs::exists(slot(options(ObjectKind::file, "other")) + "/have.map"))
      << "that can be gone on with";
}

TEST_F(ReceiveDirTest, CleanRemovesOldStagingOnly) {
  const MadeObject object = file_object(pattern(9000, 1));
  die_after_feeding(object, options(), [](std::size_t chunk) { return chunk == 0; });
  die_after_feeding(object, options(ObjectKind::file, "second"),
                    [](std::size_t chunk) { return chunk == 0; });
  auto dir = ReceiveDir::open(out());
  ASSERT_TRUE(dir);
  EXPECT_GT(*(*dir)->settled_bytes(), 2 * 4096u);
  EXPECT_GT((*dir)->room()->bytes, 0u);
  const auto now = ::time(nullptr);
  EXPECT_EQ(*(*dir)->clean(now - 3600), 0);
  {
    auto busy = PartObject::open(*dir, options());
    ASSERT_TRUE(busy);
    EXPECT_EQ(*(*dir)->clean(now + 3600), 1);
  }
  EXPECT_TRUE(fs::exists(slot(options())));
  EXPECT_EQ(*(*dir)->clean(now + 3600), 1);
  EXPECT_EQ(*(*dir)->settled_bytes(), 0u);
}

TEST_F(ReceiveDirTest, LargerThanTheDiskIsRefusedAtOnce) {
  ObjectMaker maker(ObjectKind::file);
  maker.begin_file("", 0644, 0, wire::kMaxObjectBytes);
  maker.cut(false);
  MadeObject object = maker.finish();
  dir_ = *ReceiveDir::open(out());
  auto chosen = options();
  chosen.promise = std::make_shared<PromiseLedger>(ReceiveLimits{}, dir_)->open();
  auto part = open(chosen);
  const auto& made = object.segments[0];
  const auto need = part->add_segment(made.segment, made.id, made.frames);
  ASSERT_FALSE(need);
  EXPECT_EQ(need.error().code, Errc::no_space);
}

// A file system with room for 64 pages, gone with the object.
class TinyDisk {
 public:
  explicit TinyDisk(std::string path) : path_(std::move(path)) {
    fs::create_directories(path_);
    mounted_ = ::mount("tiny", path_.c_str(), "tmpfs", 0, "size=256k") == 0;
  }
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;
  ~TinyDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST_F(ReceiveDirTest, FullDiskIsToldAndNothingIsLost) {
  const TinyDisk disk(out());
  if (!disk.mounted()) GTEST_SKIP() << "may not mount a small file system here";
  const Bytes content = pattern(160'000, 1);
  const MadeObject object = file_object(content, 4096, 8);
  auto part = open(options());
  feed(*part, object, [](std::size_t) { return false; });
  put(at("filler"), "");
  {
    std::ofstream filler(at("filler"), std::ios::binary);
    filler << std::string(100'000, 'f');
  }
  bool full = false;
  for (const Digest& digest : object.order) {
    const auto written = part->write_chunk(digest, object.chunks.at(digest));
    if (written) continue;
    full = true;
    EXPECT_EQ(written.error().code, Errc::no_space);
    EXPECT_TRUE(part->wanted(digest));
  }
  EXPECT_TRUE(full);
  const std::uint64_t done = part->bytes_done();
  EXPECT_LT(done, content.size());
  part.reset();
  part = open(options());
  EXPECT_EQ(part->resume_point().bytes_done, done);
  fs::remove(at("filler"));
  feed(*part, object);
  EXPECT_EQ(content_of(finalized(*part)), content);
  part.reset();
  dir_.reset();
}

TEST_F(ReceiveDirTest, ManifestThatDoesNotFitIsTakenBack) {
  const MadeObject object = file_object(pattern(40'000, 1));
  auto part = open(options());
  feed(*part, object, [](std::size_t) { return false; });
  part.reset();
  fs::remove_all(slot(options()));
  part = open(options());
  const auto& first = object.segments[0];
  const auto& second = object.segments[1];
  ASSERT_TRUE(part->add_segment(first.segment, first.id, first.frames));
  const auto size = fs::file_size(slot(options()) + "/manifest.dcs");
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit little { size + 50, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto need = part->add_segment(second.segment, second.id, second.frames);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(need);
  EXPECT_EQ(need.error().code, Errc::no_space);
  EXPECT_EQ(fs::file_size(slot(options()) + "/manifest.dcs"), size);
  feed(*part, object);
  finalized(*part);
}

}  // namespace
}  // namespace dcdn::store
