// A tree that is laid over a folder: what is right there stays where it is, seen by its content or, the
// second time, by its looks alone; what is not is replaced, whatever it is.
#include <fcntl.h>
#include <sys/stat.h>

#include <set>

#include "store/index_match.hpp"
#include "store/part_object.hpp"
#include "store/receive_index.hpp"
#include "support/laid_over_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::every_chunk;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using ::testing::HasSubstr;
using wire::ObjectKind;

using LaidOverTest = test::LaidOverFixture;

TEST_F(LaidOverTest, WhatIsThereStaysWhereItIs) {
  receive(tree(), chosen_);
  const auto before = inodes();
  EXPECT_EQ(receive_again(tree()), 0u);
  expect_tree(large_);
  EXPECT_TRUE(changed_since(before).empty());
  fs::remove(chosen_.index_path);
  EXPECT_EQ(receive_again(tree()), 0u);
  expect_tree(large_);
  EXPECT_TRUE(changed_since(before).empty());
}

TEST_F(LaidOverTest, ItStaysAlsoWhenAllOfItCameAgain) {
  receive(tree(), chosen_);
  fs::remove(chosen_.index_path);
  const auto before = inodes();
  EXPECT_GT(receive_again(tree(), false), 5u);
  expect_tree(large_);
  EXPECT_TRUE(changed_since(before).empty());
}

TEST_F(LaidOverTest, ByLooksAloneNothingIsAskedFor) {
  receive(tree(), chosen_);
  settle_index();
  // Nearly nothing: a part of it has its turn to be read each time.
  EXPECT_LE(receive_again(tree(), false), 2u);
  expect_tree(large_);
}

TEST_F(LaidOverTest, AllOfItHasItsTurnToBeReadAgain) {
  receive(tree(), chosen_);
  settle_index();
  std::size_t asked = 0;
  for (std::uint64_t turn = 0; turn < kIndexTurns; ++turn) asked += receive_again(tree(), false);
  EXPECT_EQ(asked, tree().order.size());
}

TEST_F(LaidOverTest, AChangedFileIsTheOnlyOneThatIsReplaced) {
  receive(tree(), chosen_);
  settle_index();
  const auto before = inodes();
  small_["small/f13"] = as_bytes_of("another");
  EXPECT_EQ(receive_again(tree()), 1u);
  expect_tree(large_);
  EXPECT_EQ(changed_since(before), std::vector<std::string>{"small/f13"});
}

TEST_F(LaidOverTest, OfALargeFileTheChunksThatStayedAreCopied) {
  receive(tree(), chosen_);
  settle_index();
  const auto before = inodes();
  for (const bool by_index : {true, false}) {
    Bytes changed = large_;
    changed[2 * 4096 + (by_index ? 5 : 6)] ^= 1;
    if (!by_index) fs::remove(chosen_.index_path);
    EXPECT_EQ(receive_again(tree(changed)), 1u);
    expect_tree(changed);
  }
  EXPECT_EQ(changed_since(before), std::vector<std::string>{"a/large"});
  Bytes longer = large_;
  longer.resize(longer.size() + 5000, 7);
  receive_again(tree(longer));
  expect_tree(longer);
  const Bytes shorter(large_.begin(), large_.begin() + 4096);
  receive_again(tree(shorter));
  expect_tree(shorter);
}

