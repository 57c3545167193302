#include "common/cli_app.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dcdn/config.hpp"
#include "unit/tools/tool_fixture.hpp"

namespace dcdn::tool {
namespace {

enum class Color { red, green };

/// A tool with one option of each kind.
struct Sample {
  std::uint64_t rate = 0;
  std::uint32_t chunk_size = 65536;
  bool once = false;
  std::string name;
  std::string key;
  std::vector<std::string> to;
  Color color = Color::red;
  std::chrono::milliseconds wait{10000};
  int streams = 256;
  std::vector<std::string> paths;
  Report report{"dcdn-test"};
  CliApp app{"dcdn-test", "tests"};

  Sample() {
    Command& c = app.root();
    c.example("dcdn-test a b", "Does it.");
    c.rate("rate", rate, "at most this");
    c.size("chunk-size", chunk_size, 4096, 4u << 20, "size of a chunk");
    c.flag("once", once, "one time");
    c.text("name", name, "NAME", "a name").with_short('n');
    c.text("key", key, "NAME", "a key").formerly("identity");
    c.list("to", to, "HOST:PORT", "destination");
    c.choice<Color>("color", color, {{"red", Color::red}, {"green", Color::green}}, "which");
    c.duration("wait", wait, std::chrono::seconds(1), std::chrono::seconds(60), "how long", true);
    c.integer("streams", streams, 100, 10000, "how many");
    c.positionals("PATH", paths, "what to send", false);
  }
  Result<Parsed> run(std::vector<std::string> words) { return parse(app, report, std::move(words)); }
};

class CliApp_ : public ToolTest {
 protected:
  static std::string refused(std::vector<std::string> words, Errc code = Errc::usage) {
    Sample sample;
    const auto parsed = sample.run(std::move(words));
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code, code) << parsed.error().message;
    return parsed.error().message;
  }
};

TEST_F(CliApp_, FillsInEveryKindOfOption) {
  Sample s;
  ASSERT_TRUE(s.run({"--rate", "800kbit", "--chunk-size=64KiB", "--once", "-n", "x", "--to", "a:1", "--to",
                     "b:2", "--color", "green", "--wait", "2s", "--streams", "100", "p", "q"}));
  EXPECT_EQ(s.rate, 100000u);
  EXPECT_EQ(s.chunk_size, 65536u);
  EXPECT_TRUE(s.once);
  EXPECT_EQ(s.name, "x");
  EXPECT_EQ(s.to, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(s.color, Color::green);
  EXPECT_EQ(s.wait, std::chrono::seconds(2));
  EXPECT_EQ(s.streams, 100);
  EXPECT_EQ(s.paths, (std::vector<std::string>{"p", "q"}));
  EXPECT_TRUE(s.app.was_given("rate"));
  EXPECT_FALSE(s.app.was_given("log-file"));
}

TEST_F(CliApp_, AnOldNameIsTakenWithAWarning) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--identity", "x"}, std::vector<std::string>{"--identity=x"}}) {
    Sample s;
    const std::string said = caught(2, [&] { ASSERT_TRUE(s.run(words)); });
    EXPECT_EQ(s.key, "x");
    EXPECT_TRUE(s.app.was_given("key"));
    EXPECT_NE(said.find("--identity is called --key now"), std::string::npos) << said;
  }
  Sample s;
  EXPECT_EQ(caught(2, [&] { ASSERT_TRUE(s.run({"--key", "y"})); }), "");
  EXPECT_EQ(s.key, "y");
}

TEST_F(CliApp_, OptionsMayStandBetweenArguments) {
  Sample s;
  ASSERT_TRUE(s.run({"-", "--name", "ops.sql", "host:4433", "-q", "-vv"}));
  EXPECT_EQ(s.paths, (std::vector<std::string>{"-", "host:4433"}));
  EXPECT_TRUE(s.app.common().quiet);
  EXPECT_EQ(s.app.common().verbose, 2);
}

