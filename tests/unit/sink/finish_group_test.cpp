// Small objects that get their names together: all of them or, when the disk fails, none; nobody is told
// before the sync; and what is no such object goes the usual way.
#include "sink/finish_group.hpp"

#include "sink/directory_sink.hpp"
#include "sink/small_object_sink.hpp"
#include "support/call_faults.hpp"
#include "support/receive_fixture.hpp"
#include "support/sink_fixture.hpp"

namespace dcdn::sink {
namespace {

namespace fs = std::filesystem;
using test::call_faults;
using test::file_object;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using Do = test::CallFaults::Do;

class FinishGroupTest : public test::ReceiveFixture {
 protected:
  ~FinishGroupTest() override { call_faults = test::CallFaults(); }

  std::shared_ptr<ObjectSink> sink_of(const std::string& name,
                                      store::Collision collision = store::Collision::refuse) {
    if (!dir_) dir_ = *store::ReceiveDir::open(out());
    auto chosen = options(wire::ObjectKind::file, name);
    chosen.collision = collision;
    chosen.fsync = true;
    const std::string delivered = temp_.path() + "/delivered";
    return make_small_object_sink(dir_, chosen, delivered, make_directory_sink(dir_, chosen, delivered));
  }
  static void feed(ObjectSink& sink, const MadeObject& made) {
    ASSERT_TRUE(sink.open());
    ASSERT_TRUE(test::add_all_segments(sink, made));
    for (const Digest& digest : made.order) ASSERT_TRUE(test::give(sink, made, digest));
    ASSERT_TRUE(sink.complete());
  }
  static Bytes content(int number) { return pattern(static_cast<std::size_t>(1 + 37 * number), 9); }
  static std::string name(int number) { return "n" + std::to_string(100 + number); }
  /// So many of them, complete and in the group.
  void fill(int count) {
    for (int i = 0; i < count; ++i) {
      const auto sink = sink_of(name(i));
      feed(*sink, file_object(content(i)));
      ASSERT_TRUE(sink->finishes_in_group());
      group_.add(sink, [this](const Result<std::string>& path) { paths_.push_back(path); });
    }
  }
  [[nodiscard]] bool any_small() const {
    for (const auto& entry : fs::directory_iterator(out() + "/.dcdn-part"))
      if (entry.path().filename() != "lock") return true;
    return false;
  }

