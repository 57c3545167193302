// What becomes of a delivery when a system call fails, or is the last one of its process: nothing that was
// acknowledged is lost, and nothing is acknowledged that is not there.
#include "store/part_object.hpp"
#include "support/call_faults.hpp"
#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::call_faults;
using test::every_chunk;
using test::file_object;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using wire::ObjectKind;
using Do = test::CallFaults::Do;

class PartFaultsTest : public test::ReceiveFixture {
 protected:
  ~PartFaultsTest() override { call_faults = test::CallFaults(); }

  PartObject::Options safe(ObjectKind kind, Collision collision = Collision::refuse) {
    auto chosen = options(kind);
    chosen.fsync = true;
    chosen.collision = collision;
    return chosen;
  }
  // One of each kind of entry that no chunk makes.
  static MadeObject mixed_tree() {
    Bytes tail = pattern(4096, 3);
    tail.resize(12288);
    ObjectMaker maker(ObjectKind::tree);
    maker.directory("d", 0750, 99'000'000'000)
        .file("d/empty", {})
        .file("d/x", as_bytes("new"))
        .directory("folder", 0700)
        .link("link", "d/x")
        .file("tail", tail, 0600);
    return maker.finish();
  }
  void expect_mixed_tree(const std::string& where) {
    EXPECT_TRUE(fs::is_directory(at("name/folder"))) << where;
    EXPECT_TRUE(fs::is_symlink(at("name/link"))) << where;
    EXPECT_TRUE(fs::is_regular_file(at("name/d/empty"))) << where;
    EXPECT_EQ(content_of(at("name/d/x")).size(), 3u) << where;
    EXPECT_EQ(content_of(at("name/tail")).size(), 12288u) << where;
    EXPECT_EQ(mode_of(at("name/d")), 0750u) << where;
    EXPECT_EQ(mode_of(at("name/tail")), 0600u) << where;
    EXPECT_EQ(mtime_of(at("name/d")), 99'000'000'000) << where;
  }
  // A process that receives all, with a fault while it finalizes. False if the fault was beyond the last
  // call.
  bool finalize_in_child(const MadeObject& object, const PartObject::Options& chosen, Do what, int nth,
                         const std::string& call = "") {
    const pid_t child = ::fork();
    if (child == 0) {
      auto part = open(chosen);
      if (!part) ::_exit(2);
      feed(*part, object);
      call_faults.arm(what, nth, call);
      (void)part->finalize().has_value();
      ::_exit(call_faults.seen >= nth ? 1 : 0);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status != 0;
  }
  void finish_or_receive(const MadeObject& object, const PartObject::Options& chosen) {
    auto dir = ReceiveDir::open(out());
    ASSERT_TRUE(dir);
    auto finished = PartObject::finish_delivery(*dir, chosen);
    ASSERT_TRUE(finished) << finished.error().message;
    dir_ = *dir;
    // Renamed by a process that could not tell any more, and forgotten since: the receiver's records know of
    // it.
    const bool renamed_before = !*finished && fs::exists(at("name/folder")) && !fs::exists(slot(chosen));
    if (!*finished && !renamed_before) receive(object, chosen);
    dir_.reset();
  }
};

TEST_F(PartFaultsTest, WhateverCallIsTheLastOrFailsNoEntryIsMissing) {
  const MadeObject object = mixed_tree();
  for (const Collision collision : {Collision::refuse, Collision::overwrite}) {
    for (const Do what : {Do::die, Do::fail}) {
      bool reached = true;
      for (int nth = 1; reached; ++nth) {
        fs::remove_all(out());
        if (collision == Collision::overwrite) put(at("name/d/x"), "old");
        const auto chosen = safe(ObjectKind::tree, collision);
        reached = finalize_in_child(object, chosen, what, nth);
        finish_or_receive(object, chosen);
        expect_mixed_tree("call " + std::to_string(nth) + (what == Do::die ? " is the last" : " fails"));
        ASSERT_FALSE(HasFailure());
      }
    }
  }
}

TEST_F(PartFaultsTest, WhatAFailedSyncWasToSaveIsMissingAgain) {
  const Bytes content = pattern(40'000, 1);
  const MadeObject object = file_object(content);
  for (const char* call : {"fdatasync", "fsync"}) {
    fs::remove_all(out());
    auto part = open(safe(ObjectKind::file));
    feed(*part, object);
    call_faults.arm(Do::fail, 1, call);
    const auto failed = std::string(call) == "fsync" ? part->finalize().error() : part->checkpoint().error();
    EXPECT_EQ(failed.code, Errc::io) << call;
    EXPECT_EQ(part->bytes_done(), 0u) << call;
    part.reset();
    EXPECT_EQ(complete(object, safe(ObjectKind::file), content), 10u) << call;
    dir_.reset();
  }
}

TEST_F(PartFaultsTest, WhatWasSyncedBeforeStaysWhenALaterSyncFails) {
  const Bytes content = pattern(40'000, 1);
  const MadeObject object = file_object(content);
  auto part = open(safe(ObjectKind::file));
  feed(*part, object, [](std::size_t chunk) { return chunk < 4; });
  ASSERT_TRUE(part->checkpoint());
  feed(*part, object, [](std::size_t chunk) { return chunk < 7; });
  call_faults.arm(Do::fail, 1, "fdatasync");
  EXPECT_FALSE(part->checkpoint());
  part.reset();
  EXPECT_EQ(complete(object, safe(ObjectKind::file), content), 6u);
}

TEST_F(PartFaultsTest, EveryFolderThatSomethingMovedIntoIsSynced) {
  put(at("name/d/x"), "old");
  auto part = open(safe(ObjectKind::tree, Collision::overwrite));
  feed(*part, mixed_tree());
  call_faults.arm(Do::nothing, 0);
  finalized(*part);
  for (const std::string folder : {"name", "name/d"}) {
    struct stat info {};
    ASSERT_EQ(::stat(at(folder).c_str(), &info), 0);
    EXPECT_TRUE(std::count(call_faults.synced.begin(), call_faults.synced.end(), info.st_ino)) << folder;
  }
}

TEST_F(PartFaultsTest, ANameThatWasGivenInsteadOfATakenOneIsRemembered) {
  const MadeObject object = file_object(as_bytes("incoming"));
  const auto chosen = safe(ObjectKind::file, Collision::rename);
  put(at("name"), "somebody's");
  // The first renameat is that of the slot, out of the way.
  ASSERT_TRUE(finalize_in_child(object, chosen, Do::die, 1, "renameat"));
  dir_ = *ReceiveDir::open(out());
  std::string noted;
  const auto finished = PartObject::finish_delivery(dir_, chosen, [&](const Delivered& next) -> Result<void> {
    noted = next.path;
    return {};
  });
  ASSERT_TRUE(finished && *finished);
  EXPECT_EQ((*finished)->path, at("name (1)"));
  EXPECT_EQ((*finished)->bytes, 8u);
  EXPECT_EQ((*finished)->object, object.segments.back().id);
  EXPECT_EQ(noted, "");  // it had its name
  EXPECT_FALSE(fs::exists(slot(chosen)));
}

TEST_F(PartFaultsTest, BeforeANameIsGivenItIsTold) {
  const MadeObject object = file_object(as_bytes("incoming"));
  put(at("name"), "somebody's");
  auto part = open(safe(ObjectKind::file, Collision::rename));
  feed(*part, object);
  std::vector<std::string> told;
  const auto path = part->finalize([&](const Delivered& next) -> Result<void> {
    EXPECT_FALSE(fs::exists(next.path));
    told.push_back(next.path);
    return {};
  });
  ASSERT_TRUE(path);
  EXPECT_THAT(told, ::testing::ElementsAre(*path));
}

TEST_F(PartFaultsTest, ADeliveryIsNoneUntilItsNameIsOnDisk) {
  const MadeObject object = file_object(as_bytes("incoming"));
  const auto chosen = safe(ObjectKind::file);
  auto part = open(chosen);
  feed(*part, object);
  // Of the file, of its staging folder, of the folder it gets its name in.
  call_faults.arm(Do::fail, 3, "fsync");
  EXPECT_EQ(part->finalize().error().code, Errc::io);
  part.reset();
  const auto finished = PartObject::finish_delivery(dir_, chosen);
  ASSERT_TRUE(finished && *finished);
  EXPECT_EQ((*finished)->path, at("name"));
}

}  // namespace
}  // namespace dcdn::store
