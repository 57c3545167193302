#include "source/object_packer.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "digest/hasher.hpp"
#include "support/pack_fixture.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;

TEST(ObjectPacker, FilesOfEveryInterestingSizeComeBack) {
  const TempDir dir;
  for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 8192u, 300'000u, 1'048'577u}) {
    SCOPED_TRACE(size);
    const Bytes content = pattern(size, size + 1);
    write_bytes(dir.path() + "/f", content);
    const Packed packed = pack(file_request(dir.path() + "/f"));
    ASSERT_TRUE(packed.result.has_value());
    EXPECT_TRUE(packed.segments.back().final);
    EXPECT_EQ(content_of(packed), content);
    const auto records = packed.records();
    EXPECT_EQ(std::get<wire::EntryEnd>(records.back()).content, digest::blake3(content));
    EXPECT_EQ(std::get<wire::EntryEnd>(records.back()).size, size);
  }
}

TEST(ObjectPacker, EqualInputGivesTheSameObjectId) {
  const TempDir dir;
  write_bytes(dir.path() + "/f", pattern(200'000, 7));
  EXPECT_EQ(pack(file_request(dir.path() + "/f")).id(), pack(file_request(dir.path() + "/f")).id());
  EXPECT_NE(pack(file_request(dir.path() + "/f")).id(), pack(file_request(dir.path() + "/f", 8192)).id());
}

TEST(ObjectPacker, HolesAndWrittenZerosAreTheSameAndCarryNothing) {
  const TempDir dir;
  const Bytes tail = pattern(5000, 3);
  Bytes content(1u << 20);
  content.insert(content.end(), tail.begin(), tail.end());
  write_bytes(dir.path() + "/full", content);
  const int fd = ::open((dir.path() + "/sparse").c_str(), O_WRONLY | O_CREAT, 0644);
  ASSERT_GE(fd, 0);
  UniqueFd sparse(fd);
  ASSERT_TRUE(write_all_at(fd, tail, 1u << 20, "sparse").has_value());
  const timespec times[2] = {{5, 0}, {5, 0}};
  ASSERT_EQ(::futimens(fd, times), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir.path() + "/full").c_str(), times, 0), 0);
  const Packed full = pack(file_request(dir.path() + "/full"));
  const Packed holed = pack(file_request(dir.path() + "/sparse"));
  ASSERT_TRUE(full.result.has_value());
  EXPECT_EQ(full.id(), holed.id());
  EXPECT_EQ(content_of(holed), content);
  std::size_t carried = 0;
  for (const auto& chunk : full.segments[0].chunks) carried += chunk.carried.size();
  EXPECT_EQ(carried, tail.size());
  EXPECT_EQ(std::get<wire::EntryEnd>(full.records().back()).content, digest::blake3(tail))
      << "holes are no data";
}

// Its hole costs nothing: neither to read nor to hash.
TEST(ObjectPacker, AFileOfATerabyteThatIsEmptyIsPackedAtOnce) {
  const TempDir dir;
  const std::string path = dir.path() + "/image";
  write_bytes(path, pattern(5000, 3));
  std::error_code none;
  fs::resize_file(path, std::uintmax_t{1} << 40, none);
  if (none) GTEST_SKIP() << "no such files here";
  const auto start = std::chrono::steady_clock::now();
  const Packed packed = pack(file_request(path));
  ASSERT_TRUE(packed.result.has_value()) << packed.result.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(std::get<wire::EntryEnd>(packed.records().back()).size, std::uint64_t{1} << 40);
}

