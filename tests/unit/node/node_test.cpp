#include "node/node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/post.hpp>

#include "base/unique_fd.hpp"
#include "support/temp_dir.hpp"

namespace dcdn::node {
namespace {

using namespace std::chrono_literals;

// Ends when it is told to, by itself after `ticks`, or with `error`.
class SomeRole : public Role {
 public:
  explicit SomeRole(Node& node) : node_(node), ended_(node.executor()) { node.add(*this); }
  net::Task<void> run() override {
    co_await ended_.wait();
    if (error) co_return *error;
    co_return Result<void>();
  }
  void stop(const Error& why) override {
    stopped = why;
    ended_.notify();
  }
  void tick() override {
    if (++ticks == most_ticks) ended_.notify();
    if (on_tick) on_tick();
  }
  void reload() override { ++reloads; }
  bool drain() override {
    if (++drains > 2) return true;
    // As a worker's last job does.
    asio::post(node_.executor(), [this] { ++posts_that_ran; });
    return false;
  }

  int most_ticks = 0;
  std::optional<Error> error;
  std::optional<Error> stopped;
  std::function<void()> on_tick;
  int ticks = 0;
  int reloads = 0;
  int drains = 0;
  int posts_that_ran = 0;

 private:
  Node& node_;
  net::Signal ended_;
};

class NodeTest : public ::testing::Test {
 protected:
  NodeOptions options() const {
    NodeOptions options;
    options.home = {dir_.path() + "/config", dir_.path() + "/state"};
    return options;
  }
  test::TempDir dir_;
  std::vector<std::string> notes_;
  Node::Note note_ = [this](int, const std::string& text) { notes_.push_back(text); };
};

TEST_F(NodeTest, RunsUntilTheLastRoleHasEnded) {
  Node node(options(), note_);
  SomeRole first(node);
  SomeRole second(node);
  first.most_ticks = 1;
  second.most_ticks = 3;
  EXPECT_TRUE(node.run());
  EXPECT_EQ(first.ticks, 2);  // the second at its end
  EXPECT_EQ(second.ticks, 4);
  EXPECT_FALSE(first.stopped);
}

TEST_F(NodeTest, TheFirstErrorOfARoleIsItsOwn) {
  Node node(options(), note_);
  SomeRole first(node);
  SomeRole second(node);
  first.most_ticks = 1;
  first.error = Error(Errc::io, "one");
  second.most_ticks = 2;
  second.error = Error(Errc::limit, "two");
  const auto result = node.run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "one");
}

TEST_F(NodeTest, AnInterruptAndTheTimeLimitReachEveryRoleThatRuns) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const UniqueFd read_end(pipe[0]);
  const UniqueFd write_end(pipe[1]);
  ASSERT_EQ(::write(write_end.get(), "!", 1), 1);
  NodeOptions interrupted = options();
  interrupted.interrupt_fd = read_end.get();
  NodeOptions late = options();
  late.max_time = 300ms;
  for (const auto& [how, code] : {std::pair(interrupted, Errc::interrupted), std::pair(late, Errc::limit)}) {
    Node node(how, note_);
    SomeRole ended(node);
    SomeRole running(node);
    SomeRole other(node);
    ended.most_ticks = code == Errc::limit ? 1 : 0;
    EXPECT_TRUE(node.run());
    ASSERT_TRUE(running.stopped && other.stopped);
    EXPECT_EQ(running.stopped->code, code);
    EXPECT_EQ(ended.stopped.has_value(), code != Errc::limit);
  }
}

TEST_F(NodeTest, ReloadReachesTheRoles) {
  Node node(options(), note_);
  SomeRole role(node);
  role.most_ticks = 2;
  role.on_tick = [&] {
    if (role.ticks == 1) node.reload();
  };
  EXPECT_TRUE(node.run());
  EXPECT_EQ(role.reloads, 1);
}

TEST_F(NodeTest, TheLoopOutlivesWhatIsStillPosted) {
  Node node(options(), note_);
  SomeRole role(node);
  role.most_ticks = 1;
  EXPECT_TRUE(node.run());
  EXPECT_EQ(role.drains, 3);
  EXPECT_EQ(role.posts_that_ran, 2);
}

TEST_F(NodeTest, WithoutAKeyItIsNobody) {
  Node node(options(), note_);
  const auto nobody = node.identify();
  ASSERT_FALSE(nobody);
  EXPECT_EQ(node.run().error().code, Errc::internal);
}

TEST_F(NodeTest, HasItsTableAndConsoles) {
  Node node(options(), note_);
  ASSERT_TRUE(node.open_sessions());
  const auto id = node.sessions().add({});
  ASSERT_TRUE(id);
  EXPECT_TRUE(node.consoles().open(*id, {}));
  EXPECT_EQ(::access((dir_.path() + "/state/control/" + *id + ".sock").c_str(), F_OK), 0);
  node.consoles().close(*id);
  EXPECT_NE(::access((dir_.path() + "/state/control/" + *id + ".sock").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace dcdn::node
