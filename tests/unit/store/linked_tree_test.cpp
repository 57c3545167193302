// Trees with hard links: they come out as that, whatever ended a delivery half way; as copies where there are
// no links; and never lead to what was not sent. And what is set of owners and attributes.
#include <sys/xattr.h>

#include "store/link_targets.hpp"
#include "store/part_object.hpp"
#include "support/call_faults.hpp"
#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::call_faults;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using wire::ObjectKind;
using Do = test::CallFaults::Do;

class LinkedTree : public test::ReceiveFixture {
 protected:
  LinkedTree() : chosen_(options(ObjectKind::tree)) {}
  ~LinkedTree() override { call_faults = test::CallFaults(); }

  // Names of a file in a pack, of an empty one, and of a large one.
  static MadeObject tree() {
    ObjectMaker maker(ObjectKind::tree, 4096, 2);
    maker.pack({{"a", pattern(10, 1)}, {"b", pattern(20, 2)}});
    maker.directory("d", 0555)
        .hard_link("d/a", 2, 10)
        .file("d/empty", {})
        .file("d/large", pattern(20'000, 3));
    maker.hard_link("d/x", 2, 0).hard_link("e", 1, 20'000).hard_link("f", 3, 20);
    return maker.finish();
  }
  static MadeObject one(std::uint64_t back, std::uint64_t size) {
    ObjectMaker maker(ObjectKind::tree);
    maker.file("a", pattern(10, 1)).hard_link("b", back, size);
    return maker.finish();
  }
  [[nodiscard]] ino_t inode_of(const std::string& path) const {
    struct stat info {};
    EXPECT_EQ(::lstat(at("name/" + path).c_str(), &info), 0) << path;
    return info.st_ino;
  }
  void expect_tree(bool linked = true) const {
    const std::pair<const char*, const char*> same[] = {
        {"a", "d/a"}, {"b", "f"}, {"d/empty", "d/x"}, {"d/large", "e"}};
    for (const auto& [one, other] : same) {
      EXPECT_EQ(inode_of(one) == inode_of(other), linked) << other;
      EXPECT_EQ(content_of(at(std::string("name/") + one)), content_of(at(std::string("name/") + other)));
      EXPECT_EQ(mtime_of(at(std::string("name/") + other)), 1'234'567'890) << other;
      EXPECT_EQ(mode_of(at(std::string("name/") + other)), 0644u) << other;
    }
    EXPECT_EQ(content_of(at("name/e")), pattern(20'000, 3));
    EXPECT_EQ(mode_of(at("name/d")), 0555u);
  }

  PartObject::Options chosen_;
};

TEST_F(LinkedTree, ComesOutAsItWas) {
  receive(tree(), chosen_);
  expect_tree();
}

TEST_F(LinkedTree, IsACopyWhereThereAreNoLinks) {
  for (const int reason : {EPERM, EOPNOTSUPP, EMLINK}) {
    auto part = open(chosen_);
    feed(*part, tree());
    call_faults.arm(Do::fail, 1, "linkat");
    call_faults.reason = reason;
    call_faults.also_later = true;
    finalized(*part);
    call_faults = test::CallFaults();
    ASSERT_EQ(part->notes().size(), 1u);
    EXPECT_NE(part->notes()[0].find("4 hard links became copies"), std::string::npos) << part->notes()[0];
    expect_tree(false);
    part.reset();
    fs::permissions(at("name/d"), fs::perms(0755));
    fs::remove_all(at("name"));
  }
}

TEST_F(LinkedTree, ALinkThatCannotBeMadeIsTriedAgain) {
  for (int failing = 1; failing <= 4; ++failing) {
    auto part = open(chosen_);
    feed(*part, tree());
    call_faults.arm(Do::fail, failing, "linkat");
    EXPECT_FALSE(part->finalize());
    call_faults = test::CallFaults();
    part.reset();
    receive(tree(), chosen_);
    expect_tree();
    fs::permissions(at("name/d"), fs::perms(0755));
    fs::remove_all(at("name"));
  }
}

// Another object of the same name: what was a link is a file now, and must not be written through.
TEST_F(LinkedTree, WhatWasALinkInAnUnfinishedDeliveryIsAFileOfItsOwnNow) {
  {
    auto part = open(chosen_);
    feed(*part, one(1, 10));
    call_faults.arm(Do::fail, 2, "fchmod");  // of the tree's own folder
    EXPECT_FALSE(part->finalize());
    call_faults = test::CallFaults();
  }
  ObjectMaker maker(ObjectKind::tree);
  maker.file("a", pattern(10, 1)).file("b", pattern(10, 7));
  receive(maker.finish(), chosen_);
  EXPECT_EQ(content_of(at("name/a")), pattern(10, 1));
  EXPECT_EQ(content_of(at("name/b")), pattern(10, 7));
}

// The same where the manifest was damaged behind the file.
TEST_F(LinkedTree, WithADamagedManifestNothingIsBelievedOfLinks) {
  ObjectMaker maker(ObjectKind::tree, 4096, 1);
  maker.file("a", pattern(10, 1)).hard_link("b", 1, 10);
  const MadeObject object = maker.finish();
  ASSERT_EQ(object.segments.size(), 2u);
  {
    auto part = open(chosen_);
    feed(*part, object);
    call_faults.arm(Do::fail, 2, "fchmod");  // of the tree's own folder
    EXPECT_FALSE(part->finalize());
    call_faults = test::CallFaults();
  }
  set_size(slot(chosen_) + "/manifest.dcs", object.segments[0].frames.size() + 30);
  auto part = open(chosen_);
  EXPECT_EQ(part->segments_done(), 0u);
  EXPECT_FALSE(fs::exists(slot(chosen_) + "/tree/b"));
  EXPECT_EQ(feed(*part, object), 1u);
  finalized(*part);
  EXPECT_EQ(inode_of("a"), inode_of("b"));
}

TEST_F(LinkedTree, ALinkThatLiesAboutItsLengthIsRefused) {
  auto part = open(chosen_);
  feed(*part, one(1, 9));
  const auto path = part->finalize();
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, Errc::corrupt);
  EXPECT_TRUE(names().empty());
}

TEST_F(LinkedTree, ALinkToWhatWasGivenUpIsNotThere) {
  ObjectMaker maker(ObjectKind::tree);
  maker.begin_file("a", 0644, 1, 20);
  maker.add_piece(pattern(10, 1));
  maker.add(wire::LeftOut{wire::LeftOutReason::changed, "a"});
  maker.hard_link("b", 1, 20).file("c", pattern(5, 2));
  receive(maker.finish(), chosen_);
  EXPECT_FALSE(fs::exists(at("name/b")));
  EXPECT_EQ(content_of(at("name/c")), pattern(5, 2));
}

TEST_F(LinkedTree, LaidOverAnotherTree) {
  put(at("name/a"), "old");
  put(at("name/e"), "old");
  put(at("name/kept"), "kept");
  chosen_.collision = Collision::overwrite;
  receive(tree(), chosen_);
  expect_tree();
  EXPECT_TRUE(fs::exists(at("name/kept")));
}

TEST_F(LinkedTree, CountsAsTheCopyThatItMayBecome) {
  dir_ = *ReceiveDir::open(out());
  const auto ledger = std::make_shared<PromiseLedger>(ReceiveLimits{0, 60'000, 0}, dir_);
  chosen_.promise = ledger->open();
  auto part = open(chosen_);
  const MadeObject fits = tree();  // 40,060 bytes and its manifest
  feed(*part, fits);
  finalized(*part);
  part.reset();
  ObjectMaker maker(ObjectKind::tree);
  maker.file("a", pattern(1000, 1));
  for (int i = 10; i < 40; ++i) maker.hard_link("b" + std::to_string(i), 1, 1000);
  const MadeObject more = maker.finish();
  auto other = options(ObjectKind::tree, "other");
  other.promise = ledger->open();
  part = open(other);
  const auto added =
      part->add_segment(more.segments[0].segment, more.segments[0].id, more.segments[0].frames);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, Errc::limit);
  EXPECT_NE(added.error().message.find("--quota"), std::string::npos);
}

TEST_F(LinkedTree, NamesOfManyFilesAreFoundAgain) {
  ObjectMaker maker(ObjectKind::tree, 4096, 50);
  constexpr int many = 500;
  maker.directory("a");
  for (int i = 0; i < many; ++i) maker.file("a/" + std::to_string(10'000 + i), pattern(1, 1));
  maker.directory("b");
  for (int i = 0; i < many; i += 3)
    maker.hard_link("b/" + std::to_string(10'000 + i), static_cast<std::uint64_t>(many - i), 1);
  const MadeObject object = maker.finish();
  const UniqueFd folder(::open(temp_.path().c_str(), O_RDONLY | O_DIRECTORY));
  auto log = ManifestLog::open(folder.get(), "log");
  ASSERT_TRUE(log);
  for (const auto& made : object.segments) ASSERT_TRUE(log->append(made.frames));
  const auto targets = LinkTargets::find(*log);
  ASSERT_TRUE(targets);
  for (int i = 0; i < many; ++i) {
    const auto path = targets->path_of(static_cast<std::uint64_t>(i));
    ASSERT_EQ(path.has_value(), i % 3 == 0) << i;
    if (path) {
      EXPECT_EQ(*path, "a/" + std::to_string(10'000 + i));
    }
  }
  EXPECT_FALSE(targets->path_of(many));
}

class TreeWithExtras : public LinkedTree {
 protected:
  static MadeObject owned(const wire::Extras& extras, std::uint16_t mode = 04755) {
    ObjectMaker maker(ObjectKind::tree);
    wire::EntryBegin file;
    file.path = "f";
    file.mode = mode;
    file.size = 0;
    file.extras = wire::encode_extras(extras);
    wire::EntryBegin folder = file;
    folder.kind = wire::EntryKind::directory;
    folder.path = "d";
    folder.size.reset();
    maker.add(folder);
    maker.add(file);
    maker.end_file(0, digest::blake3({}));
    return maker.finish();
  }
  std::vector<std::string> delivered(const MadeObject& object) {
    auto part = open(chosen_);
    feed(*part, object);
    finalized(*part);
    return part->notes();
  }
  [[nodiscard]] std::string attribute(const std::string& path, const char* name) const {
    char value[100];
    const ssize_t got = ::lgetxattr(at("name/" + path).c_str(), name, value, sizeof value);
    return got < 0 ? "none" : std::string(value, static_cast<std::size_t>(got));
  }
  [[nodiscard]] struct stat status(const std::string& path) const {
    struct stat info {};
    EXPECT_EQ(::lstat(at("name/" + path).c_str(), &info), 0);
    return info;
  }
  [[nodiscard]] bool has_attributes() const {
    put(temp_.path() + "/trial", "");
    return ::setxattr((temp_.path() + "/trial").c_str(), "user.x", "", 0, 0) == 0;
  }
  wire::Extras all_{wire::Owner{1234, 4321, "", ""}, {{"trusted.dcdn", {'t'}}, {"user.note", {'h', 'i'}}}};
};

TEST_F(TreeWithExtras, NothingIsSetThatNobodyAskedForHere) {
  const auto notes = delivered(owned(all_));
  EXPECT_EQ(notes.size(), 2u);
  EXPECT_EQ(status("f").st_uid, ::geteuid());
  EXPECT_EQ(status("f").st_mode & 07777, 0755u);
  EXPECT_EQ(status("d").st_mode & 07777, 0755u);
  EXPECT_EQ(attribute("f", "user.note"), "none");
}

TEST_F(TreeWithExtras, AttributesThatAnybodyMayHave) {
  if (!has_attributes()) GTEST_SKIP() << "no attributes here";
  chosen_.kept.attributes = wire::KeptAttributes::common;
  const auto notes = delivered(owned(all_, 0400));
  EXPECT_EQ(attribute("f", "user.note"), "hi");
  EXPECT_EQ(attribute("d", "user.note"), "hi");
  EXPECT_EQ(attribute("f", "trusted.dcdn"), "none");
  EXPECT_EQ(mode_of(at("name/f")), 0400u);
  ASSERT_EQ(notes.size(), 2u);  // of owners, and of rights
  EXPECT_NE(notes[1].find("--xattrs all"), std::string::npos) << notes[1];
}

TEST_F(TreeWithExtras, OwnersAndRightsForRoot) {
  if (::geteuid() != 0 || !has_attributes()) GTEST_SKIP() << "only root, where there are attributes";
  chosen_.kept = {true, false, wire::KeptAttributes::all};
  EXPECT_TRUE(delivered(owned(all_)).empty());
  for (const char* path : {"f", "d"}) {
    EXPECT_EQ(status(path).st_uid, 1234u);
    EXPECT_EQ(status(path).st_gid, 4321u);
    EXPECT_EQ(status(path).st_mode & 07777, 04755u);
    EXPECT_EQ(attribute(path, "trusted.dcdn"), "t");
  }
}

TEST_F(TreeWithExtras, NamesGoBeforeNumbers) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root";
  chosen_.kept.owner = true;
  delivered(owned({wire::Owner{1234, 4321, "root", "no such group"}, {}}));
  EXPECT_EQ(status("f").st_uid, 0u);
  EXPECT_EQ(status("f").st_gid, 4321u);
  fs::remove_all(at("name"));
  chosen_.kept.numeric_ids = true;
  delivered(owned({wire::Owner{1234, 4321, "root", "no such group"}, {}}));
  EXPECT_EQ(status("f").st_uid, 1234u);
}

// Without the owner that belongs to it, set-user-id would be ours.
TEST_F(TreeWithExtras, SetUserIdGoesOnlyWithItsOwner) {
  chosen_.kept.owner = true;
  delivered(owned({}));
  EXPECT_EQ(status("f").st_mode & 07777, 0755u);
  EXPECT_EQ(status("d").st_mode & 07777, 0755u);
}

TEST_F(TreeWithExtras, WhatCannotBeSetIsTold) {
  if (!has_attributes()) GTEST_SKIP() << "no attributes here";
  chosen_.kept.attributes = wire::KeptAttributes::common;
  const wire::Extras extras{std::nullopt,
                            {{"system.posix_acl_access", {'n', 'o', 'n', 's', 'e'}}, {"user.a", {}}}};
  const auto notes = delivered(owned(extras, 0755));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("2 attributes were not set, the first: name/d: system.posix_acl_access"),
            std::string::npos)
      << notes[0];
  EXPECT_EQ(attribute("f", "user.a"), "");
}

TEST_F(TreeWithExtras, AFolderThatATreeIsLaidOverGetsThemToo) {
  if (!has_attributes()) GTEST_SKIP() << "no attributes here";
  fs::create_directories(at("name/d"));
  ASSERT_EQ(::setxattr(at("name/d").c_str(), "user.old", "x", 1, 0), 0);
  chosen_.collision = Collision::overwrite;
  chosen_.kept.attributes = wire::KeptAttributes::common;
  delivered(owned({std::nullopt, {{"user.note", {'h', 'i'}}}}, 0755));
  EXPECT_EQ(attribute("d", "user.note"), "hi");
  EXPECT_EQ(attribute("d", "user.old"), "none");
}

}  // namespace
}  // namespace dcdn::store
