// Trees whose small files come in packs: whatever the order, the death, the damage in the staging folder or
// the older version, what is missing is wanted and nothing else, and at the end the tree is what was sent.
#include <fcntl.h>

#include <random>

#include "store/part_object.hpp"
#include "support/call_faults.hpp"
#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::call_faults;
using test::every_chunk;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using wire::ObjectKind;
using Do = test::CallFaults::Do;
using Files = std::map<std::string, Bytes>;

constexpr std::size_t kFolders = 6;
constexpr std::size_t kInFolder = 10;
constexpr std::size_t kPerPack = 7;  // folders begin and end inside of packs
constexpr std::size_t kPacks = (kFolders * kInFolder + kPerPack - 1) / kPerPack;

class PartPacksTest : public test::ReceiveFixture {
 protected:
  PartPacksTest() : chosen_(options(ObjectKind::tree)) {
    for (std::size_t i = 0; i < kFolders * kInFolder; ++i) {
      const std::string path = "d" + std::to_string(i / kInFolder) + "/f" + std::to_string(i % kInFolder);
      files_[path] = pattern(1 + i * 37 % 500, i + 1);
    }
  }
  ~PartPacksTest() override { call_faults = test::CallFaults(); }

  static MadeObject tree(const Files& files, std::size_t per_pack = kPerPack, std::size_t per_segment = 3) {
    ObjectMaker maker(ObjectKind::tree, 4096, per_segment);
    std::vector<std::pair<std::string, Bytes>> pack;
    for (const auto& file : files) {
      pack.push_back(file);
      if (pack.size() < per_pack) continue;
      maker.pack(pack);
      pack.clear();
    }
    if (!pack.empty()) maker.pack(pack);
    return maker.finish();
  }
  [[nodiscard]] MadeObject tree() const { return tree(files_); }
  [[nodiscard]] static std::size_t pack_of(std::size_t file) { return file / kPerPack; }
  [[nodiscard]] static std::string path_of(std::size_t file) {
    return "d" + std::to_string(file / kInFolder) + "/f" + std::to_string(file % kInFolder);
  }
  [[nodiscard]] std::string staged(const std::string& path) const { return slot(chosen_) + "/tree/" + path; }