TEST_F(CliApp_, TakesOddNamesAsTheyAre) {
  Sample s;
  ASSERT_TRUE(s.run({"[a,b]", "{x}", "", " ", "--name", "[c]", "--", "--once", "-q", "++", "--"}));
  EXPECT_EQ(s.paths, (std::vector<std::string>{"[a,b]", "{x}", "", " ", "--once", "-q", "++", "--"}));
  EXPECT_EQ(s.name, "[c]");
  EXPECT_FALSE(s.once);
}

TEST_F(CliApp_, TheLastOfSeveralValuesWins) {
  Sample s;
  ASSERT_TRUE(s.run({"--name", "a", "--name", "b", "--once", "--once=false"}));
  EXPECT_EQ(s.name, "b");
  EXPECT_FALSE(s.once);
}

TEST_F(CliApp_, SuggestsWhatATypingErrorMeant) {
  EXPECT_EQ(refused({"--chunk-szie", "1"}), "unknown option --chunk-szie; did you mean --chunk-size");
  EXPECT_EQ(refused({"--onec=1"}), "unknown option --onec; did you mean --once");
  EXPECT_EQ(refused({"--frobnicate"}), "unknown option --frobnicate");
  EXPECT_EQ(refused({"-Z"}), "unknown option -Z");
  EXPECT_EQ(refused({"-qZ"}), "unknown option -Z");
  EXPECT_EQ(refused({"-5"}), "unknown option -5");
}

TEST_F(CliApp_, NeverSuggestsAHiddenOption) {
  EXPECT_EQ(refused({"--dump-option"}), "unknown option --dump-option");
}

TEST_F(CliApp_, NamesOptionAndRange) {
  EXPECT_EQ(refused({"--streams", "99"}), "--streams: '99' is outside 100 to 10000");
  EXPECT_EQ(refused({"--streams", "-1"}), "--streams: '-1' is not a whole number");
  EXPECT_EQ(refused({"--streams", "100x"}), "--streams: '100x' is not a whole number");
  EXPECT_EQ(refused({"--streams", "99999999999999999999999"}),
            "--streams: '99999999999999999999999' is outside 100 to 10000");
  EXPECT_EQ(refused({"--chunk-size", "1"}), "--chunk-size: '1' is outside 4KiB to 4MiB");
  EXPECT_EQ(refused({"--wait", "5m"}), "--wait: '5m' is outside 1s to 60s");
  EXPECT_EQ(refused({"--color", "blue"}), "--color: 'blue' is none of red|green");
  EXPECT_TRUE(refused({"--rate", "800"}).starts_with("--rate: "));
  EXPECT_EQ(refused({"--once=maybe"}), "--once: 'maybe' is neither true nor false");
}

TEST_F(CliApp_, SaysWhichOptionNeedsAValue) {
  EXPECT_EQ(refused({"--name"}), "--name needs a value");
  EXPECT_EQ(refused({"--name=", "x"}), "--name needs a value");
  EXPECT_EQ(refused({"a", "-n"}), "-n needs a value");
}

TEST_F(CliApp_, ZeroAndNoneSwitchOff) {
  Sample s;
  s.rate = 5;
  ASSERT_TRUE(s.run({"--rate", "none", "--wait", "0"}));
  EXPECT_EQ(s.rate, 0u);
  EXPECT_EQ(s.wait, std::chrono::milliseconds(0));
}

TEST_F(CliApp_, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  write("config.toml", "name = \"file\"\nchunk-size = \"8KiB\"\n[test]\nrate = \"8kbit\"\n");
  {
    Sample s;
    ASSERT_TRUE(s.run({}));
    EXPECT_EQ(s.rate, 1000u);
    EXPECT_EQ(s.chunk_size, 8192u);
    EXPECT_EQ(s.name, "file");
    EXPECT_EQ(s.streams, 256);
  }
  ::setenv("DCDN_RATE", "16kbit", 1);
  Sample s;
  ASSERT_TRUE(s.run({}));
  EXPECT_EQ(s.rate, 2000u);
  Sample t;
  ASSERT_TRUE(t.run({"--rate", "24kbit"}));
  EXPECT_EQ(t.rate, 3000u);
}

