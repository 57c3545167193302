#include "common/report.hpp"

#include <gtest/gtest.h>

#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/progress_view.hpp"
#include "common/run_tool.hpp"
#include "unit/tools/tool_fixture.hpp"

namespace dcdn::tool {
namespace {

class ReportTest : public ToolTest {};

Report& configured(Report& report, const CommonOptions& options) {
  EXPECT_TRUE(report.configure(options).has_value());
  return report;
}

CommonOptions json_wanted() {
  CommonOptions options;
  options.json = true;
  return options;
}

TEST_F(ReportTest, AnErrorAndItsHintAreLinesOfTheirOwn) {
  Report report("dcdn-send");
  const std::string text = caught(2, [&] { report.error(Error(Errc::io, "it broke").with_hint("mend it")); });
  EXPECT_EQ(text, "dcdn-send: it broke\ndcdn-send: hint: mend it\n");
}

TEST_F(ReportTest, WhatStrangersNamedCannotMoveTheCursor) {
  Report report("dcdn-send");
  const std::string text = caught(2, [&] { report.error(Error(Errc::io, "a\x1b[2Jb\nc\\x41")); });
  EXPECT_EQ(text, "dcdn-send: a\\x1b[2Jb\\x0ac\\x41\n");
}

TEST_F(ReportTest, JsonErrorsCarryCodeAndExitStatus) {
  Report report("dcdn-send");
  configured(report, json_wanted());
  const std::string text =
      caught(1, [&] { report.error(Error(Errc::untrusted, "who is \xff").with_hint("ask")); });
  const auto object = nlohmann::json::parse(text);
  EXPECT_EQ(object["message_type"], "error");
  EXPECT_EQ(object["schema"], 1);
  EXPECT_EQ(object["code"], "untrusted");
  EXPECT_EQ(object["exit_status"], 7);
  EXPECT_EQ(object["hint"], "ask");
}

TEST_F(ReportTest, JsonLeavesStandardOutputToData) {
  Report report("dcdn-send");
  configured(report, json_wanted()).stdout_carries_data();
  std::string err;
  const std::string out = caught(1, [&] {
    err = caught(2, [&] { report.json("summary", {{"bytes", 1}}); });
  });
  EXPECT_EQ(out, "");
  EXPECT_EQ(nlohmann::json::parse(err)["message_type"], "summary");
}

TEST_F(ReportTest, QuietAndVerboseChooseTheNotes) {
  CommonOptions options;
  options.quiet = true;
  Report quiet("t"), loud("t");
  const std::string nothing = caught(2, [&] { configured(quiet, options).note(0, "x"); });
  EXPECT_EQ(nothing, "");
  options.quiet = false;
  options.verbose = 1;
  configured(loud, options);
  const std::string text = caught(2, [&] {
    loud.note(0, "a");
    loud.note(1, "b");
    loud.note(2, "c");
  });
  EXPECT_EQ(text, "t: a\nt: b\n");
}

TEST_F(ReportTest, TheLogFileGetsNotesAndErrors) {
  CommonOptions options;
  options.log_file = dir + "/log";
  options.log_format = LogFormat::json;
  Report report("t");
  configured(report, options);
  const std::string err = caught(2, [&] {
    report.note(0, "note");
    report.error(Error(Errc::io, "bad"));
  });
  EXPECT_EQ(err.find("note"), std::string::npos);
  EXPECT_NE(err.find("bad"), std::string::npos);
  std::istringstream lines(read("log"));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line)["message"], "note");
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line)["level"], "error");
  EXPECT_FALSE(nlohmann::json::parse(line)["time"].get<std::string>().empty());
}

TEST_F(ReportTest, ALogFileThatCannotBeOpenedIsAnError) {
  CommonOptions options;
  options.log_file = dir + "/no/such/dir";
  Report report("t");
  const auto done = report.configure(options);
  ASSERT_FALSE(done.has_value());
  EXPECT_TRUE(done.error().message.starts_with("--log-file: "));
}

int run(const ToolMain& work) {
  const char* argv[] = {"t"};
  return run_tool("t", 1, argv, work, Interrupts::end_process);
}

TEST_F(ReportTest, RunToolTurnsErrorsIntoExitStatus) {
  const std::string text = caught(2, [] {
    EXPECT_EQ(run([](int, const char* const*, Report&) { return Result<int>(0); }), 0);
    EXPECT_EQ(
        run([](int, const char* const*, Report&) { return Result<int>(Error(Errc::no_space, "full")); }), 10);
    EXPECT_EQ(
        run([](int, const char* const*, Report&) { return Result<int>(Error(Errc::closed_pipe, "pipe")); }),
        141);
    EXPECT_EQ(run([](int, const char* const*, Report&) -> Result<int> { throw std::runtime_error("oops"); }),
              1);
    EXPECT_EQ(run([](int, const char* const*, Report&) -> Result<int> { throw std::bad_alloc(); }), 1);
    EXPECT_EQ(run([](int, const char* const*, Report&) -> Result<int> { throw 3; }), 1);
  });
  EXPECT_EQ(text,
            "t: full\nt: internal error: oops\nt: out of memory\nt: internal error of an unknown kind\n");
}

TEST_F(ReportTest, ALostResultIsNoSuccess) {
  const int full = ::open("/dev/full", O_WRONLY);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  const int saved = ::dup(1);
  ::dup2(full, 1);
  int status = 0;
  const std::string text = caught(2, [&] {
    status = run([](int, const char* const*, Report& report) {
      report.line("result");
      return Result<int>(0);
    });
  });
  ::dup2(saved, 1);
  ::close(saved);
  ::close(full);
  EXPECT_EQ(status, 10);
  EXPECT_NE(text.find("standard output"), std::string::npos);
}

TEST_F(ReportTest, ProgressLinesComeWithEveryNewStateAndNotMoreOften) {
  CommonOptions options;
  options.progress = ProgressMode::lines;
  Report report("t");
  configured(report, options);
  const std::string text = caught(2, [&] {
    ProgressView view(report, "sent");
    Progress progress;
    progress.state = "sending";
    for (int i = 0; i < 50; ++i) view.on_progress(progress);
    progress.state = "stalled";
    progress.detail = "6s";
    view.on_progress(progress);
    view.on_progress(progress);
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_NE(text.find("t: stalled 6s"), std::string::npos) << text;
}

TEST_F(ReportTest, ABarIsErasedAtTheEnd) {
  CommonOptions options;
  options.progress = ProgressMode::bar;
  Report report("t");
  configured(report, options);
  const std::string text = caught(2, [&] {
    ProgressView view(report, "sent");
    Progress progress;
    progress.state = "sending";
    view.on_progress(progress);
    report.note(0, "between");
  });
  EXPECT_TRUE(text.ends_with("\x1b[1A\x1b[J")) << text;
  EXPECT_NE(text.find("\x1b[Jt: between\nsending"), std::string::npos) << text;
}

TEST_F(ReportTest, ProgressAsJsonEvents) {
  CommonOptions options = json_wanted();
  Report report("t");
  configured(report, options);
  const std::string text = caught(1, [&] {
    ProgressView view(report, "sent");
    Progress progress;
    progress.state = "sending";
    view.on_progress(progress);
    const Error failure(Errc::changed, "shrank");
    view.on_object({"n", "p", 3, "id", "", "", &failure});
  });
  std::istringstream lines(text);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line)["message_type"], "status");
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line)["message_type"], "object");
  EXPECT_EQ(nlohmann::json::parse(line)["code"], "changed");
}

}  // namespace
}  // namespace dcdn::tool
