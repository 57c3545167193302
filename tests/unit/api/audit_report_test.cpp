#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "dcdn/trust.hpp"
#include "support/temp_dir.hpp"
#include "trust/audit_log.hpp"

namespace dcdn {
namespace {

class AuditReportTest : public ::testing::Test {
 protected:
  void add(const std::string& what) {
    ASSERT_TRUE(trust::append_audit(home_, {trust::kAuditAccept, {{"what", what}}}, 7));
  }
  [[nodiscard]] Result<AuditReport> read(const std::string& head = "") const {
    return read_audit(home_, head, {});
  }

  test::TempDir dir_;
  Home home_{dir_.path(), dir_.path()};
};

TEST_F(AuditReportTest, ShowsEveryLineAndGivesTheLastHash) {
  for (const char* what : {"one", "two", "three"}) add(what);
  std::vector<std::string> shown;
  const auto report = read_audit(home_, "", [&](const std::string& line) { shown.push_back(line); });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->lines, 3u);
  ASSERT_EQ(shown.size(), 3u);
  EXPECT_NE(shown[1].find("two"), std::string::npos);
  EXPECT_NE(shown[2].find(report->head), std::string::npos);
}

TEST_F(AuditReportTest, AnEndThatWasCutOffShowsOnlyAgainstAHashNotedBefore) {
  add("one");
  const auto size = std::filesystem::file_size(home_.audit_path());
  add("two");
  const std::string head = read()->head;
  EXPECT_TRUE(read(head));
  std::filesystem::resize_file(home_.audit_path(), size);
  EXPECT_TRUE(read());
  EXPECT_EQ(read(head).error().code, Errc::corrupt);
}

TEST_F(AuditReportTest, WhatIsNoWholeLineIsCorrupt) {
  add("one");
  std::ofstream(home_.audit_path(), std::ios::app) << "half a line";
  EXPECT_EQ(read().error().code, Errc::corrupt);
  std::ofstream(home_.audit_path(), std::ios::trunc) << std::string(2 * trust::kMaxAuditLine, 'x');
  EXPECT_EQ(read().error().code, Errc::corrupt);
  std::filesystem::remove(home_.audit_path());
  EXPECT_EQ(read().error().code, Errc::not_found);
}

}  // namespace
}  // namespace dcdn
