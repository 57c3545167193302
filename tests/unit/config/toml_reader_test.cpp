#include <gtest/gtest.h>

#include "dcdn/config.hpp"

namespace dcdn {
namespace {

std::vector<Setting> parsed(std::string_view toml) {
  auto settings = parse_settings(toml, "c.toml");
  EXPECT_TRUE(settings.has_value()) << (settings ? "" : settings.error().message);
  return settings ? *settings : std::vector<Setting>();
}

Error refused(std::string_view toml) {
  auto settings = parse_settings(toml, "c.toml");
  EXPECT_FALSE(settings.has_value()) << toml;
  return settings ? Error(Errc::other, "accepted") : settings.error();
}

TEST(TomlReader, SaysValuesAsTheCommandLineWould) {
  const auto settings = parsed("a = \"1mbit\"\nb = 12\nc = true\nd = 2.5\ne = [\"x\", 3]\nf = -7\ng = []\n");
  ASSERT_EQ(settings.size(), 7u);
  EXPECT_EQ(settings[0].values, std::vector<std::string>{"1mbit"});
  EXPECT_EQ(settings[1].values, std::vector<std::string>{"12"});
  EXPECT_EQ(settings[2].values, std::vector<std::string>{"true"});
  EXPECT_EQ(settings[3].values, std::vector<std::string>{"2.5"});
  EXPECT_EQ(settings[4].values, (std::vector<std::string>{"x", "3"}));
  EXPECT_TRUE(settings[4].is_list);
  EXPECT_FALSE(settings[0].is_list);
  EXPECT_EQ(settings[5].values, std::vector<std::string>{"-7"});
  EXPECT_TRUE(settings[6].values.empty());
}

TEST(TomlReader, KnowsTableAndLineOfEveryKey) {
  const auto settings = parsed("\nz = 1\n\n[send]\nrate = \"1mbit\"\n[send.deep]\nx = 1\n[recv]\na.b = 2\n");
  ASSERT_EQ(settings.size(), 4u);
  EXPECT_EQ(settings[0].table, "");
  EXPECT_EQ(settings[0].key, "z");
  EXPECT_EQ(settings[0].line, 2u);
  EXPECT_EQ(settings[1].table, "send");
  EXPECT_EQ(settings[1].key, "rate");
  EXPECT_EQ(settings[1].line, 5u);
  EXPECT_EQ(settings[2].table, "send.deep");
  EXPECT_EQ(settings[2].line, 7u);
  EXPECT_EQ(settings[3].table, "recv.a");
  EXPECT_EQ(settings[3].key, "b");
}

TEST(TomlReader, AnEmptyFileIsNoSettings) {
  EXPECT_TRUE(parsed("").empty());
  EXPECT_TRUE(parsed("# nothing\n\n").empty());
}

TEST(TomlReader, NamesFileAndLineOfWhatIsNotToml) {
  const Error error = refused("a = 1\nb = = 2\n");
  EXPECT_EQ(error.code, Errc::config);
  EXPECT_TRUE(error.message.starts_with("c.toml:2: ")) << error.message;
  EXPECT_NE(error.message.back(), '.') << error.message;
}

TEST(TomlReader, RefusesTheSameKeyTwice) {
  EXPECT_TRUE(refused("a = 1\na = 2\n").message.starts_with("c.toml:2: "));
}

TEST(TomlReader, RefusesWhatNoOptionCanMean) {
  EXPECT_NE(refused("\na = 2024-01-02\n").message.find("c.toml:2: a: dates"), std::string::npos);
  EXPECT_NE(refused("a = 07:32:00\n").message.find("dates"), std::string::npos);
  EXPECT_NE(refused("a = [[1]]\n").message.find("arrays inside arrays"), std::string::npos);
  EXPECT_NE(refused("[[a]]\nb = 1\n").message.find("tables inside arrays"), std::string::npos);
  EXPECT_NE(refused("a = inf\n").message.find("finite"), std::string::npos);
  EXPECT_NE(refused("a = nan\n").message.find("finite"), std::string::npos);
  EXPECT_NE(refused("a = \"x\\u0000y\"\n").message.find("zero byte"), std::string::npos);
}

TEST(TomlReader, LimitsLengthAndDepth) {
  EXPECT_NE(refused(std::string((1u << 20) + 1, '#')).message.find("longer than"), std::string::npos);
  parsed("[a.b.c.d.e.f.g.h]\nx = 1\n");
  EXPECT_NE(refused("[a.b.c.d.e.f.g.h.i]\nx = 1\n").message.find("deep"), std::string::npos);
  const std::string nest(100000, '[');
  EXPECT_EQ(refused("a = " + nest).code, Errc::config);
}

TEST(TomlReader, SurvivesBytesThatAreNotText) {
  EXPECT_EQ(refused(std::string_view("a = \"\xff\xfe\"\n")).code, Errc::config);
  EXPECT_EQ(refused(std::string_view("\x00\x01\x02", 3)).code, Errc::config);
  EXPECT_EQ(refused("a = \"unfinished").code, Errc::config);
}

}  // namespace
}  // namespace dcdn
