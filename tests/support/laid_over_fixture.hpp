// laid_over_fixture.hpp - a tree of small files, a large one and a link, that comes again and again.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/part_object.hpp"
#include "support/receive_fixture.hpp"

namespace dcdn::test {

using store::BasisFiles;
using store::Collision;
using store::PartObject;

class LaidOverFixture : public ReceiveFixture {
 protected:
  LaidOverFixture() : chosen_(options(wire::ObjectKind::tree)) {
    chosen_.collision = Collision::overwrite;
    chosen_.index_path = temp_.path() + "/home/index";
    for (int i = 0; i < 12; ++i) small_["small/f" + std::to_string(10 + i)] = pattern(100 + i, i + 1);
    large_ = pattern(5 * 4096 + 17, 99);
  }

  [[nodiscard]] MadeObject tree() const { return tree(large_); }
  [[nodiscard]] MadeObject tree(const Bytes& large, std::uint16_t mode = 0644,
                                std::int64_t time = 1'234'567'890) const {
    ObjectMaker maker(wire::ObjectKind::tree);
    maker.directory("", 0755, 42'000'000'000).directory("a", 0750, 43'000'000'000);
    maker.file("a/empty", {}, 0600).file("a/large", large, mode, time).link("a/link", "large");
    std::vector<std::pair<std::string, Bytes>> pack;
    for (const auto& file : small_) {
      pack.push_back(file);
      if (pack.size() < 5) continue;
      maker.pack(pack);
      pack.clear();
    }
    maker.pack(pack);
    return maker.finish();
  }
  void expect_tree(const Bytes& large) const {
    EXPECT_EQ(content_of(at("name/a/large")), large);
    for (const auto& [path, content] : small_) {
      EXPECT_EQ(content_of(at("name/" + path)), content) << path;
      EXPECT_EQ(mtime_of(at("name/" + path)), 1'234'567'890) << path;
    }
    EXPECT_EQ(fs::read_symlink(at("name/a/link")), "large");
    EXPECT_EQ(mtime_of(at("name/a")), 43'000'000'000);
    EXPECT_EQ(mtime_of(at("name")), 42'000'000'000);
    EXPECT_EQ(mode_of(at("name/a")), 0750u);
  }
  [[nodiscard]] std::map<std::string, ino_t> inodes() const {
    std::map<std::string, ino_t> found;
    for (const auto& entry : fs::recursive_directory_iterator(at("name"))) {
      struct stat info {};
      if (::lstat(entry.path().c_str(), &info) == 0)
        found[entry.path().string().substr(at("name").size() + 1)] = info.st_ino;
    }
    return found;
  }
  [[nodiscard]] std::vector<std::string> changed_since(const std::map<std::string, ino_t>& before) const {
    std::vector<std::string> changed;
    for (const auto& [path, inode] : inodes())
      if (!before.contains(path) || before.at(path) != inode) changed.push_back(path);
    return changed;
  }
  // Older files are only looked into where the index has nothing to say.
  std::size_t receive_again(const MadeObject& object, bool with_older = true) {
    auto part = open(chosen_);
    if (!part) return 0;
    if (with_older) {
      const UniqueFd parent(::open(out().c_str(), O_RDONLY | O_DIRECTORY));
      const auto older = std::make_shared<BasisFiles>(wire::ObjectKind::tree);
      older->add(parent.get(), "name");
      part->set_basis(older);
    }
    const std::size_t asked = feed(*part, object);
    finalized(*part);
    return asked;
  }
  // So that nothing counts as changed a moment ago.
  static void let_the_clock_tick() { ::usleep(80'000); }
  void settle_index() {
    let_the_clock_tick();
    receive_again(tree());
  }
  // Same length, and the time put back.
  void edit(const std::string& path, std::size_t byte = 3) const {
    const std::int64_t time = mtime_of(at(path));
    Bytes content = content_of(at(path));
    content[byte] ^= 0xFF;
    const int fd = ::open(at(path).c_str(), O_WRONLY);
    ASSERT_EQ(::pwrite(fd, content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
    const timespec times[2] = {{0, UTIME_OMIT}, {time / 1'000'000'000, time % 1'000'000'000}};
    ASSERT_EQ(::futimens(fd, times), 0);
    ::close(fd);
  }

  static Bytes as_bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

  PartObject::Options chosen_;
  std::map<std::string, Bytes> small_;
  Bytes large_;
};

}  // namespace dcdn::test
