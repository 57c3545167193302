// receive_fixture.hpp - a folder to receive into, and a receiver that is fed by hand.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "store/part_object.hpp"
#include "store/receive_dir.hpp"
#include "support/object_maker.hpp"
#include "support/temp_dir.hpp"

namespace dcdn::test {

namespace fs = std::filesystem;

class ReceiveFixture : public ::testing::Test {
 protected:
  using Part = std::unique_ptr<store::PartObject>;

  store::PartObject::Options options(wire::ObjectKind kind = wire::ObjectKind::file,
                                     const std::string& name = "name") {
    store::PartObject::Options made;
    made.sender.bytes[0] = 7;
    made.name = name;
    made.kind = kind;
    made.fsync = false;
    return made;
  }
  Result<Part> try_open(const store::PartObject::Options& chosen) {
    if (!dir_) {
      auto dir = store::ReceiveDir::open(out());
      if (!dir) return dir.error();
      dir_ = *dir;
    }
    return store::PartObject::open(dir_, chosen);
  }
  Part open(const store::PartObject::Options& chosen) {
    auto part = try_open(chosen);
    EXPECT_TRUE(part) << (part ? "" : part.error().message);
    return part ? *std::move(part) : nullptr;
  }
  /// Adds segments, writes what is needed and `take` lets through (index of the chunk record in the whole
  /// object); returns how many chunks were asked for.
  static std::size_t feed(
      store::PartObject& part, const MadeObject& object,
      const std::function<bool(std::size_t)>& take = [](std::size_t) { return true; }) {
    std::size_t chunk = 0;
    std::size_t needed = 0;
    for (const MadeSegment& made : object.segments) {
      auto need = part.add_segment(made.segment, made.id, made.frames);
      if (!need) {
        ADD_FAILURE() << need.error().message;
        return needed;
      }
      for (const bool is_needed : need->needed) {
        const Digest& digest = object.order[chunk];
        needed += is_needed ? 1 : 0;
        if (is_needed && take(chunk)) {
          EXPECT_TRUE(part.wanted(digest));
          auto written = part.write_chunk(digest, object.chunks.at(digest));
          EXPECT_TRUE(written) << (written ? "" : written.error().message);
        }
        ++chunk;
      }
    }
    return needed;
  }
  static std::string finalized(store::PartObject& part) {
    EXPECT_TRUE(part.complete());
    auto path = part.finalize();
    EXPECT_TRUE(path) << (path ? "" : path.error().message);
    return path ? *path : "";
  }
  /// Opens, feeds everything, finalizes.
  std::string receive(const MadeObject& object, const store::PartObject::Options& chosen) {
    auto part = open(chosen);
    if (!part) return "";
    feed(*part, object);
    return finalized(*part);
  }
  static Bytes content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    const std::string text = all.str();
    return Bytes(text.begin(), text.end());
  }
  static void put(const std::string& path, const std::string& content) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }
  static unsigned mode_of(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777u : 0u;
  }
  static std::int64_t mtime_of(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return -1;
    return info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  }
  /// A process that feeds what `take` lets through and dies without a word.
  void die_after_feeding(const MadeObject& object, const store::PartObject::Options& chosen,
                         const std::function<bool(std::size_t)>& take, bool checkpoint = false) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto part = open(chosen);
      if (!part) ::_exit(2);
      feed(*part, object, take);
      if (checkpoint && !part->checkpoint()) ::_exit(3);
      ::_exit(HasFailure() ? 1 : 0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
  /// Feeds the rest and checks the file; returns how many chunks were asked for.
  std::size_t complete(const MadeObject& object, const store::PartObject::Options& chosen,
                       const Bytes& content) {
    auto part = open(chosen);
    if (!part) return 0;
    const std::size_t asked = feed(*part, object);
    EXPECT_EQ(content_of(finalized(*part)), content);
    return asked;
  }
  static void set_size(const std::string& path, std::size_t size) { fs::resize_file(path, size); }
  void keep_copy(const store::PartObject::Options& chosen) {
    fs::remove_all(temp_.path() + "/copy");
    fs::copy(slot(chosen), temp_.path() + "/copy", fs::copy_options::recursive);
  }
  void put_back(const store::PartObject::Options& chosen) {
    fs::remove_all(slot(chosen));
    fs::remove(at("name"));
    fs::copy(temp_.path() + "/copy", slot(chosen), fs::copy_options::recursive);
  }
  std::string out() const { return temp_.path() + "/out"; }
  std::string at(const std::string& path) const { return out() + "/" + path; }
  std::string slot(const store::PartObject::Options& chosen) const {
    return out() + "/.dcdn-part/" + store::slot_name(chosen);
  }
  /// Names below OUT, staging left out, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(out()))
      if (entry.path().filename() != ".dcdn-part") found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  TempDir temp_;
  std::shared_ptr<store::ReceiveDir> dir_;
};

inline bool every_chunk(std::size_t) {
  return true;
}

}  // namespace dcdn::test
