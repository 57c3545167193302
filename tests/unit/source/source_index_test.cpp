#include "source/source_index.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <iterator>
#include <set>

#include "compress/codec.hpp"
#include "source/index_file.hpp"
#include "support/pack_fixture.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;

class SourceIndexTest : public ::testing::Test {
 protected:
  SourceIndexTest() {
    request_ = file_request(top(), 1u << 16);
    request_.object.kind = wire::ObjectKind::tree;
    fs::create_directories(top());
  }
  [[nodiscard]] std::string top() const { return dir_.path() + "/t"; }
  [[nodiscard]] std::string folder() const { return dir_.path() + "/index"; }
  [[nodiscard]] std::string path() const { return folder() + "/one.idx"; }
  void put(const std::string& path, std::size_t size) const {
    fs::create_directories(fs::path(top() + "/" + path).parent_path());
    Bytes content(size);
    for (std::size_t i = 0; i < size; ++i)
      content[i] = static_cast<std::uint8_t>(i * 7 + i / 256 + path.size());
    write_bytes(top() + "/" + path, content);
  }
  static std::size_t files_of(const wire::Segment& segment) {
    std::size_t files = 0;
    for (const wire::Record& record : segment.records) {
      const auto* begin = std::get_if<wire::EntryBegin>(&record);
      files += begin != nullptr && begin->kind == wire::EntryKind::file ? 1 : 0;
    }
    return files;
  }
  /// An index of the packed tree; the inode of the n-th file is n.
  void write_index(const Packed& packed) const {
    auto writer = source::IndexWriter::start(folder(), path());
    ASSERT_TRUE(writer.has_value()) << writer.error().message;
    std::uint64_t inode = 0;
    for (const auto& segment : packed.segments) {
      const ByteView frames = segment.frames.view();
      const ByteView body = frames.subspan(wire::kHeaderBytes, Packed::body_bytes(frames));
      std::vector<wire::FileLook> looks(files_of(*wire::parse_segment(body)));
      for (wire::FileLook& look : looks) look.inode = inode++;
      writer->add(body, segment.id, looks);
    }
    const auto finished = writer->finish();
    ASSERT_TRUE(finished.has_value()) << finished.error().message;
  }
  struct Seen {
    std::uint64_t size = 0;
    std::uint64_t inode = 0;
    std::uint64_t content = 0;
    bool digest = false;
  };
  static std::map<std::string, Seen> all_of(source::SourceIndex& index,
                                            const std::vector<std::string>& paths) {
    std::map<std::string, Seen> seen;
    for (const std::string& path : paths) {
      const source::KnownFile* file = index.find(path);
      if (file == nullptr) continue;
      Seen& one = seen[path];
      one.size = *file->begin.size;
      one.inode = file->look.inode;
      while (const auto piece = index.next_piece()) {
        if (piece->chunk) {
          EXPECT_LT(piece->chunk_offset, piece->chunk->record().content_size);
        }
        const std::uint64_t left =
            piece->chunk ? piece->chunk->record().content_size - piece->chunk_offset : piece->size;
        one.content += std::min(left, one.size - one.content);
      }
      one.digest = index.digest().has_value();
    }
    return seen;
  }

  TempDir dir_;
  source::PackRequest request_;
};

