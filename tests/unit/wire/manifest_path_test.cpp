#include <string>

#include "unit/wire/wire_samples.hpp"
#include "wire/manifest.hpp"

namespace dcdn::wire {
namespace {

std::string components(std::size_t count) {
  std::string path = "c";
  for (std::size_t i = 1; i < count; ++i) path += "/c";
  return path;
}

TEST(ManifestPath, OrdinaryAndOddNamesAreFine) {
  for (std::string_view good :
       {"a", "a/b", "...", "..a", "a..", ".hidden/x", " ", "a\nb", "\xff\xfe", "-rf", "a\\b", "C:", "~",
        "\x89"
        "DCF"})
    EXPECT_TRUE(check_path(good)) << good;
  EXPECT_TRUE(check_path(components(kMaxDepth)));
  EXPECT_TRUE(check_path(std::string(kMaxNameBytes, 'x')));
}

TEST(ManifestPath, WhatCouldEscapeIsRefused) {
  for (std::string_view bad : {"", "/", "/a", "//", "a/", "a//b", ".", "..", "./a", "a/.", "a/./b", "../a",
                               "a/..", "a/../b", "a/b/.."}) {
    const auto checked = check_path(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().code, Errc::corrupt);
  }
  using std::string_view_literals::operator""sv;
  for (std::string_view bad : {"\0"sv, "a\0"sv, "a/\0/b"sv, "a\0/../b"sv}) EXPECT_FALSE(check_path(bad));
}

TEST(ManifestPath, Limits) {
  EXPECT_FALSE(check_path(components(kMaxDepth + 1)));
  EXPECT_FALSE(check_path(std::string(kMaxNameBytes + 1, 'x')));
  EXPECT_FALSE(check_path("a/" + std::string(kMaxNameBytes + 1, 'x')));
  std::string path;  // 16 components of 255 bytes with their slashes are 4,096 bytes with one to spare
  for (int i = 0; i < 16; ++i) path += std::string(kMaxNameBytes, 'x') + "/";
  path.pop_back();
  ASSERT_EQ(path.size(), kMaxPathBytes - 1);
  EXPECT_TRUE(check_path(path));
  path[path.size() - 2] = '/';
  EXPECT_TRUE(check_path(path + "y"));
  EXPECT_FALSE(check_path(path + "yy"));
}

TEST(ManifestPath, ANameIsOneComponent) {
  EXPECT_TRUE(check_name("report.pdf"));
  for (std::string_view bad : {"", ".", "..", "a/b", "/a", "a/"}) EXPECT_FALSE(check_name(bad)) << bad;
  EXPECT_FALSE(check_name(std::string(kMaxNameBytes + 1, 'x')));
}

TEST(ManifestPath, MessagesCannotMoveTheCursorAndStayShort) {
  const auto escape = check_path("a/../\x1b[2J");
  ASSERT_FALSE(escape);
  EXPECT_EQ(escape.error().message.find('\x1b'), std::string::npos);
  const auto longest = check_path(std::string(100000, '\n'));
  ASSERT_FALSE(longest);
  EXPECT_LT(longest.error().message.size(), 500u);
}

}  // namespace
}  // namespace dcdn::wire
