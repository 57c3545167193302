#include "common/option_help.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace dcdn::tool {
namespace {

struct Table {
  Command root{"dcdn-test",
               "does things that take a while to say, so that this summary has to be broken somewhere"};
  bool flag = false;
  std::string text = "here";
  std::vector<std::string> paths;
  int mode = 2;
  bool hidden = false;
  Table() {
    root.example(
        "dcdn-test --a-very-long-option with a value and --another one and more words until it wraps x",
        "Go.");
    root.usage("PATH... DEST").usage("--list");
    root.group("First").flag("flag", flag, "a flag").with_short('f');
    root.text("text", text, "TEXT", std::string(100, 'x')).completes(Complete::file);
    root.group("Second").choice<int>("mode", mode,
                                     {{"one-long-word", 1}, {"two-long-words", 2}, {"three", 3}},
                                     "the mode of all the rest");
    root.flag("secret", hidden, "not shown").hide();
    root.positionals("PATH", paths, "what to send", true);
  }
};

TEST(OptionHelp, StartsWithExamplesAndFitsTheScreen) {
  const Table table;
  Command sentences{"dcdn-test", "short"};
  const std::string help = help_text({&table.root});
  EXPECT_TRUE(help.starts_with("Examples:\n  dcdn-test ")) << help;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.size() <= 80 || line.find(std::string(60, 'x')) != std::string::npos) << line;
    EXPECT_FALSE(line.ends_with(' ')) << "'" << line << "'";
  }
}

TEST(OptionHelp, ShowsShortNameValueDefaultGroupAndChoices) {
  const Table table;
  const std::string help = help_text({&table.root});
  EXPECT_NE(help.find("\nFirst:\n  -f, --flag"), std::string::npos) << help;
  EXPECT_NE(help.find("      --text TEXT"), std::string::npos) << help;
  EXPECT_NE(help.find("[here]"), std::string::npos);
  EXPECT_NE(help.find("one-long-word|two-long-words|three"), std::string::npos) << help;
  EXPECT_NE(help.find("[two-long-words]"), std::string::npos);
  EXPECT_NE(help.find("\nSecond:\n"), std::string::npos);
  EXPECT_NE(help.find("Usage: dcdn-test [OPTION]... PATH... DEST\n       dcdn-test [OPTION]... --list\n"),
            std::string::npos);
  EXPECT_EQ(help.find("secret"), std::string::npos);
}

TEST(OptionHelp, ALongExampleGoesOnWithABackslash) {
  const Table table;
  const std::string help = help_text({&table.root});
  const std::size_t backslash = help.find(" \\\n      ");
  EXPECT_NE(backslash, std::string::npos) << help;
}

TEST(OptionHelp, DumpsEveryRow) {
  Table table;
  std::string key;
  table.root.subcommand("trust", "t").subcommand("add", "a").positional("KEY", key, "k", true);
  const auto dump = nlohmann::json::parse(dump_options(table.root, "1.2.3").json());
  EXPECT_EQ(dump["tool"], "dcdn-test");
  EXPECT_EQ(dump["version"], "1.2.3");
  ASSERT_EQ(dump["commands"].size(), 3u);
  const auto& root = dump["commands"][0];
  ASSERT_EQ(root["options"].size(), 4u);
  EXPECT_EQ(root["options"][0]["name"], "flag");
  EXPECT_EQ(root["options"][0]["short"], "f");
  EXPECT_EQ(root["options"][1]["complete"], "file");
  EXPECT_EQ(root["options"][2]["choices"].size(), 3u);
  EXPECT_EQ(root["options"][3]["hidden"], true);
  EXPECT_EQ(root["arguments"][0]["required"], true);
  EXPECT_EQ(dump["commands"][2]["command"], "trust add");
  EXPECT_EQ(dump["commands"][2]["arguments"][0]["name"], "KEY");
}

TEST(OptionHelp, WrapsWords) {
  EXPECT_EQ(wrap_words("a bb ccc", 4), (std::vector<std::string>{"a bb", "ccc"}));
  EXPECT_EQ(wrap_words("", 4), std::vector<std::string>());
  EXPECT_EQ(wrap_words("abcdefgh i", 4), (std::vector<std::string>{"abcdefgh", "i"}));
  EXPECT_EQ(wrap_words("  a  b ", 9), (std::vector<std::string>{"a b"}));
}

}  // namespace
}  // namespace dcdn::tool
