#include "console/control_socket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include "console/socket_path.hpp"
#include "support/temp_dir.hpp"

namespace dcdn::console {
namespace {

using ::testing::HasSubstr;

// A server on a loop of its own, which echoes requests; "big" is answered with 200,000 bytes.
class ControlSocketTest : public ::testing::Test {
 protected:
  void TearDown() override { stop(); }
  Result<void> start() {
    auto server = serve_control(loop_.get_executor(), path_, [this](const std::string& line) {
      ++requests_;
      return line == "big" ? std::string(200'000, 'b') : "{\"echo\":\"" + line + "\"}";
    });
    if (!server) return server.error();
    server_ = *std::move(server);
    if (!thread_.joinable()) thread_ = std::thread([this] { loop_.run(); });
    return {};
  }
  void stop_server() {
    std::promise<void> gone;
    asio::post(loop_, [&] {
      server_.reset();
      gone.set_value();
    });
    gone.get_future().wait();
  }
  void stop() {
    if (!thread_.joinable()) return;
    stop_server();
    work_.reset();
    loop_.stop();
    thread_.join();
  }
  UniqueFd connect() {
    auto place = SocketPath::of(path_);
    EXPECT_TRUE(place);
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), place->generic(), place->size()), 0);
    return fd;
  }
  // Up to the end of the stream or the first newline; "" if the server hung up or says nothing for 5 s.
  static std::string read_line(const UniqueFd& fd) {
    std::string line;
    for (char c = 0; c != '\n';) {
      pollfd waiting{fd.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 5000) != 1 || ::recv(fd.get(), &c, 1, 0) != 1) return line;
      line += c;
    }
    return line;
  }
  bool exists() const { return ::access(path_.c_str(), F_OK) == 0; }

  test::TempDir dir_;
  std::string path_ = dir_.path() + "/control/00112233445566aa.sock";
  asio::io_context loop_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(loop_);
  std::unique_ptr<ControlServer> server_;
  std::thread thread_;
  std::atomic<int> requests_ = 0;
};

TEST_F(ControlSocketTest, AnswersAndUnlinksAtTheEnd) {
  ASSERT_TRUE(start());
  EXPECT_EQ(*ask_control(path_, "pause"), "{\"echo\":\"pause\"}");
  EXPECT_EQ(ask_control(path_, "big")->size(), 200'000u);
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((dir_.path() + "/control").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  stop();
  EXPECT_FALSE(exists());
}

TEST_F(ControlSocketTest, NobodyThereIsNotFound) {
  EXPECT_EQ(ask_control(path_, "x").error().code, Errc::not_found);  // not even the directory
  ASSERT_EQ(::mkdir((dir_.path() + "/control").c_str(), 0700), 0);
  EXPECT_EQ(ask_control(path_, "x").error().code, Errc::not_found);
}

TEST_F(ControlSocketTest, StaleSocketIsReplacedAndLiveOneIsNot) {
  ASSERT_EQ(::mkdir((dir_.path() + "/control").c_str(), 0700), 0);
  {
    auto place = SocketPath::of(path_);
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(dead.get(), place->generic(), place->size()), 0);
  }
  ASSERT_TRUE(exists());
  EXPECT_EQ(ask_control(path_, "x").error().code, Errc::not_found);
  ASSERT_TRUE(start());
  EXPECT_EQ(*ask_control(path_, "a"), "{\"echo\":\"a\"}");
  auto second = serve_control(loop_.get_executor(), path_, [](const std::string&) { return ""; });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::locked);
  EXPECT_EQ(*ask_control(path_, "b"), "{\"echo\":\"b\"}");  // the first still answers
}

TEST_F(ControlSocketTest, SomethingElseAtThePathIsKept) {
  ASSERT_EQ(::mkdir((dir_.path() + "/control").c_str(), 0700), 0);
  std::ofstream(path_) << "precious";
  auto made = start();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::exists);
  std::string word;
  std::ifstream(path_) >> word;
  EXPECT_EQ(word, "precious");
}

TEST_F(ControlSocketTest, SocketOfASuccessorIsNotUnlinked) {
  ASSERT_TRUE(start());
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  auto second = serve_control(loop_.get_executor(), path_, [](const std::string&) { return "second"; });
  ASSERT_TRUE(second);
  std::swap(server_, *second);
  std::promise<void> gone;
  asio::post(loop_, [&] {
    second->reset();
    gone.set_value();
  });
  gone.get_future().wait();
  EXPECT_TRUE(exists());
  EXPECT_EQ(*ask_control(path_, "x"), "second");
}

TEST_F(ControlSocketTest, LongPathsWork) {
  for (int i = 0; i < 5; ++i) path_.insert(dir_.path().size(), "/" + std::string(60, 'd'));
  ASSERT_GT(path_.size(), 300u);
  ASSERT_TRUE(start());
  EXPECT_EQ(*ask_control(path_, "x"), "{\"echo\":\"x\"}");
  stop();
  EXPECT_FALSE(exists());
}

TEST_F(ControlSocketTest, NameThatCanNeverFitIsAUsageError) {
  path_ = dir_.path() + "/" + std::string(120, 'n');
  auto made = start();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::usage);
  EXPECT_EQ(ask_control(path_, "x").error().code, Errc::usage);
}

