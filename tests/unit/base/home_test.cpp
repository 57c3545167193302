#include "dcdn/home.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>

namespace dcdn {
namespace {

/// Sets variables (nullptr: unset) and puts back what was there.
class Environment {
 public:
  explicit Environment(const std::map<std::string, const char*>& values) {
    for (const auto& [name, value] : values) {
      const char* before = std::getenv(name.c_str());
      before_[name] = before == nullptr ? std::nullopt : std::optional<std::string>(before);
      set(name, value);
    }
  }
  ~Environment() {
    for (const auto& [name, value] : before_) set(name, value ? value->c_str() : nullptr);
  }

 private:
  static void set(const std::string& name, const char* value) {
    if (value == nullptr)
      ::unsetenv(name.c_str());
    else
      ::setenv(name.c_str(), value, 1);
  }
  std::map<std::string, std::optional<std::string>> before_;
};

Result<Home> home_with(const char* own, const char* config, const char* state, const char* home) {
  const Environment environment(
      {{"DCDN_HOME", own}, {"XDG_CONFIG_HOME", config}, {"XDG_STATE_HOME", state}, {"HOME", home}});
  return find_home();
}

TEST(FindHome, DcdnHomeHoldsEverything) {
  const auto home = home_with("/tmp/hq//", "/xc", "/xs", "/home/me");
  ASSERT_TRUE(home);
  EXPECT_EQ(home->config_dir, "/tmp/hq");
  EXPECT_EQ(home->state_dir, "/tmp/hq");
  EXPECT_EQ(home->key_path("a"), "/tmp/hq/keys/a.pem");
  EXPECT_EQ(home_with("relative", nullptr, nullptr, nullptr)->config_dir, "relative");
  EXPECT_EQ(home_with("/", nullptr, nullptr, nullptr)->config_dir, "/");
}

TEST(FindHome, AFileInTheWayIsNamed) {
  for (const char* own : {"/dev/null", "/dev/null/home"}) {
    const auto home = home_with(own, nullptr, nullptr, nullptr);
    ASSERT_FALSE(home) << own;
    EXPECT_EQ(home.error().code, Errc::config);
    EXPECT_NE(home.error().message.find("/dev/null is a file"), std::string::npos) << home.error().message;
    EXPECT_NE(home.error().hint.find("DCDN_HOME"), std::string::npos);
  }
  EXPECT_FALSE(home_with(nullptr, "/dev/null", "/xs", nullptr));
  EXPECT_FALSE(home_with(nullptr, "/xc", nullptr, "/dev/null"));
}

TEST(FindHome, XdgFoldersThenHome) {
  const auto xdg = home_with(nullptr, "/xc/", "/xs", nullptr);
  ASSERT_TRUE(xdg);
  EXPECT_EQ(xdg->config_dir, "/xc/dcdn");
  EXPECT_EQ(xdg->state_dir, "/xs/dcdn");
  const auto plain = home_with(nullptr, nullptr, nullptr, "/home/me/");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->config_dir, "/home/me/.config/dcdn");
  EXPECT_EQ(plain->state_dir, "/home/me/.local/state/dcdn");
}

TEST(FindHome, EmptyAndRelativeXdgValuesAreIgnored) {
  const auto home = home_with("", "xc", "", "/home/me");
  ASSERT_TRUE(home);
  EXPECT_EQ(home->config_dir, "/home/me/.config/dcdn");
  EXPECT_EQ(home->state_dir, "/home/me/.local/state/dcdn");
}

TEST(FindHome, NothingSetIsAConfigurationError) {
  EXPECT_EQ(home_with(nullptr, nullptr, nullptr, nullptr).error().code, Errc::config);
  EXPECT_EQ(home_with(nullptr, "/xc", nullptr, nullptr).error().code, Errc::config);
  EXPECT_FALSE(home_with("", nullptr, nullptr, "").error().hint.empty());
}

}  // namespace
}  // namespace dcdn
