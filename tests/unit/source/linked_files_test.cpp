// Files of a tree that have several names: the first that is met is sent, the others are links to it; and
// what owners and attributes are sent.
#include <fcntl.h>
#include <sys/xattr.h>

#include <filesystem>

#include "support/pack_fixture.hpp"
#include "wire/extras.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;
using wire::EntryKind;

class LinkedFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    request_ = file_request(top());
    request_.object.kind = wire::ObjectKind::tree;
    request_.note = [this](const std::string& text) { notes_.push_back(text); };
    fs::create_directories(top());
  }
  [[nodiscard]] std::string top() const { return dir_.path() + "/t"; }
  [[nodiscard]] std::string at(const std::string& path) const { return top() + "/" + path; }
  void put(const std::string& path, std::size_t size) {
    fs::create_directories(fs::path(at(path)).parent_path());
    write_bytes(at(path), pattern(size, ++made_));
  }
  void link(const std::string& path, const std::string& to) {
    fs::create_directories(fs::path(at(path)).parent_path());
    fs::create_hard_link(at(to), at(path));
  }
  /// Path of each link, and that of the file which it names; files in their order.
  struct Found {
    std::map<std::string, std::string> links;
    std::vector<std::string> files;
  };
  Found found() {
    Found found;
    packed_ = pack(request_);
    EXPECT_TRUE(packed_.result) << packed_.result.error().message;
    for (const wire::Record& record : packed_.records()) {
      const auto* begin = std::get_if<wire::EntryBegin>(&record);
      if (begin == nullptr) continue;
      if (begin->kind == EntryKind::file) found.files.push_back(begin->path);
      if (begin->kind == EntryKind::hard_link)
        found.links[begin->path] = *(found.files.end() - static_cast<long>(begin->back));
    }
    return found;
  }
  wire::Extras extras_of(const std::string& path) {
    packed_ = pack(request_);
    for (const wire::Record& record : packed_.records()) {
      const auto* begin = std::get_if<wire::EntryBegin>(&record);
      if (begin != nullptr && begin->path == path) return *wire::parse_extras(begin->extras);
    }
    ADD_FAILURE() << path << " is not there";
    return {};
  }
  /// False: this file system has none.
  bool attribute(const std::string& path, const std::string& name, const std::string& value) {
    return ::setxattr(at(path).c_str(), name.c_str(), value.data(), value.size(), 0) == 0;
  }

  TempDir dir_;
  source::PackRequest request_;
  std::vector<std::string> notes_;
  Packed packed_;
  std::uint64_t made_ = 0;
};

using Links = std::map<std::string, std::string>;

