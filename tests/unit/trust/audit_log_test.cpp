#include "trust/audit_log.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "support/temp_dir.hpp"

namespace dcdn::trust {
namespace {

class AuditLogTest : public ::testing::Test {
 protected:
  void add(const std::string& what, std::uint64_t time = 7) {
    const auto done = append_audit(home_, {kAuditAccept, {{"what", what}}}, time);
    ASSERT_TRUE(done) << done.error().message;
  }
  [[nodiscard]] std::string text() const {
    std::ifstream in(home_.audit_path());
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  void write(const std::string& what) const { std::ofstream(home_.audit_path()) << what; }
  struct Chain {
    std::uint64_t lines = 0;
    std::string head{kNoAuditLine};  // hash of the last line
  };
  /// The whole log, each line checked against the one before.
  [[nodiscard]] Result<Chain> read() const {
    Chain chain;
    std::istringstream in(text());
    for (std::string line; std::getline(in, line); ++chain.lines) {
      DCDN_TRY(chain.head, check_audit_line(line, chain.lines + 1, chain.head));
      if (in.eof()) return Error(Errc::corrupt, "the last line is cut short");
    }
    return chain;
  }

  test::TempDir dir_;
  Home home_{dir_.path(), dir_.path()};
};

TEST_F(AuditLogTest, LinesAreChained) {
  for (const char* what : {"one", "two \"quoted\"\n", "three"}) add(what);
  const auto report = read();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->lines, 3u);
  EXPECT_NE(text().find(report->head), std::string::npos);
}

TEST_F(AuditLogTest, AnyChangedByteShows) {
  for (const char* what : {"one", "two", "three"}) add(what);
  const std::string good = text();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write(bad);
    EXPECT_FALSE(read()) << i;
  }
  write(good);
  EXPECT_TRUE(read());
}

TEST_F(AuditLogTest, LinesTakenOutMovedOrRepeatedShow) {
  for (const char* what : {"one", "two", "three"}) add(what);
  std::vector<std::string> lines;
  std::istringstream in(text());
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  for (const std::string& bad :
       {lines[1] + lines[2], lines[0] + lines[2], lines[1] + lines[0] + lines[2],
        lines[0] + lines[0] + lines[1] + lines[2], lines[0] + lines[1] + lines[2].substr(0, 20)}) {
    write(bad);
    EXPECT_EQ(read().error().code, Errc::corrupt) << bad;
  }
}

TEST_F(AuditLogTest, ALineCutShortIsTakenOffAndSaid) {
  add("one");
  const std::string good = text();
  add("two");
  const std::string whole = text();
  for (std::size_t length = good.size() + 1; length < whole.size(); length += 7) {
    write(whole.substr(0, length));
    add("three");
    const auto report = read();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->lines, 3u);
    EXPECT_NE(text().find("\"event\":\"repair\""), std::string::npos);
  }
  write(whole.substr(0, 5));  // not even one whole line
  add("first");
  EXPECT_TRUE(read());
}

TEST_F(AuditLogTest, AJumpingClockMakesNoDifference) {
  for (const std::uint64_t time : {7ull, 4'000'000'000ull, 0ull, ~0ull}) add("x", time);
  EXPECT_TRUE(read());
}

/// Appends until it is killed, and writes a byte to `tell` after each line.
[[noreturn]] void append_for_ever(const Home& home, int tell) {
  for (;;) {
    if (!append_audit(home, {kAuditAccept, {{"what", std::string(900, 'x')}}}, 7)) ::_exit(1);
    if (::write(tell, "x", 1) != 1) ::_exit(2);
  }
}

TEST_F(AuditLogTest, KillsAtAnyMomentLoseNoLineThatWasWritten) {
  std::uint64_t told = 0;
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t writer = ::fork();
    if (writer == 0) append_for_ever(home_, ends[1]);
    ASSERT_GT(writer, 0);
    ::close(ends[1]);
    char byte = 0;
    for (int lines = 0; lines <= round % 4; ++lines) told += ::read(ends[0], &byte, 1) == 1 ? 1 : 0;
    ASSERT_EQ(::kill(writer, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    while (::read(ends[0], &byte, 1) == 1) ++told;
    ::close(ends[0]);
    // Half a line at the end is for the next one to take off.
    add("after");
    ++told;
    const auto report = read();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_GE(report->lines, told);
    told = report->lines;  // a line may be there that was not told of any more
  }
}

TEST_F(AuditLogTest, SeveralWriteAtOnce) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([this] {
      for (int k = 0; k < 25; ++k) add("x");
    });
  for (std::thread& writer : writers) writer.join();
  const auto report = read();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->lines, 100u);
}

TEST_F(AuditLogTest, AnotherFileIsLeftAlone) {
  write("something else\n");
  EXPECT_EQ(append_audit(home_, {kAuditAccept, {}}, 1).error().code, Errc::corrupt);
  EXPECT_EQ(text(), "something else\n");
}

}  // namespace
}  // namespace dcdn::trust
