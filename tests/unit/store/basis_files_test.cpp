#include "store/basis_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "digest/hasher.hpp"
#include "support/object_maker.hpp"
#include "support/temp_dir.hpp"

namespace dcdn::store {
namespace {

using test::pattern;
namespace fs = std::filesystem;

class BasisFilesTest : public ::testing::Test {
 protected:
  void write(const std::string& path, const Bytes& content) {
    fs::create_directories(fs::path(at(path)).parent_path());
    std::ofstream(at(path), std::ios::binary) << as_text(content);
  }
  [[nodiscard]] std::string at(const std::string& path) const { return dir_.path() + "/" + path; }
  [[nodiscard]] BasisFiles tree(const std::string& name) const {
    const UniqueFd parent(::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY));
    BasisFiles files(wire::ObjectKind::tree);
    files.add(parent.get(), name);
    return files;
  }
  static wire::ChunkRecord record(ByteView content) {
    const auto size = static_cast<std::uint32_t>(content.size());
    return {wire::CodecId::raw, size, size, digest::blake3(content), digest::blake3(content)};
  }
  static bool has(BasisFiles& files, const ChunkSpot& spot, ByteView content) {
    const auto found = files.find(spot, record(content));
    EXPECT_TRUE(!found || std::ranges::equal(found->view(), content));
    return found.has_value();
  }

