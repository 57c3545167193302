// What happens to the name: collision policies, hostile things at the destination, deliveries cut short.
#include "store/publish.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <iterator>

#include "store/part_object.hpp"
#include "store/tree_access.hpp"
#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::every_chunk;
using test::file_object;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::ObjectKind;

class PublishTest : public test::ReceiveFixture {
 protected:
  PartObject::Options with(Collision collision, ObjectKind kind = ObjectKind::file,
                           const std::string& name = "name") {
    auto chosen = options(kind, name);
    chosen.collision = collision;
    return chosen;
  }
  Errc open_error(const PartObject::Options& chosen) {
    const auto part = try_open(chosen);
    EXPECT_FALSE(part);
    return part ? Errc::internal : part.error().code;
  }
  static MadeObject small_tree() {
    ObjectMaker maker(ObjectKind::tree);
    maker.directory("d", 0755, 99'000'000'000)
        .file("d/new", as_bytes("new"))
        .file("d/same", as_bytes("from sender"))
        .file("top", as_bytes("top"));
    return maker.finish();
  }
  void outside_victim() { put(temp_.path() + "/outside/victim", "victim"); }
  std::string victim() const { return temp_.path() + "/outside"; }
  void expect_victim_untouched() {
    EXPECT_EQ(text(victim() + "/victim"), "victim");
    EXPECT_EQ(std::distance(fs::directory_iterator(victim()), fs::directory_iterator()), 1);
  }
  static std::string text(const std::string& path) {
    const Bytes bytes = content_of(path);
    return {bytes.begin(), bytes.end()};
  }
  const MadeObject file_ = file_object(as_bytes("incoming"));
};

TEST_F(PublishTest, RefuseTellsAtOnceAndNamesTheWayOut) {
  put(at("name"), "mine");
  const auto part = try_open(with(Collision::refuse));
  ASSERT_FALSE(part);
  EXPECT_EQ(part.error().code, Errc::exists);
  for (const char* option : {"--overwrite", "--rename", "--skip"})
    EXPECT_THAT(part.error().hint, HasSubstr(option));
  EXPECT_FALSE(fs::exists(slot(options())));
}

TEST_F(PublishTest, RefuseAlsoWhenTheNameIsTakenMeanwhile) {
  auto part = open(with(Collision::refuse));
  feed(*part, file_);
  put(at("name"), "mine");
  const auto failed = part->finalize();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::exists);
  EXPECT_EQ(text(at("name")), "mine");
  fs::remove(at("name"));
  EXPECT_TRUE(part->finalize());  // nothing was lost
  EXPECT_EQ(text(at("name")), "incoming");
}

TEST_F(PublishTest, ADanglingLinkTakesANameToo) {
  fs::create_directories(out());
  fs::create_symlink("/nonexistent", at("name"));
  EXPECT_EQ(open_error(with(Collision::refuse)), Errc::exists);
  receive(file_, with(Collision::overwrite));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(at("name"))));
  EXPECT_EQ(text(at("name")), "incoming");
}

TEST_F(PublishTest, OverwriteReplacesAFileButNeverFollowsALink) {
  outside_victim();
  put(at("name"), "mine");
  receive(file_, with(Collision::overwrite));
  EXPECT_EQ(text(at("name")), "incoming");
  fs::remove(at("name"));
  fs::create_symlink(victim() + "/victim", at("name"));
  receive(file_, with(Collision::overwrite));
  EXPECT_EQ(text(at("name")), "incoming");
  expect_victim_untouched();
}

TEST_F(PublishTest, OverwriteDoesNotRemoveADirectoryForAFile) {
  put(at("name/inside"), "mine");
  auto part = open(with(Collision::overwrite));
  feed(*part, file_);
  EXPECT_EQ(part->finalize().error().code, Errc::exists);
  EXPECT_EQ(text(at("name/inside")), "mine");
}

