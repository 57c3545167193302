#include "node/session_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "support/temp_dir.hpp"

namespace dcdn::node {
namespace {

using record::SessionState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SessionTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = SessionTable::open(
        path_, [this](int level, const std::string& text) { notes_.emplace_back(level, text); });
    ASSERT_TRUE(opened);
    table_ = *std::move(opened);
    auto db = record::SessionDb::open(path_);  // another process
    ASSERT_TRUE(db);
    db_ = *std::move(db);
  }
  record::SessionRow row(const std::string& id) const {
    const auto found = db_->get(id);
    EXPECT_TRUE(found);
    return found ? *found : record::SessionRow();
  }
  std::string begin() {
    record::SessionRow row;
    row.name = "photos";
    const auto id = table_->add(row);
    EXPECT_TRUE(id);
    EXPECT_EQ(*table_->begin(id->substr(0, 12)), *id);
    return *id;
  }
  test::TempDir dir_;
  std::string path_ = dir_.path() + "/sessions.db";
  std::vector<std::pair<int, std::string>> notes_;
  std::unique_ptr<SessionTable> table_;
  std::unique_ptr<record::SessionDb> db_;
  const std::string received_ = "00112233445566aa";
};

TEST_F(SessionTableTest, ASentOneFromBeginningToEnd) {
  const std::string id = begin();
  EXPECT_EQ(row(id).state, SessionState::preparing);
  EXPECT_EQ(row(id).pid, ::getpid());
  EXPECT_GT(row(id).created_s, 0);
  table_->change_state(id, SessionState::active);
  EXPECT_EQ(table_->state(id), SessionState::active);
  EXPECT_TRUE(table_->complete(id));
  EXPECT_EQ(row(id).state, SessionState::completed);
  EXPECT_EQ(row(id).pid, 0);
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(SessionTableTest, CompletesFromWhereverItIs) {
  for (const auto state : {SessionState::preparing, SessionState::active, SessionState::paused}) {
    const std::string id = begin();
    table_->change_state(id, SessionState::active);
    table_->change_state(id, state);
    EXPECT_TRUE(table_->complete(id));
    EXPECT_EQ(row(id).state, SessionState::completed);
  }
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(SessionTableTest, BeginsAgainWhatFailedAndNothingElse) {
  const std::string id = begin();
  table_->end(id, SessionState::failed, "no route");
  EXPECT_EQ(row(id).error, "no route");
  EXPECT_TRUE(table_->begin(id));
  table_->complete(id);
  EXPECT_EQ(table_->begin(id).error().code, Errc::usage);
  EXPECT_EQ(table_->begin("00").error().code, Errc::not_found);
}

TEST_F(SessionTableTest, ProgressIsWrittenNowAndThenAndAtTheEnd) {
  const std::string id = begin();
  table_->set_progress(id, 10, 100);
  EXPECT_EQ(row(id).bytes_done, 10u);
  table_->set_progress(id, 20, 100, "other");
  table_->tick();
  EXPECT_EQ(row(id).bytes_done, 10u);  // a second has not passed
  EXPECT_EQ(table_->bytes_done(id), 20u);
  table_->end(id, SessionState::failed);
  EXPECT_EQ(row(id).bytes_done, 20u);
  EXPECT_EQ(row(id).bytes_total, 100u);
  EXPECT_EQ(row(id).name, "other");
}

TEST_F(SessionTableTest, AReceivedOneIsMadeOnceAndMayComeBack) {
  table_->begin_received(received_, "dcdn1peer", "192.0.2.1:1");
  EXPECT_EQ(row(received_).state, SessionState::active);
  EXPECT_EQ(row(received_).direction, record::Direction::receive);
  table_->set_progress(received_, 5, 50, "photos");
  EXPECT_TRUE(table_->end(received_, SessionState::failed, "connection lost"));
  table_->begin_received(received_, "dcdn1peer", "192.0.2.1:2");
  EXPECT_EQ(row(received_).state, SessionState::active);
  EXPECT_EQ(row(received_).address, "192.0.2.1:2");
  EXPECT_EQ(row(received_).bytes_done, 5u);
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(SessionTableTest, TheEndOfAnEarlierConnectionIsNotTheEnd) {
  table_->begin_received(received_, "dcdn1peer", "192.0.2.1:1");
  table_->begin_received(received_, "dcdn1peer", "192.0.2.1:2");
  EXPECT_FALSE(table_->end(received_, SessionState::failed, "connection lost"));
  EXPECT_EQ(row(received_).state, SessionState::active);
  EXPECT_EQ(row(received_).pid, ::getpid());
  EXPECT_TRUE(table_->complete(received_));
  EXPECT_EQ(row(received_).state, SessionState::completed);
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(SessionTableTest, APersonHearsWhatIsNotAllowed) {
  const std::string id = begin();
  EXPECT_EQ(table_->command(id, SessionState::paused).error().code, Errc::usage);
  EXPECT_EQ(table_->state(id), SessionState::preparing);
  table_->change_state(id, SessionState::active);
  EXPECT_TRUE(table_->command(id, SessionState::paused));
  EXPECT_EQ(table_->state(id), SessionState::paused);
  table_->change_state(id, SessionState::completed);  // nobody asked: noted, quietly
  EXPECT_EQ(table_->state(id), SessionState::paused);
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_EQ(notes_[0].first, 2);
}

TEST_F(SessionTableTest, ABadDatabaseIsNotedOnceAndStopsNothing) {
  const std::string id = begin();
  table_->change_state(id, SessionState::active);
  ASSERT_TRUE(db_->remove(id));
  for (int i = 0; i < 3; ++i) table_->change_state(id, SessionState::paused);
  table_->set_progress(id, 1, 2);
  EXPECT_TRUE(table_->complete(id));
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_EQ(notes_[0].first, 1);
}

// A kill leaves a row behind, and the same again, at another rate perhaps, is another session.
TEST_F(SessionTableTest, WhatWasKilledAndDoneAgainIsNotListedForEver) {
  const auto add = [&](const std::string& work, const std::string& arguments) {
    record::SessionRow row;
    row.name = "photos";
    row.work = work;
    row.arguments = arguments;
    const auto id = table_->add(row);
    EXPECT_TRUE(id);
    return *id;
  };
  const std::string killed = add("a", "[1]");
  ASSERT_TRUE(db_->set_pid(killed, 0x7FFFFFFF));
  ASSERT_TRUE(db_->change_state(killed, SessionState::preparing, "", 1));
  const std::string other = add("b", "[1]");
  const std::string unknown = add("", "[1]");
  const std::string here = add("a", "[1]");
  ASSERT_TRUE(table_->begin(here));
  const std::string again = add("a", "[2]");
  ASSERT_TRUE(table_->begin(again));
  EXPECT_TRUE(table_->complete(again));
  EXPECT_FALSE(db_->get(killed));
  EXPECT_TRUE(db_->get(other));
  EXPECT_TRUE(db_->get(unknown));
  EXPECT_TRUE(db_->get(here));  // it runs
  EXPECT_THAT(notes_, IsEmpty());
}

/// No file of this process may grow, as on a full disk.
class FullDisk {
 public:
  FullDisk() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(SessionTableTest, AFullDiskCostsTheListAndNoSession) {
  const FullDisk full;
  const std::string id = begin();  // the table was opened while there was room
  EXPECT_TRUE(table_->complete(id));
  EXPECT_FALSE(db_->get(id));
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_THAT(notes_[0].second, ::testing::HasSubstr("not listed"));

  notes_.clear();
  auto opened = SessionTable::open(dir_.path() + "/other.db", [this](int level, const std::string& text) {
    notes_.emplace_back(level, text);
  });
  ASSERT_TRUE(opened);
  table_ = *std::move(opened);
  EXPECT_TRUE(table_->complete(begin()));
  table_->begin_received(received_, "dcdn1peer", "here");
  EXPECT_EQ(table_->state(received_), SessionState::active);
  EXPECT_TRUE(table_->complete(received_));
  EXPECT_EQ(notes_.size(), 1u);
}

}  // namespace
}  // namespace dcdn::node
