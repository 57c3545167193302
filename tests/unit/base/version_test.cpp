#include "dcdn/version.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>

namespace dcdn {
namespace {

TEST(Version, IsThreeNumbers) {
  EXPECT_TRUE(std::regex_match(version(), std::regex("[0-9]+[.][0-9]+[.][0-9]+")));
}

TEST(Features, AreOneALineWithTheirVersion) {
  const std::string expected = std::string("dcdn ") + version() + "\nformat " +
                               std::to_string(kFormatVersion) + "\nsession " +
                               std::to_string(kSessionVersion) + "\n";
  EXPECT_EQ(features(), expected);
}

}  // namespace
}  // namespace dcdn