TEST_F(ControlSocketTest, SilentClientsDoNotHoldUpOthers) {
  ASSERT_TRUE(start());
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(connect());
    ASSERT_EQ(::send(silent.back().get(), "half a li", 9, 0), 9);
  }
  EXPECT_EQ(*ask_control(path_, "x"), "{\"echo\":\"x\"}");
  EXPECT_EQ(::send(silent[7].get(), "ne\n", 3, 0), 3);  // and the slow one is still served
  EXPECT_EQ(read_line(silent[7]), "{\"echo\":\"half a line\"}\n");
}

TEST_F(ControlSocketTest, ClientThatNeverReadsDoesNotHoldUpOthers) {
  ASSERT_TRUE(start());
  const UniqueFd greedy = connect();
  std::string many;
  for (int i = 0; i < 100; ++i) many += "big\n";
  ASSERT_EQ(::send(greedy.get(), many.data(), many.size(), 0), static_cast<ssize_t>(many.size()));
  EXPECT_EQ(*ask_control(path_, "x"), "{\"echo\":\"x\"}");
  EXPECT_LT(requests_, 50);  // answers are not piled up in memory: the next request waits for the last answer
}

TEST_F(ControlSocketTest, TooManyClientsAreHungUpOnAndPlacesComeFree) {
  ASSERT_TRUE(start());
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(connect());
    ASSERT_EQ(::send(clients.back().get(), "y\n", 2, 0), 2);
    ASSERT_EQ(read_line(clients.back()), "{\"echo\":\"y\"}\n");
  }
  EXPECT_EQ(ask_control(path_, "x").error().code, Errc::temporary);
  clients[0].reset();
  Result<std::string> answer = ask_control(path_, "x");
  for (int i = 0; i < 1000 && !answer; ++i) answer = ask_control(path_, "x");
  EXPECT_EQ(*answer, "{\"echo\":\"x\"}");
}

TEST_F(ControlSocketTest, LinesAreLimited) {
  ASSERT_TRUE(start());
  const std::string most(kMaxLineBytes - 1, 'm');
  EXPECT_EQ(ask_control(path_, most)->size(), most.size() + 11);
  EXPECT_EQ(ask_control(path_, most + "m").error().code, Errc::usage);
  EXPECT_EQ(ask_control(path_, "a\nb").error().code, Errc::usage);
  const UniqueFd endless = connect();
  const std::string more(kMaxLineBytes, 'm');
  ASSERT_EQ(::send(endless.get(), more.data(), more.size(), 0), static_cast<ssize_t>(more.size()));
  EXPECT_THAT(read_line(endless), HasSubstr("\"code\":\"limit\""));
  EXPECT_EQ(read_line(endless), "");  // hung up
  EXPECT_EQ(requests_, 1);
}

TEST_F(ControlSocketTest, SeveralLinesInOnePacketAreAnsweredInOrder) {
  ASSERT_TRUE(start());
  const UniqueFd client = connect();
  ASSERT_EQ(::send(client.get(), "a\nb\n\nc", 6, 0), 6);
  EXPECT_EQ(read_line(client), "{\"echo\":\"a\"}\n");
  EXPECT_EQ(read_line(client), "{\"echo\":\"b\"}\n");
  EXPECT_EQ(read_line(client), "{\"echo\":\"\"}\n");
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  EXPECT_EQ(read_line(client), "");  // a cut last line is no request
  EXPECT_EQ(requests_, 3);
}

TEST_F(ControlSocketTest, DestroyingTheServerHangsUpOnClients) {
  ASSERT_TRUE(start());
  const UniqueFd client = connect();
  ASSERT_EQ(::send(client.get(), "a\n", 2, 0), 2);
  EXPECT_EQ(read_line(client), "{\"echo\":\"a\"}\n");
  stop_server();
  EXPECT_EQ(read_line(client), "");
  EXPECT_EQ(ask_control(path_, "x").error().code, Errc::not_found);
}

TEST_F(ControlSocketTest, ServerThatHangsUpWithoutAnAnswerIsTemporary) {
  ASSERT_EQ(::mkdir((dir_.path() + "/control").c_str(), 0700), 0);
  auto place = SocketPath::of(path_);
  const UniqueFd mute(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(mute.get(), place->generic(), place->size()), 0);
  ASSERT_EQ(::listen(mute.get(), 1), 0);
  auto answer = std::async(std::launch::async, [this] { return ask_control(path_, "x"); });
  // The five seconds for one that says nothing are not waited for here.
  const UniqueFd accepted(::accept(mute.get(), nullptr, nullptr));
  ::shutdown(accepted.get(), SHUT_RDWR);
  auto got = answer.get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::temporary);
}

TEST_F(ControlSocketTest, AnotherUserIsHungUpOnEvenIfTheModesLetThemIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  ASSERT_TRUE(start());
  for (const std::string& open_up : {dir_.path(), dir_.path() + "/control", path_})
    ASSERT_EQ(::chmod(open_up.c_str(), 0777), 0);
  auto place = SocketPath::of(path_);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(9);
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (::connect(fd.get(), place->generic(), place->size()) != 0) ::_exit(8);
    (void)::send(fd.get(), "a\n", 2, MSG_NOSIGNAL);
    ::_exit(read_line(fd).empty() ? 0 : 7);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(requests_, 0);
}

}  // namespace
}  // namespace dcdn::console
