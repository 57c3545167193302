// Where packs end: content-defined, so that what comes, goes or is edited changes the packs around it only.
#include <algorithm>
#include <filesystem>
#include <set>

#include "source/pack_draft.hpp"
#include "support/pack_fixture.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;

struct SmallFile {
  std::string path;
  std::uint64_t bytes = 0;
};
using SmallFiles = std::vector<SmallFile>;

// As a packer goes through them: the names of each pack's files, joined.
std::set<std::string> packs_of(const SmallFiles& files, std::uint32_t chunk_bytes) {
  std::set<std::string> packs;
  std::optional<source::PackBorder> border;
  std::string names;
  const auto close = [&] {
    if (border) packs.insert(std::exchange(names, ""));
    border.reset();
  };
  for (const SmallFile& file : files) {
    if (border && border->is_before(file.path.size(), file.bytes)) close();
    if (!border) border.emplace(chunk_bytes);
    names += file.path + ":" + std::to_string(file.bytes) + "\n";
    if (border->add_file(file.path, file.bytes)) close();
  }
  close();
  return packs;
}

constexpr std::size_t kFiles = 15'000;

struct Kind {
  const char* what;
  std::uint64_t least_bytes;
  std::uint64_t most_bytes;
  std::size_t name_bytes;
  std::uint32_t chunk_bytes = 1u << 18;
};
constexpr Kind kKinds[] = {{"a few bytes", 1, 40, 20},
                           {"a line", 50, 200, 60},
                           {"source text", 500, 8000, 30},
                           {"letters", 2000, 60'000, 40},
                           {"as large as goes in", 1u << 17, 1u << 18, 30},
                           {"long names", 1, 2000, 240},
                           {"small chunks", 10, 3000, 30, 4096},
                           {"large chunks", 10, 3000, 30, 1u << 22}};

SmallFiles files_of(const Kind& kind, std::uint64_t seed) {
  SmallFiles files;
  const Bytes noise = pattern(4 * kFiles, seed);
  for (std::size_t i = 0; i < kFiles; ++i) {
    std::uint64_t drawn = 0;
    for (std::size_t byte = 0; byte < 4; ++byte) drawn = drawn << 8 | noise[4 * i + byte];
    std::string path = std::to_string(1'000'000 + 10 * i);
    path.resize(kind.name_bytes, 'n');
    files.push_back({path, kind.least_bytes + drawn % (kind.most_bytes - kind.least_bytes + 1)});
  }
  return files;
}

std::size_t not_in(const std::set<std::string>& these, const std::set<std::string>& those) {
  return static_cast<std::size_t>(
      std::ranges::count_if(these, [&](const std::string& one) { return !those.contains(one); }));
}

// Of the packs with one file more, less, or edited, at most a few are new: on the average fewer than three,
// and never a share that grows with the tree.
TEST(PackBorder, SurvivesWhatComesAndGoes) {
  constexpr std::size_t kPlaces = 16;
  for (const Kind& kind : kKinds) {
    for (const char* change : {"added", "removed", "edited", "longer"}) {
      std::size_t sum = 0;
      std::size_t most = 0;
      const SmallFiles files = files_of(kind, 7);
      const auto before = packs_of(files, kind.chunk_bytes);
      for (std::size_t i = 0; i < kPlaces; ++i) {
        SmallFiles after = files;
        const auto place = after.begin() + static_cast<std::ptrdiff_t>(i * files.size() / kPlaces);
        if (*change == 'a') {
          SmallFile more = *place;
          more.path[6] = '5';  // after that file, before the next one
          after.insert(place + 1, more);
        } else if (*change == 'r') {
          after.erase(place);
        } else {
          place->bytes = *change == 'e' ? place->bytes - 1 + (place->bytes == 1 ? 1 : 0) : kind.most_bytes;
        }
        const std::size_t changed = not_in(packs_of(after, kind.chunk_bytes), before);
        sum += changed;
        most = std::max(most, changed);
      }
      EXPECT_LE(sum, 3 * kPlaces) << kind.what << ", one " << change;
      EXPECT_LE(most, 8u) << kind.what << ", one " << change;
    }
  }
}

// So that what is saved by packing is saved: packs are not much smaller than they are meant to be.
TEST(PackBorder, PacksAreNeitherTinyNorHuge) {
  for (const Kind& kind : kKinds) {
    const SmallFiles files = files_of(kind, 3);
    std::uint64_t bytes = 0;
    std::size_t names = 0;
    for (const SmallFile& file : files) bytes += file.bytes;
    for (const SmallFile& file : files) names += file.path.size();
    const std::uint64_t meant = std::min<std::uint64_t>(4 * std::uint64_t{kind.chunk_bytes}, 1u << 20);
    // As many as the largest share of a pack that one of these takes.
    const std::uint64_t least = std::max(
        {bytes / (2 * meant), std::uint64_t{files.size() / 2048}, std::uint64_t{names / (192u << 10)}});
    const auto packs = packs_of(files, kind.chunk_bytes);
    EXPECT_GT(packs.size(), least) << kind.what;
    EXPECT_LE(packs.size(), 6 * least + 6) << kind.what;
  }
}

TEST(PackBorder, LimitsHoldWhateverComes) {
  const auto most_of = [](std::uint64_t bytes, std::size_t name_bytes, bool is_file) {
    source::PackBorder border(1u << 22);
    for (int i = 1;; ++i) {
      std::string path = std::to_string(i);
      path.resize(name_bytes, 'x');
      if (border.is_before(name_bytes, bytes)) return i - 1;
      const bool ends = is_file ? border.add_file(path, bytes) : border.add_entry(name_bytes);
      if (ends && (!is_file || i >= 2048)) return i;
    }
  };
  EXPECT_LE(most_of(1, 8, true), 2048);
  EXPECT_EQ(most_of(0, 8, false), 2048) << "folders and links";
  EXPECT_LE(most_of(0, 4096, false), 49) << "their names";
  EXPECT_LE(most_of(1, 4096, true), 49);
  EXPECT_LE(most_of(1u << 20, 8, true), 2);
}

// ---- the same with files, packed

class PackedTree : public ::testing::Test {
 protected:
  void SetUp() override {
    // From the same set of small text files, each time in the same order.
    for (int folder = 0; folder < 30; ++folder) fs::create_directories(path(folder, 0).parent_path());
    for (int i = 0; i < 3000; ++i) write(path(i / 100, i % 100), i);
    settle_times();
  }
  [[nodiscard]] fs::path path(int folder, int file) const {
    return top() + "/folder-" + std::to_string(100 + folder) + "/file-" + std::to_string(1000 + file);
  }
  [[nodiscard]] std::string top() const { return dir_.path() + "/t"; }
  static void write(const fs::path& path, int seed) {
    write_bytes(path,
                pattern(200 + static_cast<std::size_t>(seed * 37 % 3000), static_cast<std::uint64_t>(seed)));
  }
  void settle_times() const {
    const timespec times[2] = {{5, 0}, {5, 0}};
    for (const auto& entry : fs::recursive_directory_iterator(top()))
      ASSERT_EQ(::utimensat(AT_FDCWD, entry.path().c_str(), times, 0), 0);
    ASSERT_EQ(::utimensat(AT_FDCWD, top().c_str(), times, 0), 0);
  }
  [[nodiscard]] Packed packed() const {
    auto request = file_request(top(), 1u << 18);
    request.object.kind = wire::ObjectKind::tree;
    Packed packed = pack(request);
    EXPECT_TRUE(packed.result.has_value());
    return packed;
  }
  [[nodiscard]] static std::set<Digest> chunks_of(const Packed& packed) {
    std::set<Digest> digests;
    for (const auto& segment : packed.segments)
      for (const auto& chunk : segment.chunks) digests.insert(chunk.record.content);
    return digests;
  }
  // What a receiver that has the chunks of `before` would be sent.
  void expect_few_new(const std::set<Digest>& before) {
    const auto after = chunks_of(packed());
    const auto fresh = std::ranges::count_if(after, [&](const Digest& one) { return !before.contains(one); });
    EXPECT_GE(fresh, 1);
    EXPECT_LE(fresh, 3);
  }

  TempDir dir_;
};

TEST_F(PackedTree, OfThreeThousandFilesOneThatComesGoesOrIsEditedChangesAFewPacks) {
  const auto before = chunks_of(packed());
  EXPECT_GE(before.size(), 4u);
  EXPECT_LE(before.size(), 30u);
  for (const int place : {0, 1234, 2999}) {
    const fs::path file = path(place / 100, place % 100);
    SCOPED_TRACE(file);
    write(file.string() + "-more", 5);
    expect_few_new(before);
    fs::remove(file.string() + "-more");
    fs::remove(file);
    expect_few_new(before);
    write(file, place + 3000);
    expect_few_new(before);
    write(file, place);
  }
  EXPECT_EQ(chunks_of(packed()), before);
}

TEST_F(PackedTree, EqualTreesGiveEqualBytes) {
  const Packed one = packed();
  const Packed other = packed();
  ASSERT_EQ(one.segments.size(), other.segments.size());
  for (std::size_t i = 0; i < one.segments.size(); ++i)
    EXPECT_TRUE(std::ranges::equal(one.segments[i].frames.view(), other.segments[i].frames.view()));
  EXPECT_EQ(one.id(), other.id());
  expect_a_good_chain(one);
  const auto files = test::files_of(one);
  EXPECT_EQ(files.size(), 3000u);
  for (int i = 0; i < 3000; ++i) {
    const fs::path file = path(i / 100, i % 100);
    const auto content = read_file(file, 1u << 20);
    ASSERT_TRUE(content.has_value());
    ASSERT_EQ(files.at(fs::relative(file, top())), *content) << file;
  }
}

// Names, times and modes are no content: what moved in time is not sent again.
TEST_F(PackedTree, ATouchedTreeHasTheSameChunks) {
  const auto before = chunks_of(packed());
  for (int i = 0; i < 3000; i += 7) {
    const timespec times[2] = {{99, i}, {99, i}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path(i / 100, i % 100).c_str(), times, 0), 0);
  }
  EXPECT_EQ(chunks_of(packed()), before);
}

}  // namespace
}  // namespace dcdn::test
