// tool_fixture.hpp - runs a command line in process, with a clean environment and the standard streams caught
// in files.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/cli_app.hpp"

namespace dcdn::tool {

class ToolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "dcdn-tool-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir = name;
    ::setenv("DCDN_HOME", dir.c_str(), 1);
    for (const char* variable :
         {"DCDN_CONFIG", "DCDN_RATE", "DCDN_TO", "DCDN_ONCE", "DCDN_CHUNK_SIZE", "DCDN_HELP"})
      ::unsetenv(variable);
  }
  void TearDown() override { std::filesystem::remove_all(dir); }

  void write(const std::string& name, const std::string& text) { std::ofstream(dir + "/" + name) << text; }
  std::string read(const std::string& name) {
    std::ifstream in(dir + "/" + name);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }
  /// What `work` writes to file descriptor `fd`.
  template <class Work>
  std::string caught(int fd, Work&& work) {
    const std::string name = dir + "/caught" + std::to_string(fd);
    const int saved = ::dup(fd);
    std::FILE* file = std::fopen(name.c_str(), "w+");
    ::dup2(::fileno(file), fd);
    work();
    ::dup2(saved, fd);
    ::close(saved);
    std::fclose(file);
    return read("caught" + std::to_string(fd));
  }

  std::string dir;
};

/// Runs CliApp::parse over words.
inline Result<Parsed> parse(CliApp& app, Report& report, std::vector<std::string> words) {
  std::vector<const char*> argv{"dcdn-test"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return app.parse(static_cast<int>(argv.size()), argv.data(), report);
}

}  // namespace dcdn::tool
