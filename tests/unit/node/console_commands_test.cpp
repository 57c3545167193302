#include "node/console_commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <thread>

#include "console/control_socket.hpp"
#include "node/session_consoles.hpp"
#include "support/temp_dir.hpp"

namespace dcdn::node {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

ConsoleCommands some_commands() {
  ConsoleCommands commands;
  commands.add("pause", [] { return Fields(); });
  commands.add("status", [] {
    return Fields{{"state", "sending"}, {"bytes_done", std::uint64_t{5}}, {"rate", 1.5}, {"sure", true}};
  });
  commands.add("fail", []() -> Result<Fields> { return Error(Errc::usage, "it is \xff over"); });
  return commands;
}

TEST(ConsoleCommands, OneLineAsksAndOneAnswers) {
  const ConsoleCommands commands = some_commands();
  EXPECT_EQ(commands.answer(R"({"command":"pause","session":"1a"})"), R"({"ok":true})");
  EXPECT_EQ(commands.answer(R"({"command":"status"})"),
            R"({"bytes_done":5,"ok":true,"rate":1.5,"state":"sending","sure":true})");
  EXPECT_EQ(commands.answer(R"({"command":"stop"})"), R"({"message":"unknown command","ok":false})");
}

TEST(ConsoleCommands, WhatIsNoRequestIsAnswered) {
  const ConsoleCommands commands = some_commands();
  for (const char* line :
       {"", "pause", "[]", "{", R"({"command":5})", R"({"command":null})", "{}", "\xff\xfe"})
    EXPECT_EQ(commands.answer(line), R"({"message":"unknown command","ok":false})") << line;
}

TEST(ConsoleCommands, TextOfAnyEncodingIsOneLine) {
  const std::string answer = some_commands().answer(R"({"command":"fail"})");
  EXPECT_THAT(answer, HasSubstr("\"ok\":false"));
  EXPECT_THAT(answer, HasSubstr("over"));
  EXPECT_EQ(answer.find('\n'), std::string::npos);
}

// A process that answers, on a thread.
class AskProcess : public ::testing::Test {
 protected:
  void serve(console::Handler handler) {
    auto made = console::serve_control(loop_.get_executor(), path_, std::move(handler));
    ASSERT_TRUE(made);
    server_ = *std::move(made);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~AskProcess() override {
    work_.reset();
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }
  test::TempDir dir_;
  std::string path_ = dir_.path() + "/a.sock";
  asio::io_context loop_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(loop_);
  std::unique_ptr<console::ControlServer> server_;
  std::thread thread_;
};

TEST_F(AskProcess, HearsTheFieldsOrWhyNot) {
  serve([commands = some_commands()](const std::string& line) { return commands.answer(line); });
  const auto said = ask_process(path_, "status", "1a");
  ASSERT_TRUE(said);
  EXPECT_THAT(*said,
              ElementsAre(Pair("bytes_done", FieldValue(std::uint64_t{5})), Pair("rate", FieldValue(1.5)),
                          Pair("state", FieldValue(std::string("sending"))), Pair("sure", FieldValue(true))));
  EXPECT_TRUE(ask_process(path_, "pause", "1a"));
  const auto unknown = ask_process(path_, "stop", "1a");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::usage);
  EXPECT_EQ(unknown.error().message, "unknown command");
}

TEST_F(AskProcess, IsNotFooledByAnAnswerThatIsNone) {
  std::string answer;
  serve([&answer](const std::string&) { return answer; });
  for (const char* line : {"", "yes", "[true]", R"({"ok":1})", R"({"ok":"true"})", R"({"message":5})"}) {
    answer = line;
    const auto said = ask_process(path_, "pause", "1a");
    ASSERT_FALSE(said) << line;
    EXPECT_EQ(said.error().code, Errc::usage);
  }
}

TEST_F(AskProcess, NobodyThereIsNotFound) {
  EXPECT_EQ(ask_process(path_, "pause", "1a").error().code, Errc::not_found);
}

TEST(SessionCommands, ChangeTheRowAndThenTheSession) {
  test::TempDir dir;
  auto table = SessionTable::open(dir.path() + "/sessions.db", [](int, const std::string&) {});
  ASSERT_TRUE(table);
  (*table)->begin_received("00112233445566aa", "peer", "address");
  std::vector<std::string> told;
  SessionControl control;
  control.set_paused = [&](bool paused) -> Result<void> {
    told.emplace_back(paused ? "pause" : "resume");
    return {};
  };
  control.cancel = []() -> Result<void> { return Error(Errc::not_found, "it has just ended"); };
  control.status = [] { return SessionControl::Status{"receiving", 7, 0.5}; };
  const ConsoleCommands commands = session_commands(**table, "00112233445566aa", control);
  EXPECT_EQ(commands.answer(R"({"command":"pause"})"), R"({"ok":true})");
  EXPECT_EQ((*table)->state("00112233445566aa"), record::SessionState::paused);
  EXPECT_EQ(commands.answer(R"({"command":"resume"})"), R"({"ok":true})");
  EXPECT_EQ(commands.answer(R"({"command":"cancel"})"), R"({"message":"it has just ended","ok":false})");
  EXPECT_EQ(commands.answer(R"({"command":"status"})"),
            R"({"bytes_done":7,"ok":true,"rate":0.5,"state":"receiving"})");
  (*table)->complete("00112233445566aa");
  EXPECT_THAT(commands.answer(R"({"command":"pause"})"), HasSubstr("cannot be paused"));
  EXPECT_THAT(told, ElementsAre("pause", "resume"));
}

}  // namespace
}  // namespace dcdn::node