TEST_F(PublishTest, RenameFindsAFreeName) {
  put(at("report.pdf"), "mine");
  put(at("report (1).pdf"), "mine too");
  EXPECT_EQ(receive(file_, with(Collision::rename, ObjectKind::file, "report.pdf")), at("report (2).pdf"));
  EXPECT_EQ(text(at("report.pdf")), "mine");
  EXPECT_EQ(text(at("report (2).pdf")), "incoming");
  put(at("v1.0/x"), "mine");
  EXPECT_EQ(receive(small_tree(), with(Collision::rename, ObjectKind::tree, "v1.0")), at("v1.0 (1)"));
  EXPECT_EQ(text(at("v1.0 (1)/top")), "top");
  const std::string longest(255, 'n');
  put(at(longest), "mine");
  EXPECT_EQ(receive(file_, with(Collision::rename, ObjectKind::file, longest)),
            at(longest.substr(0, 251) + " (1)"));
  std::string accents;
  while (accents.size() < 254) accents += "é";
  put(at(accents), "mine");
  EXPECT_EQ(receive(file_, with(Collision::rename, ObjectKind::file, accents)),
            at(accents.substr(0, 250) + " (1)"));  // no character is cut in two
  put(at(".profile"), "mine");
  EXPECT_EQ(receive(file_, with(Collision::rename, ObjectKind::file, ".profile")), at(".profile (1)"));
}

TEST_F(PublishTest, SkipKeepsAFile) {
  put(at("name"), "mine");
  EXPECT_EQ(open_error(with(Collision::skip)), Errc::nothing);
  EXPECT_EQ(open_error(with(Collision::skip, ObjectKind::tree)), Errc::nothing);
  fs::remove(at("name"));
  auto part = open(with(Collision::skip));
  feed(*part, file_);
  put(at("name"), "mine");
  EXPECT_EQ(part->finalize().error().code, Errc::nothing);
  EXPECT_EQ(text(at("name")), "mine");
  EXPECT_FALSE(fs::exists(slot(options())));
}

TEST_F(PublishTest, SkipFillsTheGapsOfATree) {
  put(at("name/d/same"), "mine");
  put(at("name/d/other"), "other");
  auto part = open(with(Collision::skip, ObjectKind::tree));
  feed(*part, small_tree());
  const auto kept = part->finalize();
  ASSERT_FALSE(kept);  // not all of it is there, so nobody may be told that it is
  EXPECT_EQ(kept.error().code, Errc::nothing);
  EXPECT_THAT(kept.error().message, HasSubstr("name/d/same"));
  EXPECT_EQ(text(at("name/d/same")), "mine");
  EXPECT_EQ(text(at("name/d/other")), "other");
  EXPECT_EQ(text(at("name/d/new")), "new");
  EXPECT_EQ(text(at("name/top")), "top");
  EXPECT_NE(mtime_of(at("name/d")), 99'000'000'000);
}

TEST_F(PublishTest, SkipDeliversWhatIsThereAlready) {
  put(at("name/d/same"), "from sender");
  EXPECT_EQ(receive(small_tree(), with(Collision::skip, ObjectKind::tree)), at("name"));
  EXPECT_EQ(text(at("name/d/new")), "new");
}

TEST_F(PublishTest, SkipTellsOfAnotherKindInTheWay) {
  put(at("name/d"), "a file");
  fs::create_directories(at("other/top"));
  for (const std::string name : {"name", "other"}) {
    auto part = open(with(Collision::skip, ObjectKind::tree, name));
    feed(*part, small_tree());
    const auto failed = part->finalize();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::exists);
    EXPECT_THAT(failed.error().message, HasSubstr(name == "name" ? "name/d" : "other/top"));
    part.reset();
    fs::remove_all(at(name == "name" ? "name/d" : "other/top"));
    const auto again = PartObject::finish_delivery(dir_, with(Collision::skip, ObjectKind::tree, name));
    ASSERT_TRUE(again && *again);
    EXPECT_EQ(text(at(name + "/d/new")), "new");
    EXPECT_EQ(text(at(name + "/top")), "top");
  }
}