// The digest that is checked again is that of the data; what was zero has to be so still.
TEST(ObjectPacker, AFileWithHolesMayGrowButNotChange) {
  for (const bool fills_hole : {false, true}) {
    const TempDir dir;
    const std::string path = dir.path() + "/log";
    Bytes content = pattern(600'000, 2);
    std::fill_n(content.begin() + 8192, 100'000, std::uint8_t{0});
    std::fill_n(content.end() - 20'000, 20'000, std::uint8_t{0});
    write_bytes(path, content);
    auto request = file_request(path);
    bool touched = false;
    request.chunk_bytes = [&](std::uint64_t index) {
      if (index == 1 && !std::exchange(touched, true)) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(0, std::ios::end);
        file << "one more line";
        file.seekp(fills_hole ? 20'000 : 0);
        file << (fills_hole ? 'x' : static_cast<char>(content[0]));
      }
      return 4096u;
    };
    const Packed packed = pack(request);
    ASSERT_TRUE(touched);
    EXPECT_EQ(packed.result.has_value(), !fills_hole);
    if (!fills_hole) {
      EXPECT_EQ(content_of(packed), content);
    }
  }
}

TEST(ObjectPacker, EqualChunksAreCarriedOnceUnlessRepeatsAreWanted) {
  const TempDir dir;
  const Bytes piece = pattern(4096, 1);
  Bytes content;
  for (int i = 0; i < 5; ++i) content.insert(content.end(), piece.begin(), piece.end());
  write_bytes(dir.path() + "/f", content);
  auto request = file_request(dir.path() + "/f");
  const auto carried_once = [](const Packed& packed) {
    std::size_t count = 0;
    for (const auto& segment : packed.segments)
      for (const auto& chunk : segment.chunks) count += chunk.repeat ? 0 : 1;
    return count;
  };
  EXPECT_EQ(carried_once(pack(request)), 1u);
  request.object.repeats_omitted = false;
  EXPECT_EQ(carried_once(pack(request)), 5u);
}

TEST(ObjectPacker, ATreeListsEntriesInTheManifestsOrder) {
  const TempDir dir;
  fs::create_directories(dir.path() + "/t/a/inner");
  fs::create_directories(dir.path() + "/t/empty");
  write_text(dir.path() + "/t/a.b", "x");
  write_text(dir.path() + "/t/a/inner/deep", "y");
  fs::create_symlink("a/inner", dir.path() + "/t/link");
  auto request = file_request(dir.path() + "/t");
  request.object.kind = wire::ObjectKind::tree;
  const Packed packed = pack(request);
  ASSERT_TRUE(packed.result.has_value());
  std::vector<std::string> paths;
  for (const auto& record : packed.records())
    if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) paths.push_back(begin->path);
  EXPECT_EQ(paths, (std::vector<std::string>{"", "a", "a/inner", "a/inner/deep", "a.b", "empty", "link"}));
}

TEST(ObjectPacker, ASymlinkThatLeavesTheTreeIsRefusedByName) {
  const TempDir dir;
  fs::create_directories(dir.path() + "/t/d");
  auto request = file_request(dir.path() + "/t");
  request.object.kind = wire::ObjectKind::tree;
  for (const char* target : {"/etc/passwd", "../..", "../../x", "a/../../../y", ""}) {
    if (*target == '\0') continue;  // the system makes no such link
    SCOPED_TRACE(target);
    fs::remove(dir.path() + "/t/d/bad");
    fs::create_symlink(target, dir.path() + "/t/d/bad");
    const Packed packed = pack(request);
    ASSERT_FALSE(packed.result.has_value());
    EXPECT_EQ(packed.result.error().code, Errc::refused);
    EXPECT_NE(packed.result.error().message.find("bad"), std::string::npos);
  }
  fs::remove(dir.path() + "/t/d/bad");
  fs::create_symlink("../d/../x", dir.path() + "/t/d/good");
  EXPECT_TRUE(pack(request).result.has_value());
}

TEST(ObjectPacker, AFileThatChangesWhileItIsReadIsAnErrorNotAMixture) {
  const TempDir dir;
  const std::string path = dir.path() + "/f";
  write_bytes(path, pattern(3'000'000, 2));
  auto request = file_request(path);
  bool touched = false;
  request.chunk_bytes = [&](std::uint64_t index) {
    if (index == 1 && !std::exchange(touched, true)) fs::resize_file(path, 100'000);
    return 4096u;
  };
  const Packed packed = pack(request);
  ASSERT_TRUE(touched);
  ASSERT_FALSE(packed.result.has_value());
  EXPECT_EQ(packed.result.error().code, Errc::changed);
  EXPECT_FALSE(packed.segments.empty() ? false : packed.segments.back().final);
}

TEST(ObjectPacker, OfAFileThatGrowsWhatWasThereIsSent) {
  const TempDir dir;
  const std::string path = dir.path() + "/log";
  const Bytes content = pattern(300'000, 2);
  write_bytes(path, content);
  auto request = file_request(path);
  bool grown = false;
  request.chunk_bytes = [&](std::uint64_t index) {
    if (index == 1 && !std::exchange(grown, true)) std::ofstream(path, std::ios::app) << "one more line";
    return 4096u;
  };
  const Packed packed = pack(request);
  ASSERT_TRUE(grown);
  ASSERT_TRUE(packed.result.has_value()) << packed.result.error().message;
  EXPECT_EQ(content_of(packed), content);
  EXPECT_EQ(std::get<wire::EntryEnd>(packed.records().back()).content, digest::blake3(content));
}

TEST(ObjectPacker, AFileThatIsChangedInPlaceIsAnErrorAlsoIfItGrew) {
  const TempDir dir;
  const std::string path = dir.path() + "/f";
  write_bytes(path, pattern(3'000'000, 2));
  auto request = file_request(path);
  bool changed = false;
  request.chunk_bytes = [&](std::uint64_t index) {
    if (index == 1 && !std::exchange(changed, true)) write_bytes(path, pattern(3'000'001, 3));
    return 4096u;
  };
  const Packed packed = pack(request);
  ASSERT_TRUE(changed);
  ASSERT_FALSE(packed.result.has_value());
  EXPECT_EQ(packed.result.error().code, Errc::changed);
}

TEST(ObjectPacker, WhatTheKernelMakesUpIsReadToItsEnd) {
  for (const std::string path :
       {"/proc/version", "/proc/self/maps", "/sys/kernel/mm/transparent_hugepage/enabled"}) {
    if (!fs::exists(path)) continue;
    SCOPED_TRACE(path);
    const auto expected = read_file(path, 1u << 24);
    ASSERT_TRUE(expected.has_value());
    const Packed packed = pack(file_request(path));
    ASSERT_TRUE(packed.result.has_value()) << packed.result.error().message;
    const Bytes content = content_of(packed);
    EXPECT_FALSE(content.empty());
    if (path != "/proc/self/maps") {
      EXPECT_EQ(content, *expected);
    }
  }
}

TEST(ObjectPacker, ATreeTellsModeAndTimeOfItsOwnFolder) {
  const TempDir dir;
  fs::create_directories(dir.path() + "/t");
  fs::permissions(dir.path() + "/t", fs::perms::owner_all);
  auto request = file_request(dir.path() + "/t");
  request.object.kind = wire::ObjectKind::tree;
  const Packed packed = pack(request);
  ASSERT_TRUE(packed.result.has_value());
  const auto records = packed.records();
  const auto& top = std::get<wire::EntryBegin>(records.front());
  EXPECT_EQ(top.kind, wire::EntryKind::directory);
  EXPECT_EQ(top.path, "");
  EXPECT_EQ(top.mode, 0700);
}

TEST(ObjectPacker, AVanishedFileNamesItself) {
  const Packed packed = pack(file_request("/nonexistent/dcdn-test"));
  ASSERT_FALSE(packed.result.has_value());
  EXPECT_EQ(packed.result.error().code, Errc::not_found);
}

TEST(ObjectPacker, StopsWhenNobodyWantsMore) {
  const TempDir dir;
  write_bytes(dir.path() + "/f", pattern(3'000'000, 2));
  const Packed packed = pack(file_request(dir.path() + "/f"), 1);
  ASSERT_FALSE(packed.result.has_value());
  EXPECT_EQ(packed.result.error().code, Errc::interrupted);
  EXPECT_EQ(packed.segments.size(), 1u);
}

TEST(ObjectPacker, StandardInputIsTakenWithTheBytesReadBefore) {
  const Bytes content = pattern(50'000, 9);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd read_end(ends[0]);
  {
    const UniqueFd write_end(ends[1]);
    ASSERT_TRUE(write_all(write_end.get(), ByteView(content).subspan(10'000), "pipe").has_value());
  }
  auto request = file_request("");
  request.object = {wire::ObjectKind::stream, "stdin", false};
  request.input_fd = read_end.get();
  request.input_head = Buffer::copy_of(ByteView(content).first(10'000));
  const Packed packed = pack(request);
  ASSERT_TRUE(packed.result.has_value());
  EXPECT_EQ(content_of(packed), content);
}

TEST(ObjectPacker, ChunkSizeFollowsThePlanOfEachSegment) {
  const TempDir dir;
  write_bytes(dir.path() + "/f", pattern(900'000, 5));
  auto request = file_request(dir.path() + "/f");
  request.chunk_bytes = [](std::uint64_t segment) { return segment == 0 ? 4096u : 8192u; };
  const Packed packed = pack(request);
  ASSERT_GE(packed.segments.size(), 2u);
  EXPECT_EQ(packed.segments[0].chunks[0].record.content_size, 4096u);
  EXPECT_EQ(packed.segments[1].chunks[0].record.content_size, 8192u);
}

}  // namespace
}  // namespace dcdn::test
