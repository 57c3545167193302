#include "base/text.hpp"

#include <gtest/gtest.h>

namespace dcdn {
namespace {

TEST(Hex, WritesLowerCaseAndReadsEither) {
  const Bytes bytes{0x00, 0x1f, 0xab, 0xff};
  EXPECT_EQ(to_hex(bytes), "001fabff");
  EXPECT_EQ(from_hex("001fabff", 4), bytes);
  EXPECT_EQ(from_hex("001FAbFF", 4), bytes);
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(from_hex("", 0), Bytes{});
}

TEST(Hex, RefusesAllElse) {
  for (const char* text :
       {"", "0", "00", "00112", "001122", "0g11", "g011", "0x11", " 011", "00 1", "-001", "+001"})
    EXPECT_FALSE(from_hex(text, 2)) << text;
  EXPECT_FALSE(from_hex("00", 0));
  EXPECT_FALSE(from_hex(std::string_view("00\0\0", 4), 2));
}

struct EscapeRow {
  std::string_view name;
  const char* shown;
};

TEST(EscapeForDisplay, LeavesWhatIsSafe) {
  for (const char* name :
       {"", "photo.jpg", "a b", "caf\u00e9", "\u65e5\u672c", "\U0001F600", "'\"$`*?", "\u00a0"})
    EXPECT_EQ(escape_for_display(name), name);
}

TEST(EscapeForDisplay, MakesTheRestVisible) {
  constexpr EscapeRow kRows[] = {
      {"a\nb", "a\\x0ab"},
      {"\x1b[31m", "\\x1b[31m"},
      {"\r", "\\x0d"},
      {"\t", "\\x09"},
      {"\x7f", "\\x7f"},
      {{"a\0b", 3}, "a\\x00b"},
      {"a\\b", "a\\\\b"},
      {"\\x0a", "\\\\x0a"},           // cannot be taken for a real escape
      {"\u0085", "\\xc2\\x85"},       // C1 control
      {"\u009b", "\\xc2\\x9b"},       // C1: as good as ESC [
      {"\u202e", "\\xe2\\x80\\xae"},  // right-to-left override
      {"\u2066", "\\xe2\\x81\\xa6"},  // isolate
      {"\u200b", "\\xe2\\x80\\x8b"},  // zero width
      {"\u061c", "\\xd8\\x9c"},       // Arabic letter mark
      {"\ufeff", "\\xef\\xbb\\xbf"},  // byte order mark
      {"\u2028", "\\xe2\\x80\\xa8"},  // line separator
  };
  for (const EscapeRow& row : kRows) EXPECT_EQ(escape_for_display(row.name), row.shown);
}

TEST(EscapeForDisplay, BytesThatAreNotUtf8AreShownAsBytes) {
  constexpr EscapeRow kRows[] = {
      {"\xff", "\\xff"},
      {"\x80", "\\x80"},
      {"\xc3", "\\xc3"},                             // cut off
      {"\xe2\x82", "\\xe2\\x82"},                    // cut off
      {"\xc3(", "\\xc3("},                           // not a continuation
      {"\xc0\xaf", "\\xc0\\xaf"},                    // '/' in two bytes
      {"\xc1\x9b", "\\xc1\\x9b"},                    // '[' in two bytes
      {"\xe0\x80\x9b", "\\xe0\\x80\\x9b"},           // ESC in three bytes
      {"\xf0\x80\x80\x9b", "\\xf0\\x80\\x80\\x9b"},  // and in four
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond U+10FFFF
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
      {"ok\xe2\x82\xac\xe2", "ok\u20ac\\xe2"},
  };
  for (const EscapeRow& row : kRows) EXPECT_EQ(escape_for_display(row.name), row.shown);
}

TEST(EscapeForDisplay, NoByteOfAnyPairComesOutAsAControl) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char name[2] = {static_cast<char>(first), static_cast<char>(second)};
      const std::string shown = escape_for_display({name, 2});
      for (const char c : shown) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
  }
}

}  // namespace
}  // namespace dcdn
