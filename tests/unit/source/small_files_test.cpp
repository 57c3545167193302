// Small files on their way into packs: every kind of content, and whatever happens to them while they are
// read.
#include <fcntl.h>

#include <filesystem>

#include "source/chunk_sizer.hpp"
#include "support/pack_fixture.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;
using wire::LeftOutReason;

class SmallFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    request_ = file_request(top(), 1u << 18);
    request_.object.kind = wire::ObjectKind::tree;
    fs::create_directories(top());
    fs::permissions(dir_.path(), fs::perms(0755));
  }
  [[nodiscard]] std::string top() const { return dir_.path() + "/t"; }
  [[nodiscard]] std::string at(const std::string& path) const { return top() + "/" + path; }
  void put(const std::string& path, ByteView content) {
    fs::create_directories(fs::path(at(path)).parent_path());
    write_bytes(at(path), content);
    expected_[path] = Bytes(content.begin(), content.end());
  }
  /// Same length, another time, whatever the clock of the file system.
  static void rewrite(const std::string& path, const Bytes& content) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY));
    ASSERT_TRUE(write_all_at(fd.get(), content, 0, path).has_value());
    touch(path);
  }
  static void touch(const std::string& path) {
    const timespec times[2] = {{77, 0}, {77, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  /// Between opening the first file that is not empty and reading it.
  void when_first_is_open(const std::function<void()>& happens) {
    const std::uint32_t size = request_.chunk_bytes(0);
    request_.chunk_bytes = [happens, size, done = false](std::uint64_t) mutable {
      if (!std::exchange(done, true)) happens();
      return size;
    };
  }
  /// `when_asked` is called with how often it was, whenever the packer asks whether to stop.
  [[nodiscard]] Packed packed(const std::function<void(int)>& when_asked = [](int) {}) const {
    work::WorkerPool workers(2);
    BufferPool pool(1u << 20);
    Packed packed;
    const std::function<bool()> stopped = [&, asked = 0]() mutable {
      when_asked(++asked);
      return false;
    };
    packed.result = source::pack_object(request_, workers, pool, stopped, [&](source::PackedSegment segment) {
      packed.segments.push_back(std::move(segment));
      return true;
    });
    EXPECT_TRUE(packed.result.has_value()) << packed.result.error().message;
    return packed;
  }
  void expect_all(const Packed& packed) const {
    expect_a_good_chain(packed);
    const auto files = files_of(packed);
    EXPECT_EQ(files.size(), expected_.size());
    for (const auto& [path, content] : expected_) {
      ASSERT_TRUE(files.contains(path)) << path;
      EXPECT_EQ(files.at(path), content) << path;
    }
  }
  static std::size_t chunks_of(const Packed& packed) {
    std::size_t count = 0;
    for (const auto& segment : packed.segments) count += segment.chunks.size();
    return count;
  }
  static std::vector<wire::LeftOut> left_out_of(const Packed& packed) {
    std::vector<wire::LeftOut> left;
    for (const wire::Record& record : packed.records())
      if (const auto* one = std::get_if<wire::LeftOut>(&record)) left.push_back(*one);
    return left;
  }
  /// All but `path`, which is left out inside the pack: it does not end there.
  void expect_only_left_out(const Packed& packed, const std::string& path, LeftOutReason reason,
                            std::size_t chunks = 1) {
    expected_.erase(path);
    expect_all(packed);
    EXPECT_EQ(left_out_of(packed), (std::vector<wire::LeftOut>{{reason, path}}));
    EXPECT_EQ(chunks_of(packed), chunks);
  }
  void put_some() {
    for (const std::string path : {"a", "b/c", "b/d", "m", "z"}) put(path, pattern(3000, path.size()));
  }

  TempDir dir_;
  source::PackRequest request_;
  std::map<std::string, Bytes> expected_;
};

TEST_F(SmallFilesTest, EveryContentComesBackWithChunksOfEverySize) {
  put("a", pattern(1, 1));
  put("b", {});
  put("c", Bytes(1));
  put("d", Bytes(5000));
  put("e", pattern(4096, 2));
  put("f", pattern(4097, 3));
  put("folder/empty", {});
  put("folder/file", pattern(10, 4));
  put("g", pattern(65'536, 5));
  put("h", pattern(65'537, 6));
  Bytes holed = pattern(60'000, 7);
  std::fill_n(holed.begin() + 4096, 50'000, std::uint8_t{0});
  put("holed", holed);
  put("i", pattern(1u << 20, 8));
  put("j", pattern((1u << 20) + 1, 9));
  put("k", pattern(700, 10));
  for (int i = 0; i < 300; ++i)
    put("many/" + std::to_string(i), pattern(static_cast<std::size_t>(i % 7), 11));
  put("zero", Bytes(1u << 17));
  fs::create_directories(at("nothing/inside"));
  fs::create_symlink("a", at("link"));
  fs::resize_file(at("zero"), 0);  // one hole now
  fs::resize_file(at("zero"), 1u << 17);
  for (const std::uint32_t size : {4096u, 8192u, 65'536u, 1u << 18, 1u << 20, 1u << 22}) {
    SCOPED_TRACE(size);
    request_.chunk_bytes = [size](std::uint64_t) { return size; };
    for (const auto mode : {compress::CompressMode::none, compress::CompressMode::automatic}) {
      request_.compress.choice.mode = mode;
      const Packed one = packed();
      expect_all(one);
      EXPECT_EQ(one.id(), packed().id());
      for (const auto& segment : one.segments)
        for (const auto& chunk : segment.chunks) EXPECT_LE(chunk.record.content_size, wire::kMaxChunkContent);
    }
  }
}

TEST_F(SmallFilesTest, ATreeOfNothingButZerosAndEmptyFiles) {
  for (int i = 0; i < 50; ++i) put(std::to_string(i), Bytes(static_cast<std::size_t>(i % 5 * 1000)));
  const Packed all = packed();
  expect_all(all);
  EXPECT_EQ(chunks_of(all), 1u);
}

TEST_F(SmallFilesTest, AFileOfExactlyAChunkIsPackedAndALongerOneIsNot) {
  request_.chunk_bytes = [](std::uint64_t) { return 8192u; };
  for (const std::size_t size : {8192u, 8193u}) {
    for (int i = 0; i < 8; ++i) put(std::to_string(i), pattern(size, static_cast<std::uint64_t>(i)));
    const Packed all = packed();
    expect_all(all);
    if (size == 8192) {
      EXPECT_LT(chunks_of(all), 8u);
    } else {
      EXPECT_EQ(chunks_of(all), 16u);
    }
  }
}

TEST_F(SmallFilesTest, OnlyItselfIsLeftOutOfAPackWhenItMayNotBeRead) {
  put_some();
  fs::permissions(at("b/d"), fs::perms::none);
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const Packed all = packed();
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  expect_only_left_out(all, "b/d", LeftOutReason::permission);
}

TEST_F(SmallFilesTest, OnlyItselfIsLeftOutOfAPackWhenItVanishes) {
  put_some();
  when_first_is_open([&] { fs::remove(at("m")); });
  expect_only_left_out(packed(), "m", LeftOutReason::changed);
}

TEST_F(SmallFilesTest, OnlyItselfIsLeftOutOfAPackWhenItBecomesShorter) {
  put_some();
  when_first_is_open([&] { fs::resize_file(at("a"), 100); });
  expect_only_left_out(packed(), "a", LeftOutReason::changed);
}

// Read once, found touched, read again, and it is not the same.
TEST_F(SmallFilesTest, OnlyItselfIsLeftOutOfAPackWhenItChangesWhileItIsRead) {
  put_some();
  when_first_is_open([&] { touch(at("a")); });
  const Packed all = packed([&](int asked) {
    if (asked == 1) rewrite(at("a"), pattern(3000, 99));
  });
  expect_only_left_out(all, "a", LeftOutReason::changed);
}

TEST_F(SmallFilesTest, WhatWasOnlyTouchedOrGrewIsSent) {
  put_some();
  when_first_is_open([&] {
    std::ofstream(at("a"), std::ios::app) << "one more line";
    touch(at("a"));
  });
  expect_all(packed());
}

TEST_F(SmallFilesTest, WithStrictWhatChangesEndsIt) {
  put_some();
  request_.walk.strict = true;
  when_first_is_open([&] { fs::resize_file(at("a"), 100); });
  const Packed none = pack(request_);
  ASSERT_FALSE(none.result.has_value());
  EXPECT_EQ(none.result.error().code, Errc::changed);
}

// Its only chunk tells all of a file: that it is given up has to be told behind it.
TEST_F(SmallFilesTest, AFileOfOneChunkThatChangesAfterItsLastByteIsLeftOut) {
  request_.chunk_bytes = [](std::uint64_t) { return 1u << 22; };
  for (const bool cut : {false, true}) {
    put_some();
    put("large", pattern(3'000'000, 8));
    const Packed all = packed([&](int asked) {
      if (asked == 1) touch(at("large"));
      if (asked != 2) return;  // all of it is read
      if (cut) {
        fs::resize_file(at("large"), 2'999'999);
      } else {
        rewrite(at("large"), pattern(3'000'000, 9));
      }
    });
    expect_only_left_out(all, "large", LeftOutReason::changed, 3);
  }
}

TEST_F(SmallFilesTest, WhatTheKernelMakesUpAmongThem) {
  put_some();
  request_.walk.symlinks = source::Symlinks::follow;
  int index = 0;
  for (const std::string path :
       {"/proc/version", "/proc/filesystems", "/proc/sys/kernel/ostype", "/sys/kernel/uevent_helper",
        "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state"}) {
    const auto content = read_file(path, 1u << 20);
    if (!content) continue;
    const std::string name = "made-up-" + std::to_string(++index);
    fs::create_symlink(path, at(name));
    expected_[name] = *content;
  }
  EXPECT_GT(index, 2);
  expect_all(packed());
}

// ---- chunk sizes that change while it is packed

class PlannedTest : public SmallFilesTest {
 protected:
  void SetUp() override {
    SmallFilesTest::SetUp();
    for (int i = 0; i < 600; ++i) {
      const std::size_t size = i % 30 == 10 ? 1'000'000 : static_cast<std::size_t>(i * 131 % 20'000);
      put("f" + std::to_string(1000 + i), pattern(size, static_cast<std::uint64_t>(i) + 1));
    }
  }
  /// As a receiver tells it of its first segments.
  static std::vector<message::ChunkPlanStep> plan_of(const Packed& packed, std::size_t segments) {
    std::vector<message::ChunkPlanStep> steps;
    for (std::size_t i = 0; i < segments; ++i) {
      const Buffer frames = packed.segments[i].frames;
      const auto parsed =
          wire::parse_segment(frames.view().subspan(wire::kHeaderBytes, Packed::body_bytes(frames.view())));
      EXPECT_TRUE(parsed.has_value());
      if (parsed) steps.push_back({i, parsed->chunk_bytes});
    }
    return steps;
  }
};

TEST_F(PlannedTest, TheSamePlanGivesTheSameChunks) {
  for (std::uint32_t seed = 1; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    std::uint32_t state = seed;
    request_.chunk_bytes = [&state](std::uint64_t) {
      state = state * 1103515245 + 12345;
      return 4096u << (state >> 16) % 8;
    };
    const Packed first = packed();
    expect_all(first);
    ASSERT_GT(first.segments.size(), 3u);
    for (const std::size_t known : {first.segments.size(), first.segments.size() / 2}) {
      const source::ChunkSizer sizer(pace::ChunkSizePolicy(0), plan_of(first, known), wire::kMaxChunkContent);
      request_.chunk_bytes = [&](std::uint64_t segment) { return sizer.chunk_bytes(segment); };
      const Packed again = packed();
      ASSERT_GE(again.segments.size(), known);
      for (std::size_t i = 0; i < known; ++i)
        EXPECT_EQ(again.segments[i].id, first.segments[i].id) << i << " of " << known;
    }
  }
}

}  // namespace
}  // namespace dcdn::test