TEST_F(SourceIndexTest, FindsWhatWasSentInTheOrderOfTheWalk) {
  const std::vector<std::string> paths = {"a/1",     "a/2",     "a/3",     "a.x",
                                          "b/large", "b/small", "c/empty", "d/huge"};
  for (const char* path : {"a/1", "a/2", "a/3", "a.x", "b/small"}) put(path, 5000);
  put("b/large", 300'000);
  put("c/empty", 0);
  put("d/huge", 12u << 20);
  const Packed packed = pack(request_);
  ASSERT_GT(packed.segments.size(), 1u);
  write_index(packed);
  auto index = source::SourceIndex::open(path());
  ASSERT_NE(index, nullptr);
  auto seen = all_of(*index, paths);
  ASSERT_EQ(seen.size(), paths.size());
  std::uint64_t inode = 0;
  for (const std::string& path : paths) {
    EXPECT_EQ(seen[path].size, fs::file_size(top() + "/" + path)) << path;
    EXPECT_EQ(seen[path].content, seen[path].size) << path;
    EXPECT_EQ(seen[path].inode, inode++) << path;
    // Of a pack there is none; b/small is alone in its own.
    EXPECT_EQ(seen[path].digest, path[0] != 'a') << path;
  }
  // What is not there, or was not sent, and what is passed over.
  auto again = source::SourceIndex::open(path());
  EXPECT_EQ(again->find("a/0"), nullptr);
  EXPECT_EQ(again->find("a/11"), nullptr);
  ASSERT_NE(again->find("b/small"), nullptr);
  EXPECT_EQ(again->find("b/small2"), nullptr);
  EXPECT_EQ(again->find("c"), nullptr) << "a folder";
  ASSERT_NE(again->find("d/huge"), nullptr);
  EXPECT_EQ(again->find("e"), nullptr);
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_F(SourceIndexTest, IsUsedAsFarAsItIsIntact) {
  std::vector<std::string> paths;
  for (int i = 0; i < 3; ++i) {
    paths.push_back("large" + std::to_string(i));
    put(paths.back(), 9u << 20);
  }
  const Packed packed = pack(request_);
  ASSERT_GE(packed.segments.size(), 3u);
  write_index(packed);
  const auto whole = read_file(path(), 1u << 20);
  ASSERT_TRUE(whole.has_value());
  std::size_t before = 0;
  for (std::size_t size = 0; size <= whole->size(); ++size) {
    write_bytes(path(), ByteView(*whole).first(size));
    auto index = source::SourceIndex::open(path());
    const std::size_t found = all_of(*index, paths).size();
    EXPECT_GE(found, before) << size;
    before = found;
  }
  EXPECT_EQ(before, paths.size());
  for (std::size_t at = 0; at < whole->size(); at += 13) {
    Bytes flipped = *whole;
    flipped[at] ^= 0x10;
    write_bytes(path(), flipped);
    auto index = source::SourceIndex::open(path());
    for (const auto& [path, seen] : all_of(*index, paths))
      EXPECT_EQ(seen.size, 9u << 20) << path << ", byte " << at;
  }
}

TEST_F(SourceIndexTest, LooksOfAnotherSegmentOrAnotherZstdAreNotTaken) {
  put("file", 5000);
  const Packed packed = pack(request_);
  const ByteView frames = packed.segments[0].frames.view();
  const ByteView body = frames.subspan(wire::kHeaderBytes, Packed::body_bytes(frames));
  const auto is_found = [&](const wire::SegmentLooks& looks) {
    Bytes bytes;
    wire::append_frame(bytes, wire::FrameType::segment, body);
    wire::append_frame(bytes, wire::FrameType::stat, wire::encode(looks));
    fs::create_directories(folder());
    write_bytes(path(), bytes);
    return source::SourceIndex::open(path())->find("file") != nullptr;
  };
  const wire::SegmentLooks right{packed.segments[0].id, compress::zstd_version(), {{}}};
  EXPECT_TRUE(is_found(right));
  wire::SegmentLooks wrong = right;
  wrong.zstd += 1;
  EXPECT_FALSE(is_found(wrong));
  wrong = right;
  wrong.segment.bytes[0] ^= 1;
  EXPECT_FALSE(is_found(wrong));
  wrong = right;
  wrong.files.emplace_back();
  EXPECT_FALSE(is_found(wrong));
  wrong.files.clear();
  EXPECT_FALSE(is_found(wrong));
}

TEST_F(SourceIndexTest, NoFileIsNoIndex) {
  EXPECT_EQ(source::SourceIndex::open(path()), nullptr);
  fs::create_directories(path());
  auto folder = source::SourceIndex::open(path());
  EXPECT_TRUE(folder == nullptr || folder->find("file") == nullptr);
}

TEST_F(SourceIndexTest, EveryWayOfSendingHasItsOwn) {
  put("file", 1);
  const source::IndexKey key{top(), "t", "inside", "auto", "host:1"};
  std::set<std::string> names = {source::index_path("/i", key)};
  for (int i = 0; i < 5; ++i) {
    source::IndexKey other = key;
    std::string* const members[] = {&other.path, &other.name, &other.symlinks, &other.compress,
                                    &other.receivers};
    *members[i] = i == 0 ? top() + "/file" : *members[i] + "x";
    names.insert(source::index_path("/i", other));
  }
  EXPECT_EQ(names.size(), 6u);
  source::IndexKey same = key;
  same.path = top() + "/../t/.";
  EXPECT_EQ(source::index_path("/i", same), source::index_path("/i", key));
  same.path = top() + "/nothing";
  EXPECT_EQ(source::index_path("/i", same), "");
}

TEST_F(SourceIndexTest, TheLeastRecentlyUsedGoFirstAndOthersStay) {
  fs::create_directories(folder());
  const auto make = [&](const std::string& name, std::int64_t days) {
    write_bytes(folder() + "/" + name, Bytes(1000));
    const timespec time{::time(nullptr) - days * 24 * 3600, 0};
    const timespec times[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder() + "/" + name).c_str(), times, 0), 0);
  };
  make("new.idx", 0);
  make("week.idx", 7);
  make("month.idx", 30);
  make("unused.idx", 91);
  make("other", 400);
  source::tidy_indexes(folder(), 2500);
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder())) left.insert(entry.path().filename().string());
  EXPECT_EQ(left, (std::set<std::string>{"new.idx", "week.idx", "other"}));
  source::tidy_indexes(folder() + "/nothing");
}

TEST_F(SourceIndexTest, WhatIsNotFinishedLeavesTheOldOne) {
  put("file", 5000);
  const Packed packed = pack(request_);
  write_index(packed);
  const auto before = read_file(path(), 1u << 20);
  {
    auto writer = source::IndexWriter::start(folder(), path());
    ASSERT_TRUE(writer.has_value());
    writer->add(Bytes(100), Digest(), {});
  }
  EXPECT_EQ(*read_file(path(), 1u << 20), *before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace dcdn::test