TEST_F(PublishTest, OverwriteMergesTrees) {
  put(at("name/d/same"), "mine");
  put(at("name/d/other"), "other");
  fs::create_directories(at("name/top"));  // an empty directory gives way to a file
  receive(small_tree(), with(Collision::overwrite, ObjectKind::tree));
  EXPECT_EQ(text(at("name/d/same")), "from sender");
  EXPECT_EQ(text(at("name/d/other")), "other");
  EXPECT_EQ(text(at("name/d/new")), "new");
  EXPECT_EQ(text(at("name/top")), "top");
  EXPECT_EQ(mtime_of(at("name/d")), 99'000'000'000);
}

TEST_F(PublishTest, OverwriteStopsAtADirectoryThatIsNotEmpty) {
  put(at("name/top/inside"), "mine");
  auto part = open(with(Collision::overwrite, ObjectKind::tree));
  feed(*part, small_tree());
  const auto failed = part->finalize();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::exists);
  EXPECT_THAT(failed.error().message, HasSubstr("name/top"));
  EXPECT_EQ(text(at("name/top/inside")), "mine");
  fs::remove_all(at("name/top"));
  EXPECT_TRUE(part->finalize());  // goes on where it stopped
  EXPECT_EQ(text(at("name/top")), "top");
  EXPECT_EQ(text(at("name/d/new")), "new");
}

TEST_F(PublishTest, LinksAtTheDestinationAreNeverFollowed) {
  outside_victim();
  for (const Collision collision : {Collision::skip, Collision::overwrite}) {
    fs::remove_all(at("name"));
    fs::create_directories(at("name"));
    fs::create_directory_symlink(victim(), at("name/d"));
    fs::create_symlink(victim() + "/victim", at("name/top"));
    const bool kept = collision == Collision::skip;
    auto part = open(with(collision, ObjectKind::tree));
    feed(*part, small_tree());
    EXPECT_EQ(part->finalize().has_value(), !kept);
    ASSERT_TRUE(part->discard());
    expect_victim_untouched();
    EXPECT_EQ(fs::is_symlink(at("name/d")), kept);
    EXPECT_EQ(fs::is_symlink(at("name/top")), kept);
    if (!kept) {
      EXPECT_EQ(text(at("name/d/new")), "new");
    }
  }
  fs::remove_all(at("name"));
  fs::create_directory_symlink(victim(), at("name"));  // the top itself
  receive(small_tree(), with(Collision::overwrite, ObjectKind::tree));
  expect_victim_untouched();
  EXPECT_FALSE(fs::is_symlink(at("name")));
}

TEST_F(PublishTest, UnsafeLinksAreRefusedByName) {
  for (const char* target : {"/etc/passwd", "..", "../../x", "d/../../x", "ok/..", "."}) {
    ObjectMaker maker(ObjectKind::tree);
    maker.link("l", target);
    const auto made = maker.finish().segments[0];
    auto part = open(options(ObjectKind::tree));
    const auto need = part->add_segment(made.segment, made.id, made.frames);
    EXPECT_EQ(need.has_value(), std::string(target) == ".") << target;
    if (need) continue;
    EXPECT_EQ(need.error().code, Errc::refused);
    EXPECT_THAT(need.error().message, HasSubstr("name/l"));
  }
  auto trusting = options(ObjectKind::tree);
  trusting.allow_unsafe_links = true;
  ObjectMaker maker(ObjectKind::tree);
  maker.link("l", "/etc/passwd");
  receive(maker.finish(), trusting);
  EXPECT_EQ(fs::read_symlink(at("name/l")), "/etc/passwd");
}

TEST(LinkTest, StaysInsideOnlyIfItCannotClimbOut) {
  for (const auto& [path, target] : std::vector<std::pair<std::string, std::string>>{{"l", "a"},
                                                                                     {"l", "a/b"},
                                                                                     {"d/l", ".."},
                                                                                     {"d/l", "../x"},
                                                                                     {"d/e/l", "../.././x"},
                                                                                     {"l", "./a//b"},
                                                                                     {"l", "..."}})
    EXPECT_TRUE(link_stays_inside(path, target)) << path << " -> " << target;
  for (const auto& [path, target] : std::vector<std::pair<std::string, std::string>>{{"l", ""},
                                                                                     {"l", "/"},
                                                                                     {"l", ".."},
                                                                                     {"d/l", "../.."},
                                                                                     {"d/e/l", "a/.."},
                                                                                     {"d/l", ".././.."},
                                                                                     {"d/l", "../a/../.."}})
    EXPECT_FALSE(link_stays_inside(path, target)) << path << " -> " << target;
}