TEST_F(CliApp_, ListsComeFromEverySource) {
  write("config.toml", "to = [\"a:1\", \"b:1\"]\n");
  Sample file;
  ASSERT_TRUE(file.run({}));
  EXPECT_EQ(file.to, (std::vector<std::string>{"a:1", "b:1"}));
  ::setenv("DCDN_TO", "c:1,d:1", 1);
  Sample environment;
  ASSERT_TRUE(environment.run({}));
  EXPECT_EQ(environment.to, (std::vector<std::string>{"c:1", "d:1"}));
  Sample flag;
  ASSERT_TRUE(flag.run({"--to", "e:1"}));
  EXPECT_EQ(flag.to, std::vector<std::string>{"e:1"});
}

TEST_F(CliApp_, ABadEnvironmentValueNamesItsVariable) {
  ::setenv("DCDN_RATE", "fast", 1);
  EXPECT_TRUE(refused({}, Errc::config).starts_with("DCDN_RATE: "));
  EXPECT_EQ(refused({"--rate", "1mbit"}), "accepted");
}

TEST_F(CliApp_, ABadFileValueNamesFileAndLine) {
  write("config.toml", "\nstreams = 5\n");
  EXPECT_EQ(refused({}, Errc::config), dir + "/config.toml:2: streams: '5' is outside 100 to 10000");
  write("config.toml", "name = [\"a\"]\n");
  EXPECT_EQ(refused({}, Errc::config), dir + "/config.toml:1: name: takes one value, not a list");
  write("config.toml", "steams = 300\n");
  EXPECT_EQ(refused({}, Errc::config), dir + "/config.toml:1: unknown key steams");
}

TEST_F(CliApp_, ReadsTheFileItIsTold) {
  write("config.toml", "name = \"usual\"\n");
  write("other.toml", "name = \"other\"\n");
  Sample flag;
  ASSERT_TRUE(flag.run({"--config", dir + "/other.toml"}));
  EXPECT_EQ(flag.name, "other");
  ::setenv("DCDN_CONFIG", (dir + "/other.toml").c_str(), 1);
  Sample environment;
  ASSERT_TRUE(environment.run({}));
  EXPECT_EQ(environment.name, "other");
  EXPECT_TRUE(refused({"--config", dir + "/none.toml"}, Errc::config).starts_with("configuration: "));
}

TEST_F(CliApp_, AnActionThatIsSwitchedOffIsNotTaken) {
  int taken = 0;
  const auto act = [&taken](const std::vector<std::string>&) { return ++taken, Result<void>(); };
  for (const char* word : {"--act=false", "--act=no", "--act"}) {
    Report report("dcdn-test");
    CliApp app("dcdn-test", "tests");
    app.root().custom("act", Arity::flag, "", "acts", act);
    ASSERT_TRUE(parse(app, report, {word}));
  }
  EXPECT_EQ(taken, 1);
}

TEST_F(CliApp_, OneOffsDoNotComeFromEnvironmentOrFile) {
  ::setenv("DCDN_HELP", "1", 1);
  Sample s;
  ASSERT_TRUE(s.run({}));
  write("config.toml", "help = true\n");
  EXPECT_EQ(refused({}, Errc::config), dir + "/config.toml:1: unknown key help");
}

TEST_F(CliApp_, ShowsEffectiveSettingsAndTheirSources) {
  write("config.toml", "name = \"a \\\"b\\\"\"\n");
  ::setenv("DCDN_RATE", "8kbit", 1);
  Sample s;
  const std::string out = caught(1, [&] {
    EXPECT_TRUE(*s.run({"--show-config", "--to", "h:1"}) == Parsed::finished);
  });
  EXPECT_NE(out.find("rate = \"8kbit\"  # DCDN_RATE\n"), std::string::npos) << out;
  EXPECT_NE(out.find("name = \"a \\\"b\\\"\"  # " + dir + "/config.toml:1\n"), std::string::npos) << out;
  EXPECT_NE(out.find("to = [\"h:1\"]  # command line\n"), std::string::npos) << out;
  EXPECT_NE(out.find("chunk-size = \"64KiB\"  # default\n"), std::string::npos) << out;
  EXPECT_TRUE(parse_settings(out, "shown").has_value());
}