TEST_F(LinkedFiles, OfEverySizeAndInEveryPlace) {
  put("a/small", 100);
  put("b/large", 50'000);
  put("b/other", 10);
  put("c/empty", 0);
  link("b/small", "a/small");
  link("d", "b/large");
  link("e", "a/small");
  link("f", "c/empty");
  const Found all = found();
  EXPECT_EQ(all.links, (Links{{"b/small", "a/small"}, {"d", "b/large"}, {"e", "a/small"}, {"f", "c/empty"}}));
  EXPECT_EQ(all.files.size(), 4u);
  const auto totals = source::measure_source(top(), wire::ObjectKind::tree, request_.walk);
  ASSERT_TRUE(totals);
  EXPECT_EQ(totals->bytes, 50'110u);
  EXPECT_EQ(totals->entries, 12u - 1);
}

TEST_F(LinkedFiles, WithoutThemEachNameIsAFile) {
  put("a", 100);
  link("b", "a");
  request_.walk.hard_links = false;
  const Found all = found();
  EXPECT_TRUE(all.links.empty());
  EXPECT_EQ(all.files, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(source::measure_source(top(), wire::ObjectKind::tree, request_.walk)->bytes, 200u);
}

// Names that are outside of what is sent say nothing.
TEST_F(LinkedFiles, TheFirstNameThatIsSentIsTheFile) {
  put("a", 100);
  link("b", "a");
  link("c", "a");
  link("../outside", "a");
  auto selection = source::Selection::make(std::nullopt, {"a"});
  ASSERT_TRUE(selection);
  request_.walk.selection = std::make_shared<const source::Selection>(*std::move(selection));
  EXPECT_EQ(found().links, (Links{{"c", "b"}}));
}

TEST_F(LinkedFiles, WhatIsWrittenToMeanwhileIsSentForEachOfItsNames) {
  put("a", 100);
  put("b", 500'000);
  link("c", "a");
  link("d", "a");
  request_.chunk_bytes = [this, done = false](std::uint64_t segment) mutable {
    if (segment > 0 && !std::exchange(done, true)) write_bytes(at("a"), pattern(120, 9));
    return 4096u;
  };
  const Found all = found();
  EXPECT_EQ(all.files, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(all.links, (Links{{"d", "c"}}));
}

TEST_F(LinkedFiles, OneThatCouldNotBeReadIsNoFileToLinkTo) {
  put("a", 500'000);
  link("b", "a");
  link("c", "a");
  request_.chunk_bytes = [this, done = false](std::uint64_t segment) mutable {
    if (segment > 0 && !std::exchange(done, true)) fs::resize_file(at("a"), 10'000);
    return 4096u;
  };
  const Found all = found();
  EXPECT_EQ(all.files, (std::vector<std::string>{"a", "b"}));  // a is given up, and counted
  EXPECT_EQ(all.links, (Links{{"c", "b"}}));
}

TEST_F(LinkedFiles, ManyOfThem) {
  constexpr std::size_t many = 3000;
  fs::create_directories(at("a"));
  fs::create_directories(at("b"));
  for (std::size_t i = 0; i < many; ++i) {
    const std::string name = std::to_string(10'000 + i);
    write_text(at("a/" + name), name);
    link("b/" + name, "a/" + name);
  }
  const Found all = found();
  ASSERT_EQ(all.links.size(), many);
  for (const auto& [link, file] : all.links) EXPECT_EQ(link.substr(2), file.substr(2));
  std::size_t bytes = 0;
  for (const auto& segment : packed_.segments) bytes += segment.frames.size();
  EXPECT_LT(bytes, many * 2 * 8);
}

TEST_F(LinkedFiles, ExtrasOnlyWhereTheyAreAskedFor) {
  put("a", 100);
  const bool can = attribute("a", "user.note", "hello");
  EXPECT_EQ(extras_of("a"), wire::Extras());
  request_.walk.owner = true;
  EXPECT_EQ(extras_of("a").owner->uid, ::geteuid());
  EXPECT_EQ(extras_of("").owner->gid, ::getegid());
  if (!can) GTEST_SKIP() << "no attributes here";
  request_.walk.attributes = wire::KeptAttributes::common;
  const wire::Extras extras = extras_of("a");
  ASSERT_EQ(extras.attributes.size(), 1u);
  EXPECT_EQ(extras.attributes[0].name, "user.note");
  EXPECT_EQ(as_text(extras.attributes[0].value), "hello");
  EXPECT_TRUE(notes_.empty());
}

TEST_F(LinkedFiles, RightsOnlyWithAll) {
  put("a", 100);
  fs::create_symlink("a", at("link"));
  if (::lsetxattr(at("link").c_str(), "trusted.dcdn", "x", 1, 0) != 0 || !attribute("a", "trusted.dcdn", "y"))
    GTEST_SKIP() << "only root, where there are attributes";
  request_.walk.attributes = wire::KeptAttributes::common;
  EXPECT_TRUE(extras_of("a").attributes.empty());
  request_.walk.attributes = wire::KeptAttributes::all;
  EXPECT_EQ(extras_of("a").attributes.size(), 1u);
  EXPECT_EQ(extras_of("link").attributes.size(), 1u);
}

}  // namespace
}  // namespace dcdn::test
