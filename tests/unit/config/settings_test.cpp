#include <gtest/gtest.h>

#include "dcdn/config.hpp"

namespace dcdn {
namespace {

const SettingNames kSend{"send", {"rate", "name", "compress"}, {"listen", "rate"}, {"send", "recv"}};

Result<std::vector<Setting>> chosen(std::string_view toml) {
  auto all = parse_settings(toml, "c.toml");
  EXPECT_TRUE(all.has_value());
  return choose_settings(*all, kSend, "c.toml");
}

TEST(Settings, TheToolsTableWinsOverTheTop) {
  const auto settings = chosen("rate = \"1mbit\"\nname = \"a\"\n[send]\nrate = \"2mbit\"\n");
  ASSERT_TRUE(settings.has_value());
  ASSERT_EQ(settings->size(), 2u);
  EXPECT_EQ((*settings)[0].key, "name");
  EXPECT_EQ((*settings)[1].values.front(), "2mbit");
  EXPECT_EQ((*settings)[1].line, 4u);
}

TEST(Settings, LeavesOtherToolsTheirSettings) {
  const auto settings = chosen("listen = \":1\"\n[recv]\nanything-there = 1\n");
  ASSERT_TRUE(settings.has_value());
  EXPECT_TRUE(settings->empty());
}

TEST(Settings, AnUnknownKeyIsAnErrorWithItsLineAndTheNearestName) {
  const auto settings = chosen("name = \"x\"\ncomprss = \"none\"\n");
  ASSERT_FALSE(settings.has_value());
  EXPECT_EQ(settings.error().code, Errc::config);
  EXPECT_EQ(settings.error().message, "c.toml:2: unknown key comprss");
  EXPECT_EQ(settings.error().hint, "did you mean compress");
}

TEST(Settings, InItsOwnTableOnlyItsOwnKeysAreKnown) {
  const auto settings = chosen("[send]\nlisten = \":1\"\n");
  ASSERT_FALSE(settings.has_value());
  EXPECT_EQ(settings.error().message, "c.toml:2: unknown key listen in [send]");
}

TEST(Settings, AnUnknownTableIsAnError) {
  EXPECT_EQ(chosen("[sned]\nrate = 1\n").error().hint, "did you mean send");
  EXPECT_EQ(chosen("[send.more]\nrate = 1\n").error().message, "c.toml:2: unknown table [send.more]");
}

TEST(Settings, TheStrongestSourceWins) {
  const std::vector<std::string> none, a{"flag"}, b{"environment"}, c{"file"};
  EXPECT_EQ(strongest_setting(a, b, c).values, a);
  EXPECT_EQ(strongest_setting(none, b, c).values, b);
  EXPECT_EQ(strongest_setting(none, none, c).values, c);
  EXPECT_EQ(strongest_setting(none, none, none).source, SettingSource::fallback);
  EXPECT_EQ(strongest_setting(a, b, c).source, SettingSource::flag);
  EXPECT_EQ(strongest_setting(none, b, c).source, SettingSource::environment);
  EXPECT_EQ(strongest_setting(none, none, c).source, SettingSource::file);
}

TEST(Settings, NamesTheEnvironmentVariable) {
  EXPECT_EQ(environment_name("chunk-size"), "DCDN_CHUNK_SIZE");
  EXPECT_EQ(environment_name("rate"), "DCDN_RATE");
}

TEST(NearestName, FindsTypingErrors) {
  const std::vector<std::string> names{"--compress", "--name", "--rate", "--quiet"};
  EXPECT_EQ(nearest_name("--comprss", names), "--compress");    // a letter missing
  EXPECT_EQ(nearest_name("--compresss", names), "--compress");  // one too many
  EXPECT_EQ(nearest_name("--nmae", names), "--name");           // swapped
  EXPECT_EQ(nearest_name("--rite", names), "--rate");           // another letter
}

TEST(NearestName, KeepsQuietWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("--frobnicate", {"--compress", "--name"}), "");
  EXPECT_EQ(nearest_name("zz", {"compress"}), "");
  EXPECT_EQ(nearest_name("", {"compress"}), "");
  EXPECT_EQ(nearest_name("x", {}), "");
  EXPECT_EQ(nearest_name(std::string(1000000, 'a'), {std::string(65, 'a')}), "");
}

}  // namespace
}  // namespace dcdn