TEST_F(LaidOverTest, ModeAndTimeOfWhatStaysAreSet) {
  receive(tree(), chosen_);
  settle_index();
  const auto before = inodes();
  receive_again(tree(large_, 0600, 77'000'000'000));
  EXPECT_EQ(mode_of(at("name/a/large")), 0600u);
  EXPECT_EQ(mtime_of(at("name/a/large")), 77'000'000'000);
  EXPECT_TRUE(changed_since(before).empty());
  // And what is known of it is what it looks like now.
  let_the_clock_tick();
  receive_again(tree(large_, 0600, 77'000'000'000));
  EXPECT_LE(receive_again(tree(large_, 0600, 77'000'000'000), false), 2u);
}

TEST_F(LaidOverTest, AnEditThatHidesItsTimeIsFound) {
  receive(tree(), chosen_);
  settle_index();
  edit("name/small/f12");
  edit("name/a/large", 9000);
  EXPECT_EQ(receive_again(tree()), 2u);
  expect_tree(large_);
}

TEST_F(LaidOverTest, WhatIsOfAnotherKindIsReplaced) {
  receive(tree(), chosen_);
  put(temp_.path() + "/victim/large", "untouched");
  fs::remove(at("name/small/f11"));
  fs::create_symlink(temp_.path() + "/victim/large", at("name/small/f11"));
  fs::remove_all(at("name/a"));
  fs::create_directory_symlink(temp_.path() + "/victim", at("name/a"));
  fs::remove(at("name/small/f14"));
  fs::create_directories(at("name/small/f14"));
  receive_again(tree());
  expect_tree(large_);
  EXPECT_EQ(content_of(temp_.path() + "/victim/large"), as_bytes_of("untouched"));
  EXPECT_FALSE(fs::is_symlink(at("name/a")));
}

TEST_F(LaidOverTest, AFileInTheWayOfAFolderIsReplacedAndAFullFolderIsNot) {
  receive(tree(), chosen_);
  fs::remove_all(at("name/a"));
  put(at("name/a"), "a file");
  receive_again(tree());
  expect_tree(large_);
  fs::remove(at("name/small/f11"));
  put(at("name/small/f11/inside"), "mine");
  auto part = open(chosen_);
  feed(*part, tree());
  const auto failed = part->finalize();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::exists);
  EXPECT_THAT(failed.error().message, HasSubstr("small/f11"));
  EXPECT_EQ(content_of(at("name/small/f11/inside")), as_bytes_of("mine"));
  fs::remove_all(at("name/small/f11"));
  EXPECT_TRUE(part->finalize());
  expect_tree(large_);
}

TEST_F(LaidOverTest, WhatWasEditedBeforeItIsPublishedIsAskedForAgain) {
  receive(tree(), chosen_);
  settle_index();
  auto part = open(chosen_);
  feed(*part, tree());
  EXPECT_TRUE(part->complete());
  edit("name/small/f12");
  edit("name/a/large", 5000);
  const auto failed = part->finalize();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::changed);
  EXPECT_FALSE(part->complete());
  EXPECT_GE(feed(*part, tree()), 2u);
  finalized(*part);
  expect_tree(large_);
}

TEST_F(LaidOverTest, WhatIsTakenAwayBeforeItIsPublishedComesAgain) {
  receive(tree(), chosen_);
  settle_index();
  auto part = open(chosen_);
  feed(*part, tree());
  fs::rename(at("name"), at("elsewhere"));
  EXPECT_EQ(part->finalize().error().code, Errc::changed);
  EXPECT_EQ(feed(*part, tree()), tree().order.size());
  finalized(*part);
  expect_tree(large_);
}

TEST_F(LaidOverTest, AProcessThatDiesLosesNothing) {
  receive(tree(), chosen_);
  settle_index();
  small_["small/f11"] = as_bytes_of("new");
  Bytes changed = large_;
  changed[4096] ^= 1;
  for (std::size_t most = 0; most < 3; ++most) {
    std::size_t taken = 0;
    die_after_feeding(tree(changed), chosen_, [&](std::size_t) { return taken++ < most; });
    edit("name/small/f18");  // what was seen to be right is not any more
    EXPECT_GE(receive_again(tree(changed)), 1u);
    expect_tree(changed);
    receive_again(tree());
    small_["small/f11"] = as_bytes_of("new" + std::to_string(most));
  }
}

TEST_F(LaidOverTest, UpdateKeepsWhatWasEdited) {
  receive(tree(), chosen_);
  settle_index();
  edit("name/small/f12");
  put(at("name/a/large"), "mine");
  chosen_.collision = Collision::update;
  for (auto& [path, content] : small_) content = as_bytes_of("new " + path);
  auto part = open(chosen_);
  feed(*part, tree(pattern(100, 7)));
  const auto ended = part->finalize();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::nothing);
  EXPECT_THAT(ended.error().message, HasSubstr("a/large and 1 more: was edited here and was kept"));
  EXPECT_EQ(content_of(at("name/a/large")), as_bytes_of("mine"));
  EXPECT_EQ(content_of(at("name/small/f12")).size(), 102u);
  EXPECT_EQ(content_of(at("name/small/f13")), small_["small/f13"]);
  EXPECT_FALSE(fs::exists(slot(chosen_)));
  part.reset();
  // It is still an edited one the next time.
  small_["small/f12"] = as_bytes_of("newer");
  part = open(chosen_);
  feed(*part, tree(pattern(100, 7)));
  EXPECT_EQ(part->finalize().error().code, Errc::nothing);
  EXPECT_EQ(content_of(at("name/small/f12")).size(), 102u);
}

TEST_F(LaidOverTest, UpdateReplacesWhatNobodyEdited) {
  receive(tree(), chosen_);
  chosen_.collision = Collision::update;
  for (auto& [path, content] : small_) content = as_bytes_of("new " + path);
  receive_again(tree(pattern(100, 7)));
  expect_tree(pattern(100, 7));
  // Without an index nobody knows what is whose.
  fs::remove(chosen_.index_path);
  small_["small/f12"] = as_bytes_of("newer");
  auto part = open(chosen_);
  feed(*part, tree(pattern(100, 7)));
  EXPECT_EQ(part->finalize().error().code, Errc::nothing);
}

class LinkedLaidOverTest : public LaidOverTest {
 protected:
  static MadeObject linked(std::int64_t time = 1'000'000'000, bool apart = false) {
    ObjectMaker maker(ObjectKind::tree);
    maker.pack({{"a", pattern(10, 1)}, {"b", pattern(20, 2)}}).directory("d");
    if (apart) {
      maker.file("d/a", pattern(10, 1), 0600, time);
    } else {
      maker.hard_link("d/a", 2, 10);
    }
    maker.file("large", pattern(20'000, 3), 0644, time).hard_link("other", 1, 20'000);
    return maker.finish();
  }
  [[nodiscard]] bool is_one(const std::string& one, const std::string& other) const {
    return inodes().at(one) == inodes().at(other);
  }
};

TEST_F(LinkedLaidOverTest, NamesOfOneFileStayThat) {
  receive(linked(), chosen_);
  let_the_clock_tick();
  receive_again(linked());
  const auto before = inodes();
  EXPECT_LE(receive_again(linked(), false), 1u);
  EXPECT_TRUE(changed_since(before).empty());
  EXPECT_TRUE(is_one("a", "d/a") && is_one("large", "other"));
}

TEST_F(LinkedLaidOverTest, WhatBecameAnotherFileHereIsANameAgain) {
  receive(linked(), chosen_);
  fs::remove(at("name/other"));
  put(at("name/other"), "mine");
  fs::remove(at("name/d/a"));
  receive_again(linked());
  EXPECT_TRUE(is_one("a", "d/a") && is_one("large", "other"));
  EXPECT_EQ(content_of(at("name/other")), pattern(20'000, 3));
  EXPECT_FALSE(fs::exists(at("name/.dcdn-moving")));
}

TEST_F(LinkedLaidOverTest, UpdateDoesNotTakeANameForEditedBecauseAnotherWasReplaced) {
  receive(linked(), chosen_);
  let_the_clock_tick();
  chosen_.collision = Collision::update;
  ObjectMaker maker(ObjectKind::tree);
  maker.pack({{"a", pattern(10, 1)}, {"b", pattern(20, 2)}}).directory("d").hard_link("d/a", 2, 10);
  maker.file("large", pattern(15'000, 4)).hard_link("other", 1, 15'000);
  receive_again(maker.finish());
  EXPECT_EQ(content_of(at("name/other")), pattern(15'000, 4));
  EXPECT_TRUE(is_one("large", "other"));
}

// Its other names may be anybody's: they keep the mode and the time that they have.
TEST_F(LinkedLaidOverTest, AnotherTimeOrModeIsNotGivenToOtherNames) {
  receive(linked(), chosen_);
  fs::create_hard_link(at("name/large"), at("snapshot"));
  receive_again(linked(5'000'000'000, true));
  EXPECT_EQ(mtime_of(at("name/large")), 5'000'000'000);
  EXPECT_EQ(mtime_of(at("snapshot")), 1'000'000'000);
  EXPECT_TRUE(is_one("large", "other"));
  EXPECT_EQ(mode_of(at("name/d/a")), 0600u);
  EXPECT_EQ(mode_of(at("name/a")), 0644u);
  EXPECT_EQ(content_of(at("name/d/a")), pattern(10, 1));
}

TEST_F(LaidOverTest, WhatADiskLostIsFoundInItsTurn) {
  receive(tree(), chosen_);
  settle_index();
  edit("name/small/f12");
  // As if nobody had touched it: the index knows it as it is now.
  auto reader = IndexReader::open(chosen_.index_path);
  ASSERT_TRUE(reader);
  auto writer = IndexWriter::create(chosen_.index_path, reader->head());
  ASSERT_TRUE(writer);
  while (auto item = reader->next()) {
    auto* entry = std::get_if<IndexedEntry>(&*item);
    const UniqueFd folder(::open(at("name/small").c_str(), O_RDONLY | O_DIRECTORY));
    if (entry != nullptr && entry->path == "small/f12") entry->looks = looks_at(folder.get(), "f12");
    ASSERT_TRUE(writer->add(*item));
  }
  ASSERT_TRUE(writer->finish());
  const Digest object = reader->head().object;
  std::uint64_t turns = 0;
  while (turns < kIndexTurns && is_as_delivered(chosen_.index_path, object, at("name"))) ++turns;
  EXPECT_LT(turns, kIndexTurns);
  for (turns = 0; turns < kIndexTurns; ++turns) {
    auto part = open(chosen_);
    const UniqueFd parent(::open(out().c_str(), O_RDONLY | O_DIRECTORY));
    const auto older = std::make_shared<BasisFiles>(ObjectKind::tree);
    older->add(parent.get(), "name");
    part->set_basis(older);
    const std::size_t asked = feed(*part, tree());
    finalized(*part);
    if (asked == 0) continue;
    ASSERT_EQ(part->notes().size(), 1u);
    EXPECT_THAT(part->notes()[0], HasSubstr("had changed on disk though nobody had touched the files"));
    break;
  }
  EXPECT_LT(turns, kIndexTurns);
  expect_tree(large_);
}

TEST_F(LaidOverTest, AnIndexThatIsDamagedIsNone) {
  receive(tree(), chosen_);
  settle_index();
  const Bytes whole = content_of(chosen_.index_path);
  for (std::size_t at_byte = 0; at_byte + 1 < whole.size(); at_byte += 1 + at_byte / 50) {
    Bytes damaged = whole;
    damaged[at_byte] ^= 0x10;
    put(chosen_.index_path, {damaged.begin(), damaged.end()});
    EXPECT_FALSE(IndexReader::open(chosen_.index_path)) << at_byte;
    put(chosen_.index_path, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at_byte)});
    EXPECT_FALSE(IndexReader::open(chosen_.index_path)) << at_byte;
  }
  EXPECT_EQ(receive_again(tree()), 0u);
  expect_tree(large_);
  EXPECT_TRUE(IndexReader::open(chosen_.index_path));  // there is a new one
}

}  // namespace
}  // namespace dcdn::store