  FinishGroup group_;
  std::vector<Result<std::string>> paths_;
};

TEST_F(FinishGroupTest, FewAndMany) {
  for (const int count : {1, 5, 40}) {
    fill(count);
    EXPECT_TRUE(names().empty());
    EXPECT_TRUE(paths_.empty());
    group_.finish();
    ASSERT_EQ(paths_.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(paths_[static_cast<std::size_t>(i)]);
      EXPECT_EQ(*paths_[static_cast<std::size_t>(i)], at(name(i)));
      EXPECT_EQ(content_of(at(name(i))), content(i));
      EXPECT_EQ(mode_of(at(name(i))), 0644u);
      EXPECT_EQ(mtime_of(at(name(i))), 1'234'567'890);
      fs::remove(at(name(i)));
    }
    EXPECT_FALSE(any_small());
    fs::remove_all(temp_.path() + "/delivered");
    paths_.clear();
  }
}

TEST_F(FinishGroupTest, AFailedSyncGivesNoNames) {
  for (const auto& [count, call] : {std::pair(3, "fsync"), std::pair(40, "syncfs")}) {
    fs::create_directories(temp_.path() + "/delivered");
    fill(count);
    call_faults.arm(Do::fail, 1, call);
    group_.finish();
    call_faults = test::CallFaults();
    ASSERT_EQ(paths_.size(), static_cast<std::size_t>(count));
    for (const auto& path : paths_) {
      ASSERT_FALSE(path) << count << " by " << call;
      EXPECT_EQ(path.error().code, Errc::io);
    }
    paths_.clear();
    EXPECT_TRUE(names().empty());
    EXPECT_FALSE(any_small());
    fs::remove_all(temp_.path() + "/delivered");
  }
}

TEST_F(FinishGroupTest, NobodyIsToldBeforeTheFolderIsSynced) {
  fill(2);
  call_faults.arm(Do::nothing, 0);
  group_.finish();
  std::vector<ino_t> wanted;
  for (const std::string& path : {at(name(0)), at(name(1)), out()}) {
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    wanted.push_back(info.st_ino);
  }
  for (const ino_t inode : wanted) EXPECT_EQ(std::ranges::count(call_faults.synced, inode), 1);
  EXPECT_EQ(call_faults.synced.back(), wanted.back());
  // The names are there, and not known to last.
  fill(0);
  const auto sink = sink_of("other");
  feed(*sink, file_object(content(1)));
  group_.add(sink, [this](const Result<std::string>& path) { paths_.push_back(path); });
  call_faults.arm(Do::fail, 4, "fsync");  // after its content, its note and the note's folder
  group_.finish();
  call_faults = test::CallFaults();
  EXPECT_FALSE(paths_.back());
  // It comes again: now it is known.
  const auto again = sink_of("other");
  const auto answer = again->open();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->bytes_done, content(1).size());
}

TEST_F(FinishGroupTest, ItIsKnownWhenItComesAgain) {
  fill(1);
  group_.finish();
  const auto again = sink_of(name(0));
  const auto answer = again->open();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ask);
  EXPECT_EQ(answer->bytes_done, content(0).size());
  const MadeObject made = file_object(content(0));
  ASSERT_TRUE(again->add_segment(made.segments.back().segment, made.segments.back().id, {}));
  EXPECT_TRUE(again->complete());
  EXPECT_FALSE(again->finishes_in_group());
  EXPECT_EQ(*again->finalize(), at(name(0)));
}

TEST_F(FinishGroupTest, WhatIsLargerOrThereGoesTheUsualWay) {
  const auto large = sink_of("large");
  feed(*large, file_object(pattern(9000, 1)));  // of three chunks
  EXPECT_FALSE(large->finishes_in_group());
  EXPECT_EQ(*large->finalize(), at("large"));
  put(at("taken"), "mine");
  EXPECT_EQ(sink_of("taken")->open().error().code, Errc::exists);
  auto renamed = sink_of("taken", store::Collision::rename);
  feed(*renamed, file_object(content(3)));
  EXPECT_EQ(*renamed->finalize(), at("taken (1)"));
  renamed.reset();
  const auto over = sink_of("taken", store::Collision::overwrite);
  feed(*over, file_object(content(4)));
  EXPECT_EQ(*over->finalize(), at("taken"));
  EXPECT_EQ(content_of(at("taken")), content(4));
}

TEST_F(FinishGroupTest, ANameThatIsTakenMeanwhile) {
  for (const auto collision : {store::Collision::refuse, store::Collision::rename, store::Collision::skip,
                               store::Collision::overwrite}) {
    const auto sink = sink_of("name", collision);
    feed(*sink, file_object(content(2)));
    put(at("name"), "mine");
    const auto path = sink->finalize();
    EXPECT_EQ(path.has_value(),
              collision == store::Collision::rename || collision == store::Collision::overwrite);
    const bool refused = collision == store::Collision::refuse;
    if (path) {
      EXPECT_EQ(*path, at(collision == store::Collision::rename ? "name (1)" : "name"));
    } else {
      EXPECT_EQ(path.error().code, refused ? Errc::exists : Errc::nothing);
    }
    EXPECT_EQ(content_of(at("name")) == content(2), collision == store::Collision::overwrite);
    fs::remove(at("name"));
    fs::remove(at("name (1)"));
    fs::remove_all(temp_.path() + "/delivered");
  }
}

TEST_F(FinishGroupTest, EmptyFilesAndStreams) {
  const auto empty = sink_of("empty");
  feed(*empty, file_object({}));
  EXPECT_EQ(*empty->finalize(), at("empty"));
  EXPECT_TRUE(fs::is_empty(at("empty")));
}

TEST_F(FinishGroupTest, ADigestThatLiesIsRefused) {
  ObjectMaker maker(wire::ObjectKind::file);
  maker.begin_file("", 0644, 1, std::nullopt);
  maker.add_piece(content(1));
  maker.end_file(content(1).size(), digest::blake3(as_bytes("a lie")));
  const MadeObject lie = maker.finish();
  const auto sink = sink_of("lie");
  ASSERT_TRUE(sink->open());
  const auto added = test::add_all_segments(*sink, lie);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, Errc::corrupt);
}

TEST_F(FinishGroupTest, WhatAKilledProcessLeftIsGone) {
  {
    const auto sink = sink_of("name");
    feed(*sink, file_object(content(5)));
    EXPECT_TRUE(any_small());
    EXPECT_TRUE(names().empty());
    fs::copy(out() + "/.dcdn-part", temp_.path() + "/kept", fs::copy_options::recursive);
  }
  EXPECT_FALSE(any_small());
  dir_.reset();
  fs::copy(temp_.path() + "/kept", out() + "/.dcdn-part", fs::copy_options::recursive);
  EXPECT_TRUE(any_small());
  const auto sink = sink_of("name");
  EXPECT_FALSE(any_small());
  feed(*sink, file_object(content(5)));
  EXPECT_EQ(*sink->finalize(), at("name"));
}

}  // namespace
}  // namespace dcdn::sink
