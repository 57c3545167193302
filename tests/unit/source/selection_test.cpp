#include "source/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dcdn::source {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using Names = std::vector<std::string>;

Selection only(const Names& names, const Names& exclude = {}) {
  auto made = Selection::make(names, exclude);
  EXPECT_TRUE(made.has_value());
  return *made;
}

TEST(Selection, ALeadsToWhatItNamesAndNowhereElse) {
  const Selection selection = only({"./b//c/", "a/x", "a/y", "a.txt", "d"});
  EXPECT_THAT(selection.names_in(""), Optional(ElementsAre("a", "a.txt", "b", "d")));
  EXPECT_THAT(selection.names_in("a"), Optional(ElementsAre("x", "y")));
  EXPECT_THAT(selection.names_in("b"), Optional(ElementsAre("c")));
  EXPECT_THAT(selection.names_in("z"), Optional(IsEmpty()));
  for (const char* all : {"b/c", "b/c/deeper", "d", "a/x"})
    EXPECT_EQ(selection.names_in(all), std::nullopt) << all;
  EXPECT_TRUE(selection.wants("b/c/deeper/file"));
  EXPECT_TRUE(selection.wants("d"));
  EXPECT_FALSE(selection.wants("b"));
}

TEST(Selection, TheTreeItselfIsAllOfIt) {
  EXPECT_EQ(only({"."}).names_in(""), std::nullopt);
  EXPECT_EQ(only({"./"}).names_in("a"), std::nullopt);
  EXPECT_THAT(only({}).names_in(""), Optional(IsEmpty()));
  EXPECT_EQ(Selection().names_in(""), std::nullopt);
}

TEST(Selection, PathsThatLeadOutOfTheTreeAreRefused) {
  for (const char* path : {"/etc/passwd", "..", "a/../../b", "a/.."}) {
    const auto made = Selection::make(Names{path}, {});
    ASSERT_FALSE(made.has_value()) << path;
    EXPECT_EQ(made.error().code, Errc::usage);
  }
}

TEST(Selection, PatternsAreForNamesOrWithASlashForPaths) {
  const Selection selection = only({"."}, {"*.o", "/build", "cache/", "docs/*.tmp"});
  EXPECT_TRUE(selection.excludes("deep/in/x.o", false));
  EXPECT_TRUE(selection.excludes(".hidden.o", false));
  EXPECT_TRUE(selection.excludes("build", true));
  EXPECT_FALSE(selection.excludes("src/build", true));
  EXPECT_TRUE(selection.excludes("src/cache", true));
  EXPECT_FALSE(selection.excludes("src/cache", false));
  EXPECT_TRUE(selection.excludes("docs/a.tmp", false));
  EXPECT_FALSE(selection.excludes("docs/more/a.tmp", false));
  EXPECT_FALSE(Selection::make(std::nullopt, {"/"}).has_value());
}

}  // namespace
}  // namespace dcdn::source
