// home_fixture.hpp - a home in a folder of its own, and its files as text, for the tests of trust.
#pragma once
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "dcdn/home.hpp"
#include "support/temp_dir.hpp"

namespace dcdn::trust {

namespace fs = std::filesystem;

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void spew(const std::string& path, const std::string& text, unsigned mode = 0600) {
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), mode);
}
inline unsigned mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

class HomeTest : public ::testing::Test {
 protected:
  HomeTest() {
    home_.config_dir = dir_.path() + "/home";
    home_.state_dir = home_.config_dir;
  }
  test::TempDir dir_;
  Home home_;
};

}  // namespace dcdn::trust
