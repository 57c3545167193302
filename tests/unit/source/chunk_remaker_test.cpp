#include "source/chunk_remaker.hpp"

#include <filesystem>

#include "base/text.hpp"
#include "support/pack_fixture.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;

class ChunkRemakerTest : public ::testing::Test {
 protected:
  ChunkRemakerTest() {
    request_ = file_request(top(), 1u << 16);
    request_.object.kind = wire::ObjectKind::tree;
    request_.compress.choice.mode = compress::CompressMode::automatic;
    fs::create_directories(top());
  }
  [[nodiscard]] std::string top() const { return dir_.path() + "/t"; }
  void put(const std::string& path, ByteView content) const {
    fs::create_directories(fs::path(top() + "/" + path).parent_path());
    write_bytes(top() + "/" + path, content);
  }
  static Bytes text(std::size_t size, const std::string& word) {
    Bytes bytes;
    for (std::size_t i = 0; bytes.size() < size; ++i)
      for (const char one : word + " " + std::to_string(i) + "\n")
        bytes.push_back(static_cast<std::uint8_t>(one));
    bytes.resize(size);
    return bytes;
  }
  [[nodiscard]] source::ChunkRemaker remaker() const {
    return source::ChunkRemaker({top(), request_.object.kind, request_.walk.symlinks, request_.compress});
  }
  /// All chunks of the segment without their bytes, and made again.
  static Result<source::PackedSegmentPtr> remade(source::ChunkRemaker& remaker,
                                                 const source::PackedSegment& segment) {
    work::WorkerPool workers(2);
    BufferPool pool(0);
    source::PackedSegment bare = segment;
    auto chunks = source::chunks_without_bytes(segment.frames.view());
    if (!chunks) return chunks.error();
    bare.chunks = *std::move(chunks);
    return remaker.remake(bare, std::vector<bool>(bare.chunks.size(), true), workers, pool,
                          [] { return false; });
  }
  void expect_the_same(const Packed& packed) const {
    ASSERT_TRUE(packed.result.has_value());
    auto again = remaker();
    for (const source::PackedSegment& segment : packed.segments) {
      const auto made = remade(again, segment);
      ASSERT_TRUE(made.has_value()) << made.error().message;
      ASSERT_EQ((*made)->chunks.size(), segment.chunks.size());
      for (std::size_t i = 0; i < segment.chunks.size(); ++i)
        EXPECT_EQ(to_hex((*made)->chunks[i].carried.view()), to_hex(segment.chunks[i].carried.view())) << i;
    }
  }

  TempDir dir_;
  source::PackRequest request_;
};

TEST_F(ChunkRemakerTest, PacksAndPiecesOfLargeFilesAndBetweenHoles) {
  for (int i = 0; i < 40; ++i)
    put("a/" + std::to_string(i % 7) + "/" + std::to_string(i), text(9000, "small"));
  put("b/empty", {});
  Bytes large = text(10u << 20, "large");
  std::fill(large.begin() + (1 << 20), large.begin() + (3 << 20), std::uint8_t{0});
  put("b/large", large);
  put("c", text(100, "last"));
  const Packed packed = pack(request_);
  ASSERT_GT(packed.segments.size(), 1u);
  expect_the_same(packed);
}

TEST_F(ChunkRemakerTest, OneFile) {
  request_.object.kind = wire::ObjectKind::file;
  request_.path = top() + "/file";
  put("file", text(1u << 20, "one"));
  const Packed packed = pack(request_);
  source::ChunkRemaker again({request_.path, wire::ObjectKind::file, {}, request_.compress});
  const auto made = remade(again, packed.segments.front());
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ((*made)->chunks.front().record, packed.segments.front().chunks.front().record);
}

TEST_F(ChunkRemakerTest, WhatChangedOrWentIsNotMade) {
  put("a/file", text(5000, "before"));
  const Packed packed = pack(request_);
  const auto expect_changed = [&](const std::string& what) {
    auto again = remaker();
    const auto made = remade(again, packed.segments.front());
    ASSERT_FALSE(made.has_value()) << what;
    EXPECT_EQ(made.error().code, Errc::changed) << what;
    EXPECT_NE(made.error().message.find("a/file"), std::string::npos) << made.error().message;
  };
  put("a/file", text(5000, "after"));
  expect_changed("other bytes");
  put("a/file", text(4999, "before"));
  expect_changed("shorter");
  fs::remove(top() + "/a/file");
  expect_changed("gone");
  fs::create_directory(top() + "/a/file");
  expect_changed("a folder");
  fs::remove_all(top() + "/a");
  expect_changed("its folder is gone");
}

TEST_F(ChunkRemakerTest, NoLinkIsFollowedThatTheWalkDidNotFollow) {
  put("a/file", text(5000, "before"));
  const Packed packed = pack(request_);
  fs::rename(top() + "/a", dir_.path() + "/elsewhere");
  fs::create_directory_symlink(dir_.path() + "/elsewhere", top() + "/a");
  auto again = remaker();
  const auto made = remade(again, packed.segments.front());
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, Errc::changed);
  request_.walk.symlinks = source::Symlinks::follow;
  auto following = remaker();
  EXPECT_TRUE(remade(following, packed.segments.front()).has_value());
}

}  // namespace
}  // namespace dcdn::test