  test::TempDir dir_;
  const Bytes content_ = pattern(30'000, 1);
  const ByteView first_ = ByteView(content_).first(10'000);
  const ByteView second_ = ByteView(content_).subspan(10'000, 10'000);
};

TEST_F(BasisFilesTest, AFileIsFoundAtItsPlaceOnly) {
  write("old/a", content_);
  BasisFiles files(wire::ObjectKind::file);
  files.add_path(at("old/a"), "whatever");
  EXPECT_TRUE(has(files, {"data.part", 0, 10'000}, second_));
  EXPECT_FALSE(has(files, {"data.part", 0, 0}, second_));
  EXPECT_FALSE(has(files, {"data.part", 0, 25'000}, second_));
  EXPECT_EQ(files.bytes(), 30'000u);
  EXPECT_TRUE(files.open("data.part").has_value());
}

TEST_F(BasisFilesTest, ANamedDirectoryIsLookedIntoByName) {
  write("yesterday/report", content_);
  BasisFiles files(wire::ObjectKind::file);
  files.add_path(at("yesterday"), "other");
  EXPECT_TRUE(files.empty());
  files.add_path(at("yesterday"), "report");
  EXPECT_TRUE(has(files, {"data.part", 0, 0}, first_));
  BasisFiles itself(wire::ObjectKind::tree);
  itself.add_path(at("yesterday"), "photos");
  EXPECT_TRUE(has(itself, {"report", 0, 0}, first_));
}

TEST_F(BasisFilesTest, RenamedAndMovedFilesAreFoundByContent) {
  write("tree/a/old-name", content_);
  write("tree/decoy", pattern(30'000, 2));
  write("tree/shorter", pattern(29'999, 3));
  BasisFiles files = tree("tree");
  EXPECT_TRUE(has(files, {"b/new-name", 30'000, 0}, first_));
  EXPECT_TRUE(has(files, {"b/new-name", 30'000, 10'000}, second_));
  EXPECT_TRUE(has(files, {"again", 30'000, 0}, first_));
  EXPECT_TRUE(has(files, {"b/new-name", 30'000, 10'000}, second_));
  EXPECT_FALSE(has(files, {"b/other", 10'000, 0}, first_));
  EXPECT_FALSE(has(files, {"b/unknown-length", 0, 0}, first_));
  EXPECT_TRUE(files.open("b/new-name").has_value());  // what was edited further on is compared with it
  EXPECT_FALSE(files.open("b/other").has_value());
  // The same with chunks of other sizes, but not of any number of them.
  for (const std::size_t size : {5000u, 7000u, 9000u})
    EXPECT_TRUE(has(files, {"c/" + std::to_string(size), 30'000, 0}, ByteView(content_).first(size)));
  EXPECT_FALSE(has(files, {"c/one-more", 30'000, 0}, ByteView(content_).first(1000)));
}

TEST_F(BasisFilesTest, AMovedFileIsFoundByALaterChunkIfItsFirstIsNotAskedFor) {
  write("tree/old-name", content_);
  write("tree/decoy", pattern(30'000, 2));
  BasisFiles files = tree("tree");
  EXPECT_FALSE(has(files, {"new-name", 29'999, 10'000}, second_));
  EXPECT_TRUE(has(files, {"other-name", 30'000, 10'000}, second_));
  EXPECT_TRUE(has(files, {"other-name", 30'000, 20'000}, ByteView(content_).subspan(20'000)));
  EXPECT_TRUE(files.open("other-name").has_value());
}

TEST_F(BasisFilesTest, AFileThatWasMovedAndEditedIsFoundByItsNameNearestInLength) {
  Bytes edited = content_;
  edited[100] ^= 1;
  edited.push_back('x');
  write("tree/a/page", pattern(10'000, 3));
  write("tree/b/page", content_);
  write("tree/c/page", content_);
  write("tree/d/page", pattern(60'000, 4));
  BasisFiles files = tree("tree");
  const ChunkSpot spot{"new/page", edited.size(), 0};
  EXPECT_FALSE(files.open("new/page").has_value());
  EXPECT_FALSE(has(files, spot, ByteView(edited).first(10'000)));
  EXPECT_TRUE(has(files, {"new/page", edited.size(), 10'000}, second_));
  EXPECT_TRUE(files.open("new/page").has_value());
  EXPECT_TRUE(files.like(spot).bytes() > 0);
  EXPECT_TRUE(files.like({"other/page", 59'000, 0, {}}).bytes() > 0);
  EXPECT_EQ(files.like({"other/leaf", 59'000, 0, {}}).bytes(), 0u);
  fs::remove(at("tree/b/page"));
  EXPECT_FALSE(files.open("new/page").has_value());  // gone meanwhile
}

TEST_F(BasisFilesTest, OfManyOfOneNameTheOneNearestInLengthIsTaken) {
  for (const std::size_t size : {10u, 20u, 21u, 40u})
    for (const std::string folder : {"a", "b"})
      write("tree/" + folder + std::to_string(size) + "/page", pattern(size, size));
  BasisFiles files = tree("tree");
  const std::pair<std::size_t, std::size_t> nearest[] = {{1, 10},  {10, 10}, {14, 10}, {15, 20},
                                                         {19, 20}, {20, 20}, {21, 21}, {30, 21},
                                                         {31, 40}, {40, 40}, {900, 40}};
  for (const auto& [size, expected] : nearest)
    EXPECT_EQ(files.like({"new" + std::to_string(size) + "/page", size, 0, {}}).bytes(), expected) << size;
}

TEST_F(BasisFilesTest, AFileThatWasRenamedAndEditedIsFoundByItsFirstChunkAmongThoseOfAboutItsLength) {
  write("tree/before", content_);
  write("tree/longer", pattern(33'000, 5));
  write("tree/shorter", pattern(28'000, 6));
  BasisFiles files = tree("tree");
  EXPECT_TRUE(has(files, {"after", 31'000, 0}, first_));
  EXPECT_TRUE(has(files, {"after", 31'000, 10'000}, second_));
  EXPECT_TRUE(files.open("after").has_value());
  EXPECT_TRUE(has(files, {"shrunk", 20'000, 0}, first_));
  EXPECT_FALSE(has(files, {"far-too-long", 61'000, 0}, first_));
  EXPECT_FALSE(has(files, {"far-too-short", 14'000, 0}, first_));
  EXPECT_FALSE(has(files, {"one-chunk", 10'000, 0}, first_));
  // Of many only the nearest are looked at.
  for (int i = 0; i < 40; ++i)
    write("many/" + std::to_string(i), pattern(30'100 + static_cast<std::size_t>(i), 7));
  write("many/before", content_);
  BasisFiles crowd = tree("many");
  EXPECT_FALSE(has(crowd, {"after", 30'120, 0}, first_));
  EXPECT_TRUE(has(crowd, {"after", 29'900, 0}, first_));
}

TEST_F(BasisFilesTest, ManyFilesOfOneLength) {
  for (int i = 0; i < 300; ++i)
    write("tree/" + std::to_string(i), pattern(100, static_cast<std::uint64_t>(i) + 10));
  BasisFiles files = tree("tree");
  for (int i = 0; i < 300; ++i)
    EXPECT_TRUE(
        has(files, {"new/" + std::to_string(i), 100, 0}, pattern(100, static_cast<std::uint64_t>(i) + 10)));
  EXPECT_FALSE(has(files, {"new/none", 100, 0}, pattern(100, 9)));
}

TEST_F(BasisFilesTest, NoLinkIsFollowedAndNothingStrangeIsRead) {
  write("outside/secret", content_);
  fs::create_directories(at("tree"));
  fs::create_symlink(at("outside/secret"), at("tree/link"));
  fs::create_directory_symlink(at("outside"), at("tree/folder"));
  ASSERT_EQ(::mkfifo(at("tree/fifo").c_str(), 0600), 0);
  BasisFiles files = tree("tree");
  for (const std::string path : {"link", "folder/secret", "fifo", "tree"}) {
    EXPECT_FALSE(has(files, {path, 30'000, 0}, first_)) << path;
    EXPECT_FALSE(files.open(path).has_value()) << path;
  }
  fs::create_directory_symlink(at("outside"), at("link-to-tree"));
  EXPECT_TRUE(tree("link-to-tree").empty());
  EXPECT_TRUE(tree("outside/secret").empty());
  EXPECT_TRUE(tree("nothing").empty());
}

TEST_F(BasisFilesTest, AFileThatChangesIsOnlyNotFound) {
  write("tree/a", content_);
  BasisFiles files = tree("tree");
  EXPECT_TRUE(has(files, {"a", 30'000, 0}, first_));
  std::ofstream(at("tree/a"), std::ios::binary) << "short";
  EXPECT_FALSE(has(files, {"a", 30'000, 0}, first_));
  EXPECT_FALSE(has(files, {"a", 30'000, 10'000}, second_));
}

}  // namespace
}  // namespace dcdn::store
