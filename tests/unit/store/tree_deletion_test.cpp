// What of a tree goes that its sender does not have any more: what was delivered, and nobody touched, where
// this side allows it; and nothing where that is not plausible.
#include <set>

#include "support/laid_over_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::MadeObject;
using test::ObjectMaker;
using ::testing::HasSubstr;
using wire::ObjectKind;

class DeletionTest : public test::LaidOverFixture {
 protected:
  DeletionTest() { chosen_.deletes = DeleteWhat::delivered; }
  [[nodiscard]] static MadeObject with(const std::vector<std::string>& files, bool left_out = false) {
    ObjectMaker maker(ObjectKind::tree);
    maker.mirrors().directory("", 0755, 42'000'000'000);
    std::set<std::string> folders;
    for (const std::string& path : files) {
      const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/') + 1, 1) - 1);
      if (!folder.empty() && folders.insert(folder).second) maker.directory(folder);
      maker.file(path, as_bytes(path));
    }
    if (left_out) maker.add(wire::LeftOut{wire::LeftOutReason::io, "z"});
    return maker.finish();
  }
  std::vector<std::string> deliver(const MadeObject& object) {
    auto part = open(chosen_);
    if (!part) return {};
    feed(*part, object);
    finalized(*part);
    return part->notes();
  }
  [[nodiscard]] std::string all() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(at("name")))
      found.insert(entry.path().string().substr(at("name").size() + 1));
    std::string names;
    for (const std::string& name : found) names += name + " ";
    return names;
  }
};

TEST_F(DeletionTest, WhatWasDeliveredAndIsNotSentAnyMoreGoes) {
  deliver(with({"a", "d/b", "d/c", "e/g", "z"}));
  put(at("name/mine"), "mine");
  put(at("name/e/mine"), "mine");
  const auto notes = deliver(with({"a", "d/c"}));
  EXPECT_EQ(all(), "a d d/c e e/mine mine ");
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0], "3 entries deleted that its sender does not have any more");
  EXPECT_EQ(mtime_of(at("name/d")), 5'000'000'000);
  EXPECT_EQ(mtime_of(at("name")), 42'000'000'000);
}

TEST_F(DeletionTest, NothingGoesThatThisSideDoesNotAllow) {
  deliver(with({"a", "b"}));
  chosen_.deletes = DeleteWhat::none;
  const auto notes = deliver(with({"a"}));
  EXPECT_EQ(all(), "a b ");
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes[0], HasSubstr("--allow-delete"));
  // What was spared then goes when it may.
  chosen_.deletes = DeleteWhat::delivered;
  deliver(with({"a", "c"}));
  EXPECT_EQ(all(), "a c ");
}

TEST_F(DeletionTest, WhatWasEditedHereStays) {
  deliver(with({"a", "b", "c"}));
  edit("name/b", 0);
  let_the_clock_tick();
  const auto notes = deliver(with({"a"}));
  EXPECT_EQ(all(), "a b ");
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_THAT(notes[0], HasSubstr("1 entry that its sender does not have any more was edited here and kept"));
}

TEST_F(DeletionTest, NothingGoesWhereTheSenderCouldNotReadAllOrHasNothing) {
  deliver(with({"a", "b"}));
  EXPECT_THAT(deliver(with({"a"}, true)).back(), HasSubstr("could not read all of the tree"));
  EXPECT_EQ(all(), "a b ");
  EXPECT_THAT(deliver(with({})).back(), HasSubstr("the tree that came is empty"));
  EXPECT_EQ(all(), "a b ");
}

TEST_F(DeletionTest, MoreThanHalfDoesNotGoUnlessItMay) {
  std::vector<std::string> many;
  for (int i = 0; i < 150; ++i) many.push_back("f" + std::to_string(1000 + i));
  deliver(with(many));
  EXPECT_THAT(deliver(with({"f1000"})).back(),
              HasSubstr("149 of 150 entries would go; --max-delete 149 allows that"));
  EXPECT_EQ(inodes().size(), 150u);
  chosen_.max_delete = 148;
  EXPECT_THAT(deliver(with({"f1000"})).back(), HasSubstr("more than --max-delete allows"));
  chosen_.max_delete = 149;
  deliver(with({"f1000"}));
  EXPECT_EQ(all(), "f1000 ");
}

TEST_F(DeletionTest, AllIsWhateverIsNotSent) {
  deliver(with({"a", "d/b"}));
  put(at("name/mine/deep/file"), "mine");
  put(temp_.path() + "/victim/file", "untouched");
  fs::create_directory_symlink(temp_.path() + "/victim", at("name/d/link"));
  edit("name/d/b", 0);
  chosen_.deletes = DeleteWhat::all;
  deliver(with({"a", "d/c"}));
  EXPECT_EQ(all(), "a d d/c ");
  EXPECT_TRUE(fs::exists(temp_.path() + "/victim/file"));
}

TEST_F(DeletionTest, AllNamesOfAFileGo) {
  ObjectMaker maker(ObjectKind::tree);
  maker.file("a", as_bytes("a")).file("b", as_bytes("b")).hard_link("c", 1, 1).hard_link("d", 1, 1);
  deliver(maker.finish());
  let_the_clock_tick();
  deliver(with({"a"}));
  EXPECT_EQ(all(), "a ");
}

TEST_F(DeletionTest, WithoutAnIndexNothingGoes) {
  deliver(with({"a", "b"}));
  fs::remove(chosen_.index_path);
  deliver(with({"a"}));
  EXPECT_EQ(all(), "a b ");
}

}  // namespace
}  // namespace dcdn::store