  // Exactly these, and nothing beside them.
  void expect_tree(const Files& files, const std::string& name = "name") const {
    std::size_t found = 0;
    for (const auto& entry : fs::recursive_directory_iterator(at(name)))
      found += entry.is_regular_file() ? 1 : 0;
    EXPECT_EQ(found, files.size());
    for (const auto& [path, content] : files) {
      ASSERT_TRUE(fs::is_regular_file(at(name + "/" + path))) << path;
      EXPECT_EQ(content_of(at(name + "/" + path)), content) << path;
      EXPECT_EQ(mtime_of(at(name + "/" + path)), 1'234'567'890) << path;
    }
  }
  // Goes on to the end; returns how many packs were asked for.
  std::size_t finish(const MadeObject& object, const Files& files) {
    auto part = open(chosen_);
    if (!part) return 0;
    const std::size_t asked = feed(*part, object);
    finalized(*part);
    part.reset();
    expect_tree(files);
    fs::remove_all(at("name"));
    return asked;
  }
  void another_boot() const { put(slot(chosen_) + "/boot_id", "00000000-0000-0000-0000-000000000000\n"); }
  void keep() { fs::rename(slot(chosen_), temp_.path() + "/kept"); }
  void put_kept() {
    fs::remove_all(slot(chosen_));
    fs::copy(temp_.path() + "/kept", slot(chosen_), fs::copy_options::recursive);
  }
  void put_old(const Files& files, const std::string& name = "name") const {
    for (const auto& [path, content] : files)
      put(at(name + "/" + path), std::string(content.begin(), content.end()));
  }
  /// Asked for when the older tree at `name` is looked into.
  std::size_t asked_with_older(const MadeObject& object, const std::string& name = "name") {
    chosen_.collision = Collision::overwrite;
    auto part = open(chosen_);
    const UniqueFd parent(::open(out().c_str(), O_RDONLY | O_DIRECTORY));
    const auto basis = std::make_shared<BasisFiles>(ObjectKind::tree);
    basis->add(parent.get(), name);
    part->set_basis(basis);
    const std::size_t asked = feed(*part, object);
    finalized(*part);
    return asked;
  }

  PartObject::Options chosen_;
  Files files_;
};

TEST_F(PartPacksTest, ArriveInAnyOrder) {
  const MadeObject object = tree();
  ASSERT_EQ(object.order.size(), kPacks);
  for (unsigned seed = 0; seed < 20; ++seed) {
    auto part = open(chosen_);
    std::vector<Digest> order;
    std::size_t chunk = 0;
    for (const auto& made : object.segments) {
      const auto need = part->add_segment(made.segment, made.id, made.frames);
      ASSERT_TRUE(need) << need.error().message;
      for (const bool needed : need->needed) {
        EXPECT_TRUE(needed);
        order.push_back(object.order[chunk++]);
      }
    }
    std::reverse(order.begin(), order.end());
    if (seed > 0) std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    std::uint64_t bytes = 0;
    for (const Digest& digest : order) {
      EXPECT_FALSE(part->complete());
      const auto written = part->write_chunk(digest, object.chunks.at(digest));
      ASSERT_TRUE(written);
      EXPECT_GT(*written, 0u);
      bytes += *written;
      EXPECT_EQ(part->bytes_done(), bytes);
      EXPECT_EQ(*part->write_chunk(digest, object.chunks.at(digest)), 0u) << "twice";
    }
    finalized(*part);
    part.reset();
    expect_tree(files_);
    fs::remove_all(at("name"));
  }
}

TEST_F(PartPacksTest, DeathBetweenAnyTwoChunksLosesNothing) {
  const MadeObject object = tree();
  for (const bool reboots : {false, true}) {
    for (std::size_t n = 0; n < kPacks; ++n) {
      die_after_feeding(object, chosen_, [&](std::size_t chunk) { return chunk == n * 5 % kPacks; });
      if (reboots) another_boot();
      auto part = open(chosen_);
      ASSERT_TRUE(part);
      EXPECT_EQ(feed(*part, object, [](std::size_t) { return false; }), kPacks - n - 1) << reboots;
    }
    EXPECT_EQ(finish(object, files_), 0u);
  }
}

TEST_F(PartPacksTest, OfWhatWasDamagedInStagingOnlyItsPackIsWantedAgain) {
  const MadeObject object = tree();
  die_after_feeding(object, chosen_, every_chunk);
  keep();
  const std::function<void(const std::string&)> damages[] = {
      [](const std::string& path) { fs::resize_file(path, fs::file_size(path) - 1); },
      [](const std::string& path) { fs::resize_file(path, 0); },
      [](const std::string& path) { fs::remove(path); },
      [](const std::string& path) {
        fs::remove(path);
        fs::create_symlink("f9", path);
      },
  };
  for (const auto& damage : damages) {
    for (std::size_t file = 0; file < files_.size(); file += 6) {
      put_kept();
      // Of the first file that is more than a byte.
      damage(staged(path_of(file)));
      if (fs::is_symlink(staged(path_of(file)))) {
        auto part = open(chosen_);
        EXPECT_EQ(feed(*part, object, [](std::size_t) { return false; }), 1u);
        part.reset();
        fs::remove(staged(path_of(file)));  // what is no file is in the way, and is said to be
      }
      EXPECT_EQ(finish(object, files_), 1u) << file;
    }
  }
  put_kept();
  fs::remove_all(staged("d2"));  // files 20 to 29: packs 2, 3 and 4
  EXPECT_EQ(finish(object, files_), 3u);
  put_kept();
  put(staged(path_of(8)), std::string(5000, 'x'));  // longer
  std::string content(files_.at(path_of(8)).begin(), files_.at(path_of(8)).end());
  put(staged(path_of(8)), content + "and more");
  EXPECT_EQ(finish(object, files_), 0u) << "it is cut to its size";
}

TEST_F(PartPacksTest, AfterAnotherBootWhatWasNotOnDiskIsReadAgain) {
  const MadeObject object = tree();
  chosen_.fsync = true;
  die_after_feeding(
      object, chosen_, [](std::size_t chunk) { return chunk < 2; }, true);
  die_after_feeding(object, chosen_, [](std::size_t chunk) { return chunk < 6; });
  EXPECT_EQ(content_of(slot(chosen_) + "/have.map"), Bytes({2, 2, 1, 1, 1, 1, 0, 0, 0}));
  another_boot();
  const std::string path = staged(path_of(3 * kPerPack + 2));
  put(path, std::string(fs::file_size(path), '\0'));  // what a power cut may leave
  {
    auto part = open(chosen_);
    EXPECT_EQ(content_of(slot(chosen_) + "/have.map"), Bytes({2, 2, 1, 0, 1, 1, 0, 0, 0}));
  }
  EXPECT_EQ(finish(object, files_), 4u);
}

TEST_F(PartPacksTest, WhatAFailedSyncWasToSaveIsMissingAgain) {
  const MadeObject object = tree();
  chosen_.fsync = true;
  for (const char* call : {"syncfs", "fdatasync"}) {
    auto part = open(chosen_);
    feed(*part, object, [](std::size_t chunk) { return chunk < 2; });
    ASSERT_TRUE(part->checkpoint());
    feed(*part, object, [](std::size_t chunk) { return chunk < 5; });
    call_faults.arm(Do::fail, 1, call);
    EXPECT_FALSE(part->checkpoint()) << call;
    call_faults = test::CallFaults();
    part.reset();
    EXPECT_EQ(finish(object, files_), kPacks - 2) << call;
  }
}

TEST_F(PartPacksTest, AWriteThatFailsInTheMiddleOfAPackLeavesItWanted) {
  const MadeObject object = tree();
  for (const char* call : {"pwrite", "openat"}) {
    for (int nth = 1; nth <= 2 * static_cast<int>(kPerPack); ++nth) {
      auto part = open(chosen_);
      std::size_t failed = 0;
      std::size_t chunk = 0;
      for (const auto& made : object.segments) {
        const auto need = part->add_segment(made.segment, made.id, made.frames);
        ASSERT_TRUE(need);
        for (std::size_t i = 0; i < need->needed.size(); ++i, ++chunk) {
          const Digest& digest = object.order[chunk];
          if (chunk == 1) call_faults.arm(Do::fail, nth, call);
          while (part->wanted(digest)) {
            if (part->write_chunk(digest, object.chunks.at(digest))) continue;
            ++failed;
            EXPECT_TRUE(part->wanted(digest));
            EXPECT_FALSE(part->complete());
          }
        }
      }
      EXPECT_EQ(failed, 1u) << call << nth;
      call_faults = test::CallFaults();
      part.reset();
      EXPECT_EQ(finish(object, files_), 0u);
    }
  }
}

// What is as long as before is believed, and read once more at the end.
TEST_F(PartPacksTest, DamageBetweenProcessesIsFoundAtTheEndAndItsPackIsAskedForAgain) {
  const MadeObject object = tree();
  for (const bool synced : {false, true}) {
    chosen_.fsync = synced;
    for (std::size_t file = 0; file < files_.size(); file += 13) {
      die_after_feeding(
          object, chosen_, [](std::size_t chunk) { return chunk != 5; }, synced);
      Bytes damaged = files_.at(path_of(file));
      damaged.back() ^= 1;
      put(staged(path_of(file)), std::string(damaged.begin(), damaged.end()));
      auto part = open(chosen_);
      const bool here = pack_of(file) != 5;
      EXPECT_EQ(feed(*part, object), 1u);
      const auto failed = part->finalize();
      ASSERT_EQ(failed.has_value(), !here) << file;
      if (here) {
        EXPECT_EQ(failed.error().code, Errc::corrupt);
        EXPECT_FALSE(fs::exists(at("name")));
        EXPECT_EQ(feed(*part, object), 1u);
        finalized(*part);
      }
      part.reset();
      expect_tree(files_);
      fs::remove_all(at("name"));
    }
  }
}

// ---- what was there before

TEST_F(PartPacksTest, OfAnEditedTreeOnlyTheEditedPackIsAskedForAgain) {
  for (const std::size_t edited : {std::size_t{0}, std::size_t{30}, kFolders * kInFolder - 1}) {
    die_after_feeding(tree(), chosen_, every_chunk);
    Files after = files_;
    after.at(path_of(edited)).back() ^= 1;
    EXPECT_EQ(finish(tree(after), after), 1u) << edited;
    EXPECT_FALSE(fs::exists(slot(chosen_) + ".old"));
  }
}

TEST_F(PartPacksTest, OfATreeWithAFileLessTheOtherPacksComeFromTheOneBefore) {
  die_after_feeding(tree(), chosen_, [](std::size_t chunk) { return chunk != 7; });
  Files after = files_;
  after.erase(path_of(0));  // the packs that a packer makes end where they did
  std::vector<std::pair<std::string, Bytes>> pack;
  ObjectMaker maker(ObjectKind::tree, 4096, 3);
  std::size_t number = 0;
  for (const auto& [path, content] : files_) {
    if (number != 0) pack.emplace_back(path, content);
    if (++number % kPerPack == 0 || number == files_.size()) maker.pack(std::exchange(pack, {}));
  }
  EXPECT_EQ(finish(maker.finish(), after), 2u) << "its own, and the one that was missing";
}

TEST_F(PartPacksTest, EqualPacksAreAskedForOnceHoweverTheyAreDivided) {
  const Bytes all = pattern(900, 1);
  const auto part_of = [&](std::size_t from, std::size_t to) {
    return Bytes(all.begin() + static_cast<std::ptrdiff_t>(from),
                 all.begin() + static_cast<std::ptrdiff_t>(to));
  };
  const Files files{{"a1", part_of(0, 100)},   {"a2", part_of(100, 900)}, {"b1", part_of(0, 100)},
                    {"b2", part_of(100, 900)}, {"c1", part_of(0, 899)},   {"c2", part_of(899, 900)}};
  for (const std::size_t per_segment : {1u, 8u}) {
    const MadeObject object = tree(files, 2, per_segment);
    EXPECT_EQ(finish(object, files), 1u);
    for (std::size_t known = 0; known < 3; ++known) {
      die_after_feeding(object, chosen_, [&](std::size_t chunk) { return chunk == known; });
      EXPECT_EQ(finish(object, files), known == 0 ? 0u : 1u);
    }
  }
}

TEST_F(PartPacksTest, OfAnOlderVersionOnlyWhatWasEditedIsAskedFor) {
  Files old = files_;
  old.at(path_of(17)).front() ^= 1;
  old.at(path_of(18)).push_back('x');
  put_old(old);
  EXPECT_EQ(asked_with_older(tree()), 1u);
  expect_tree(files_);
}

TEST_F(PartPacksTest, PacksOfAnOlderVersionAreFoundWhereverTheyEnd) {
  put_old(files_);
  EXPECT_EQ(asked_with_older(tree(files_, 11, 2)), 0u);
  expect_tree(files_);
  fs::remove_all(at("name"));
  put_old(files_);
  fs::remove(at("name/" + path_of(20)));
  EXPECT_EQ(asked_with_older(tree(files_, 4, 2)), 1u);
  expect_tree(files_);
}

TEST_F(PartPacksTest, AFolderThatWasRenamedIsFoundByItsFiles) {
  Files old;
  std::size_t number = 0;
  for (const auto& [path, content] : files_) {
    const std::string name = "unique-" + std::to_string(number++);
    files_.at(path) = content;
    old["before/" + name] = content;
  }
  Files now;
  for (const auto& [path, content] : old) now["now" + path.substr(path.find('/'))] = content;
  put_old(old);
  EXPECT_EQ(asked_with_older(tree(now)), 0u);
  for (const auto& [path, content] : now) EXPECT_EQ(content_of(at("name/" + path)), content);
}

// What the older version has under that name is no file any more, or is another one.
TEST_F(PartPacksTest, AStrangeOlderVersionIsOnlyNoHelp) {
  put_old(files_);
  fs::remove(at("name/" + path_of(3)));
  fs::create_symlink("/etc/passwd", at("name/" + path_of(3)));
  fs::remove(at("name/" + path_of(23)));
  fs::create_directories(at("name/" + path_of(23)) + "/inside");
  fs::remove_all(at("name/d5"));
  fs::create_symlink("d4", at("name/d5"));
  chosen_.collision = Collision::rename;
  auto part = open(chosen_);
  const UniqueFd parent(::open(out().c_str(), O_RDONLY | O_DIRECTORY));
  const auto basis = std::make_shared<BasisFiles>(ObjectKind::tree);
  basis->add(parent.get(), "name");
  part->set_basis(basis);
  EXPECT_EQ(feed(*part, tree()), 4u);  // packs 0, 3, 7 and 8
  EXPECT_EQ(finalized(*part), at("name (1)"));
  expect_tree(files_, "name (1)");
}

}  // namespace
}  // namespace dcdn::store
