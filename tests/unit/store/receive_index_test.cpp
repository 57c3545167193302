// The index of what was delivered: what is written is read, and nothing else is believed, whatever its bytes
// are.
#include "store/receive_index.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "support/temp_dir.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;

class ReceiveIndexTest : public ::testing::Test {
 protected:
  static IndexedEntry entry(const std::string& path, LooksKind kind, std::uint64_t seed) {
    IndexedEntry made;
    made.path = path;
    made.looks.kind = kind;
    if (kind == LooksKind::directory) return made;
    made.looks.size = seed * 1000;
    made.looks.mtime_ns = -static_cast<std::int64_t>(seed) * 1'000'000'007;
    made.looks.ctime_ns = seed % 2 == 0 ? INT64_MAX - static_cast<std::int64_t>(seed) : INT64_MIN;
    made.looks.inode = seed % 3 == 0 ? UINT64_MAX : seed;
    made.unsure = seed % 5 == 0;
    made.former = seed % 7 == 0;
    made.link = seed % 11 == 0;
    return made;
  }
  static std::vector<IndexItem> items() {
    Digest digest;
    digest.bytes[3] = 9;
    std::vector<IndexItem> made = {entry("", LooksKind::directory, 0), entry("a", LooksKind::directory, 0)};
    for (std::uint64_t i = 1; i < 40; ++i) {
      made.emplace_back(entry("a/file " + std::to_string(100 + i), LooksKind::file, i));
      made.emplace_back(IndexedChunk{static_cast<std::uint32_t>(i * 100), digest});
      if (i % 4 == 0) made.emplace_back(IndexedHole{i << 40});
      if (i % 3 == 0) made.emplace_back(IndexedWhole{digest});
    }
    made.emplace_back(entry("a/link", LooksKind::symlink, 41));
    made.emplace_back(entry(std::string(250, 'n') + "/" + std::string(200, 'm'), LooksKind::file, 42));
    return made;
  }
  [[nodiscard]] std::string path() const { return temp_.path() + "/x.idx"; }
  void write(const std::vector<IndexItem>& what) const {
    auto writer = IndexWriter::create(path(), {Digest(), 7});
    ASSERT_TRUE(writer);
    for (const IndexItem& item : what) ASSERT_TRUE(writer->add(item));
    ASSERT_TRUE(writer->finish());
  }
  static std::vector<IndexItem> read(IndexReader& reader) {
    std::vector<IndexItem> found;
    while (auto item = reader.next()) found.push_back(*std::move(item));
    return found;
  }
  [[nodiscard]] Bytes bytes() const {
    std::ifstream in(path(), std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    const std::string text = all.str();
    return {text.begin(), text.end()};
  }
  void put(const Bytes& content) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  }

  test::TempDir temp_;
};

TEST_F(ReceiveIndexTest, WhatIsWrittenIsRead) {
  write(items());
  auto reader = IndexReader::open(path());
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->head(), (IndexHead{Digest(), 7}));
  EXPECT_EQ(read(*reader), items());
  EXPECT_TRUE(reader->intact());
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ReceiveIndexTest, OneThatIsLongerThanAWindow) {
  std::vector<IndexItem> many;
  for (std::uint64_t i = 0; i < 30'000; ++i)
    many.emplace_back(entry(std::to_string(1'000'000 + i) + std::string(i % 90, 'x'), LooksKind::file, i));
  write(many);
  auto reader = IndexReader::open(path());
  ASSERT_TRUE(reader);
  EXPECT_EQ(read(*reader), many);
}

TEST_F(ReceiveIndexTest, UnfinishedThereIsNone) {
  {
    auto writer = IndexWriter::create(path(), {});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->add(entry("a", LooksKind::file, 1)));
  }
  EXPECT_FALSE(IndexReader::open(path()));
  EXPECT_FALSE(fs::exists(path()));
}

// As a hostile hand that knows the digest would: nothing breaks, and no path leads out.
TEST_F(ReceiveIndexTest, NonsenseUnderARightDigestEndsIt) {
  write(items());
  const Bytes whole = bytes();
  std::mt19937_64 random(5);
  for (int i = 0; i < 3000; ++i) {
    Bytes changed(whole.begin(), whole.end() - 32);
    for (int edits = 0; edits < 1 + i % 4; ++edits) {
      const std::size_t at = 54 + random() % (changed.size() - 54);
      if (random() % 3 == 0) {
        changed.resize(at);
      } else {
        changed[at] = static_cast<std::uint8_t>(random());
      }
      if (changed.size() < 60) break;
    }
    const Digest digest = digest::blake3(changed);
    changed.insert(changed.end(), digest.bytes.begin(), digest.bytes.end());
    put(changed);
    auto reader = IndexReader::open(path());
    if (!reader) continue;
    for (const IndexItem& item : read(*reader))
      if (const auto* found = std::get_if<IndexedEntry>(&item); found != nullptr && !found->path.empty()) {
        EXPECT_TRUE(wire::check_path(found->path)) << found->path;
      }
  }
}

TEST_F(ReceiveIndexTest, TheOldestGoWhenAllTogetherAreTooLong) {
  for (int i = 0; i < 4; ++i) {
    const std::string name = temp_.path() + "/" + std::to_string(i) + ".idx";
    std::ofstream(name) << std::string(100, 'x');
    fs::last_write_time(name, fs::file_time_type::clock::now() - std::chrono::hours(10 - i));
  }
  std::ofstream(temp_.path() + "/other") << std::string(1000, 'x');
  prune_indexes(temp_.path(), 250);
  EXPECT_FALSE(fs::exists(temp_.path() + "/0.idx"));
  EXPECT_FALSE(fs::exists(temp_.path() + "/1.idx"));
  EXPECT_TRUE(fs::exists(temp_.path() + "/2.idx"));
  EXPECT_TRUE(fs::exists(temp_.path() + "/3.idx"));
  EXPECT_TRUE(fs::exists(temp_.path() + "/other"));
  prune_indexes(temp_.path() + "/nowhere", 0);
}

}  // namespace
}  // namespace dcdn::store