TEST_F(PublishTest, DeliveryCutShortIsFinishedByTheNextOpen) {
  const auto chosen = with(Collision::overwrite, ObjectKind::tree);
  put(at("name/d/same"), "mine");
  die_after_feeding(small_tree(), chosen, every_chunk);
  // As finalize() leaves it when it dies after the first of its renames.
  put(slot(chosen) + "/deliver", text("/proc/sys/kernel/random/boot_id") + "/overwrite/name");
  for (const char* file : {"d/new", "d/same", "top"}) ::chmod((slot(chosen) + "/tree/" + file).c_str(), 0644);
  fs::rename(slot(chosen) + "/tree/top", at("name/top"));
  const auto again = try_open(chosen);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::nothing);
  EXPECT_EQ(text(at("name/d/same")), "from sender");
  EXPECT_EQ(text(at("name/d/new")), "new");
  EXPECT_EQ(text(at("name/top")), "top");
  EXPECT_EQ(mode_of(at("name/d/new")), 0644u);
  EXPECT_FALSE(fs::exists(slot(chosen)));
}

TEST_F(PublishTest, DeliveryThatOnlyLackedTidyingIsKnown) {
  die_after_feeding(file_, options(), every_chunk);
  put(slot(options()) + "/deliver", text("/proc/sys/kernel/random/boot_id"));
  fs::rename(slot(options()) + "/tree/data.part", at("name"));
  EXPECT_EQ(open_error(options()), Errc::nothing);
  EXPECT_EQ(text(at("name")), "incoming");
  EXPECT_FALSE(fs::exists(slot(options())));
}

TEST_F(PublishTest, DeliveryOfAnotherBootIsCheckedAgain) {
  die_after_feeding(file_, options(), every_chunk);
  put(slot(options()) + "/deliver", "00000000-0000-0000-0000-000000000000\n");
  put(slot(options()) + "/boot_id", "00000000-0000-0000-0000-000000000000\n");
  put(slot(options()) + "/tree/data.part", "lost bytes");
  auto part = open(options());
  EXPECT_FALSE(part->complete());
  EXPECT_EQ(feed(*part, file_), 1u);
  finalized(*part);
  EXPECT_EQ(text(at("name")), "incoming");
}

TEST_F(PublishTest, ModesThatForbidDoNotStandInTheWay) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  ObjectMaker maker(ObjectKind::tree);
  maker.directory("closed", 0000)
      .directory("d", 0555)
      .directory("d/e", 0111)
      .file("d/e/f", pattern(9000, 1), 0000);
  maker.link("d/l", "e").file("top", as_bytes("top"), 0444);
  const MadeObject object = maker.finish();
  fs::create_directories(at("merged/d"));
  for (const auto& path : {temp_.path(), out(), at("merged"), at("merged/d")})
    ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(9);
    {
      auto part = open(options(ObjectKind::tree));
      feed(*part, object);
      part.reset();
      // A finalize that died when all modes were set.
      ::chmod((slot(options(ObjectKind::tree)) + "/tree/d/e/f").c_str(), 0000);
      ::chmod((slot(options(ObjectKind::tree)) + "/tree/d/e").c_str(), 0111);
      ::chmod((slot(options(ObjectKind::tree)) + "/tree/d").c_str(), 0555);
    }
    receive(object, options(ObjectKind::tree));
    auto merged = options(ObjectKind::tree, "merged");
    merged.collision = Collision::overwrite;
    receive(object, merged);
    dir_.reset();
    ::_exit(HasFailure() ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  for (const std::string top : {"name", "merged"}) {
    EXPECT_EQ(content_of(at(top + "/d/e/f")), pattern(9000, 1));
    EXPECT_EQ(mode_of(at(top + "/d/e/f")), 0000u);
    EXPECT_EQ(mode_of(at(top + "/d/e")), 0111u);
    EXPECT_EQ(mode_of(at(top + "/d")), 0555u);
    EXPECT_EQ(mode_of(at(top + "/closed")), 0000u);
  }
  EXPECT_FALSE(fs::exists(at(".dcdn-part")));
}

}  // namespace
}  // namespace dcdn::store
