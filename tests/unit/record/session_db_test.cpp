#include "record/session_db.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <set>

#include "support/temp_dir.hpp"

namespace dcdn::record {
namespace {

using S = SessionState;
constexpr S kStates[] = {S::pending,   S::preparing, S::active,    S::paused, S::completing,
                         S::completed, S::failed,    S::cancelled, S::expired};

SessionRow row_with(const std::string& id, S state = S::pending, Direction direction = Direction::send) {
  SessionRow row;
  row.id = id;
  row.state = state;
  row.direction = direction;
  row.peer = "peer";
  row.address = "127.0.0.1:4433";
  row.name = "photos; DROP TABLE session;--\x01";
  row.arguments = "{\"a\":1}";
  row.bytes_total = 1'000'000'000'000;
  row.bytes_done = 5;
  row.created_s = 100;
  row.updated_s = 200;
  row.pid = 42;
  row.error = "none";
  row.work = "0123";
  return row;
}

class SessionDbTest : public ::testing::Test {
 protected:
  std::unique_ptr<SessionDb> open() {
    auto db = SessionDb::open(path_);
    EXPECT_TRUE(db) << (db ? "" : db.error().message);
    return db ? *std::move(db) : nullptr;
  }
  Errc open_error() {
    auto db = SessionDb::open(path_);
    EXPECT_FALSE(db);
    return db ? Errc::internal : db.error().code;
  }
  test::TempDir dir_;
  std::string path_ = dir_.path() + "/state/sessions.db";
};

TEST(SessionStateTest, EveryTransitionIsAsTheTableSays) {
  const std::set<std::pair<S, S>> forward = {
      {S::pending, S::preparing}, {S::preparing, S::active},     {S::active, S::paused},
      {S::active, S::completing}, {S::active, S::preparing},     {S::paused, S::active},
      {S::paused, S::preparing},  {S::completing, S::completed}, {S::completing, S::preparing},
      {S::failed, S::preparing},  {S::pending, S::failed},       {S::preparing, S::failed},
      {S::active, S::failed},     {S::paused, S::failed},        {S::completing, S::failed},
      {S::pending, S::cancelled}, {S::preparing, S::cancelled},  {S::active, S::cancelled},
      {S::paused, S::cancelled},  {S::completing, S::cancelled}, {S::failed, S::cancelled},
      {S::pending, S::expired},   {S::paused, S::expired},       {S::failed, S::expired},
  };
  for (const S from : kStates)
    for (const S to : kStates)
      EXPECT_EQ(may_become(from, to), from == to || forward.count({from, to}) == 1)
          << name_of(from) << " -> " << name_of(to);
}

TEST(SessionStateTest, NamesReadBack) {
  for (const S state : kStates) EXPECT_EQ(state_of(name_of(state)), state);
  EXPECT_EQ(state_of("Active"), std::nullopt);
  EXPECT_EQ(state_of(""), std::nullopt);
}

TEST_F(SessionDbTest, EveryFieldComesBackAfterReopening) {
  const SessionRow row = row_with("00112233445566aa", S::paused, Direction::receive);
  ASSERT_TRUE(open()->insert(row));
  auto got = open()->get(row.id);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->direction, row.direction);
  EXPECT_EQ(got->state, row.state);
  EXPECT_EQ(got->peer, row.peer);
  EXPECT_EQ(got->address, row.address);
  EXPECT_EQ(got->name, row.name);
  EXPECT_EQ(got->arguments, row.arguments);
  EXPECT_EQ(got->bytes_total, row.bytes_total);
  EXPECT_EQ(got->bytes_done, row.bytes_done);
  EXPECT_EQ(got->created_s, row.created_s);
  EXPECT_EQ(got->updated_s, row.updated_s);
  EXPECT_EQ(got->pid, row.pid);
  EXPECT_EQ(got->error, row.error);
  EXPECT_EQ(got->work, row.work);
}

TEST_F(SessionDbTest, FileAndDirectoryArePrivate) {
  const auto db = open();
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_EQ(::stat((path_ + "-wal").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_EQ(::stat((dir_.path() + "/state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
}

TEST_F(SessionDbTest, RefusesBadAndDoubleIds) {
  const auto db = open();
  for (const char* id : {"", "123", "00112233445566AA", "00112233445566zz", "00112233445566aabb"}) {
    auto done = db->insert(row_with(id));
    ASSERT_FALSE(done) << id;
    EXPECT_EQ(done.error().code, Errc::usage);
  }
  ASSERT_TRUE(db->insert(row_with("00112233445566aa")));
  auto again = db->insert(row_with("00112233445566aa"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::exists);
  EXPECT_TRUE(db->insert(row_with("00112233445566ab")));  // the failure left no open transaction
}

TEST_F(SessionDbTest, FindsByUniquePrefix) {
  const auto db = open();
  for (const char* id : {"00112233445566aa", "0011223344556677", "ff112233445566aa"})
    ASSERT_TRUE(db->insert(row_with(id)));
  EXPECT_EQ(db->find("f")->id, "ff112233445566aa");
  EXPECT_EQ(db->find("FF11")->id, "ff112233445566aa");
  EXPECT_EQ(db->find("00112233445566a")->id, "00112233445566aa");
  EXPECT_EQ(db->find("0011223344556677")->id, "0011223344556677");
  auto several = db->find("00");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code, Errc::usage);
  EXPECT_THAT(several.error().hint, ::testing::HasSubstr("0011223344556677"));
  for (const char* none : {"", "1", "%", "0_", "00112233445566aa0", "\x1b[2J"}) {
    auto got = db->find(none);
    ASSERT_FALSE(got) << none;
    EXPECT_EQ(got.error().code, Errc::not_found);
    EXPECT_THAT(got.error().message, ::testing::Not(::testing::HasSubstr("\x1b")));
  }
}

TEST_F(SessionDbTest, ListsOneDirectionOrBothInOrderOfTime) {
  const auto db = open();
  auto late = row_with("0000000000000001");
  late.created_s = 900;
  ASSERT_TRUE(db->insert(late));
  ASSERT_TRUE(db->insert(row_with("0000000000000002")));
  ASSERT_TRUE(db->insert(row_with("0000000000000003", S::active, Direction::receive)));
  const auto ids = [](const std::vector<SessionRow>& rows) {
    std::vector<std::string> out;
    for (const auto& row : rows) out.push_back(row.id.substr(15));
    return out;
  };
  EXPECT_THAT(ids(*db->list(std::nullopt)), ::testing::ElementsAre("2", "3", "1"));
  EXPECT_THAT(ids(*db->list(Direction::send)), ::testing::ElementsAre("2", "1"));
  EXPECT_THAT(ids(*db->list(Direction::receive)), ::testing::ElementsAre("3"));
}

TEST_F(SessionDbTest, IllegalTransitionsAreRefusedAndChangeNothing) {
  const auto db = open();
  int n = 0;
  for (const S from : kStates) {
    for (const S to : kStates) {
      const std::string id = "00000000000000" + std::to_string(10 + n++ % 90);
      ASSERT_TRUE(db->insert(row_with(id, from)));
      auto done = db->change_state(id, to, "why", 300);
      const auto row = db->get(id);
      ASSERT_TRUE(row);
      EXPECT_EQ(done.has_value(), may_become(from, to));
      EXPECT_EQ(row->state, may_become(from, to) ? to : from);
      if (!done) {
        EXPECT_EQ(done.error().code, Errc::usage);
        EXPECT_EQ(row->error, "none");
        EXPECT_EQ(row->updated_s, 200);
      } else if (from != to) {
        EXPECT_EQ(row->error, "why");
        EXPECT_EQ(row->updated_s, 300);
      }
      ASSERT_TRUE(db->remove(id));
    }
  }
}

TEST_F(SessionDbTest, SaysWhatIsAndWhatCannotBe) {
  const auto db = open();
  ASSERT_TRUE(db->insert(row_with("00112233445566aa", S::completed)));
  auto done = db->change_state("00112233445566aa", S::paused, "", 1);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "session 00112233445566aa is completed and cannot be paused");
  EXPECT_TRUE(db->change_state("00112233445566aa", S::completed, "other", 1));
  EXPECT_EQ(db->get("00112233445566aa")->error, "none");  // nothing leaves a state that is over
}

TEST_F(SessionDbTest, UpdatesMeetARowOrSayNotFound) {
  const auto db = open();
  const std::string id = "00112233445566aa";
  ASSERT_TRUE(db->insert(row_with(id)));
  EXPECT_TRUE(db->set_progress(id, 7, ~std::uint64_t{0}, 9));
  EXPECT_TRUE(db->set_peer(id, "p2", "a2"));
  EXPECT_TRUE(db->set_pid(id, 0));
  const auto row = db->get(id);
  EXPECT_EQ(row->bytes_done, 7u);
  EXPECT_EQ(row->bytes_total, static_cast<std::uint64_t>(INT64_MAX));
  EXPECT_EQ(row->updated_s, 9);
  EXPECT_EQ(row->peer, "p2");
  EXPECT_EQ(row->address, "a2");
  EXPECT_EQ(row->pid, 0);
  const std::string none = "ffffffffffffffff";
  EXPECT_EQ(db->set_progress(none, 1, 1, 1).error().code, Errc::not_found);
  EXPECT_EQ(db->set_peer(none, "", "").error().code, Errc::not_found);
  EXPECT_EQ(db->set_pid(none, 1).error().code, Errc::not_found);
  EXPECT_EQ(db->change_state(none, S::paused, "", 1).error().code, Errc::not_found);
  EXPECT_EQ(db->remove(none).error().code, Errc::not_found);
  EXPECT_EQ(db->get(none).error().code, Errc::not_found);
}

TEST_F(SessionDbTest, DamagedAndForeignFilesAreNamedAndLeftAlone) {
  ASSERT_TRUE(open());
  std::ofstream(path_, std::ios::trunc) << std::string(8192, 'x');
  ::unlink((path_ + "-wal").c_str());
  auto db = SessionDb::open(path_);
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Errc::corrupt);
  EXPECT_THAT(db.error().message, ::testing::HasSubstr(path_));
  EXPECT_THAT(db.error().hint, ::testing::HasSubstr("mv "));
  EXPECT_EQ(open_error(), Errc::corrupt);
  std::ifstream kept(path_);
  EXPECT_EQ(kept.get(), 'x');
}

TEST_F(SessionDbTest, NewerSchemaIsUnsupported) {
  ASSERT_TRUE(open());
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(60);  // user_version: big-endian at offset 60 of the database header (SQLite file format, 1.3)
  file.write("\0\0\0\x09", 4);
  file.close();
  EXPECT_EQ(open_error(), Errc::unsupported);
}

TEST_F(SessionDbTest, AFirstSchemaIsTakenOver) {
  const SessionRow row = row_with("00112233445566aa");
  ASSERT_TRUE(open()->insert(row));
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &raw), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(raw, "ALTER TABLE session DROP COLUMN work; PRAGMA user_version=1", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  sqlite3_close(raw);
  for (int again = 0; again < 2; ++again) {
    const auto got = open()->get(row.id);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->error, row.error);
    EXPECT_EQ(got->work, "");
  }
}

TEST_F(SessionDbTest, PathThatIsADirectoryOrBelowAFileFails) {
  ASSERT_EQ(::mkdir((dir_.path() + "/state").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir(path_.c_str(), 0700), 0);
  EXPECT_EQ(open_error(), Errc::permission);
  path_ += "/x/y";
  EXPECT_TRUE(open());
}

TEST_F(SessionDbTest, TwoProcessesAtOnceLoseNothing) {
  constexpr int kEach = 40;
  std::vector<pid_t> children;
  for (int child = 0; child < 2; ++child) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto db = SessionDb::open(path_);  // the race to make it is part of the test
      bool good = db.has_value();
      for (int i = 0; good && i < kEach; ++i) {
        const std::string id = "000000000000" + std::to_string(1000 * (child + 1) + i);
        good = (*db)->insert(row_with(id)).has_value() && (*db)->set_progress(id, 1, 2, 3).has_value() &&
               (*db)->change_state(id, S::preparing, "", 4).has_value();
      }
      ::_exit(good ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(open()->list(std::nullopt)->size(), 2u * kEach);
}

}  // namespace
}  // namespace dcdn::record