TEST_F(CliApp_, MoreArgumentsThanTheTableHasAreRefused) {
  std::string only;
  Report report("dcdn-test");
  CliApp app("dcdn-test", "tests");
  app.root().positional("FILE", only, "a file", true);
  EXPECT_EQ(parse(app, report, {"a", "b"}).error().message, "unexpected argument b");
  CliApp none("dcdn-test", "tests");
  none.root().positional("FILE", only, "a file", true);
  EXPECT_EQ(parse(none, report, {}).error().message, "FILE is missing");
}

struct Subcommands {
  std::string name, key, file;
  bool detached = false;
  Report report{"dcdn-sign"};
  CliApp app{"dcdn-sign", "signs"};
  Subcommands() {
    app.root().subcommand("keygen", "makes a key").text("name", name, "NAME", "name");
    Command& sign = app.root().subcommand("sign", "signs");
    sign.flag("detached", detached, "beside");
    sign.positional("FILE", file, "what", false);
    Command& trust = app.root().subcommand("trust", "trust");
    trust.subcommand("add", "adds").positional("KEY", key, "key", true);
    trust.subcommand("list", "lists");
  }
};

TEST_F(CliApp_, FindsNestedSubcommands) {
  Subcommands s;
  ASSERT_TRUE(parse(s.app, s.report, {"trust", "add", "K", "-q"}));
  EXPECT_EQ(s.app.command(), "trust add");
  EXPECT_EQ(s.key, "K");
  EXPECT_TRUE(s.app.common().quiet);
}

TEST_F(CliApp_, AnArgumentMayBeCalledLikeASubcommand) {
  Subcommands s;
  ASSERT_TRUE(parse(s.app, s.report, {"sign", "--detached", "trust"}));
  EXPECT_EQ(s.app.command(), "sign");
  EXPECT_EQ(s.file, "trust");
  Subcommands t;
  ASSERT_TRUE(parse(t.app, t.report, {"trust", "add", "list"}));
  EXPECT_EQ(t.key, "list");
}

TEST_F(CliApp_, SaysWhichSubcommandsThereAre) {
  Subcommands none, typing, nested, foreign;
  EXPECT_EQ(parse(none.app, none.report, {}).error().message, "a command is needed: keygen, sign, trust");
  EXPECT_EQ(parse(typing.app, typing.report, {"keygne"}).error().message,
            "unknown command keygne; did you mean keygen");
  EXPECT_EQ(parse(nested.app, nested.report, {"trust", "zzzz"}).error().message,
            "unknown command zzzz; there are add, list");
  EXPECT_EQ(parse(foreign.app, foreign.report, {"keygen", "--detached"}).error().message,
            "unknown option --detached");
}

TEST_F(CliApp_, AnswersHelpWhateverElseIsMissing) {
  Subcommands s;
  const std::string out = caught(1, [&] {
    EXPECT_TRUE(*parse(s.app, s.report, {"trust", "add", "--help"}) == Parsed::finished);
  });
  EXPECT_NE(out.find("Usage: dcdn-sign trust add [OPTION]... KEY\n"), std::string::npos) << out;
}

TEST_F(CliApp_, AnswersVersionAsTextAndAsJson) {
  Sample text;
  EXPECT_TRUE(caught(1, [&] { EXPECT_TRUE(text.run({"--version"})); }).starts_with("dcdn-test "));
  Sample json;
  const auto object = nlohmann::json::parse(caught(1, [&] {
    EXPECT_TRUE(json.run({"--version", "--json"}));
  }));
  EXPECT_EQ(object["message_type"], "version");
  EXPECT_EQ(object["schema"], 1);
  EXPECT_FALSE(object["features"].empty());
}

}  // namespace
}  // namespace dcdn::tool
