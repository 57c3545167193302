// A tree that is sent again: what looks as it did is not read, and what comes of it is the same, byte for
// byte, as if all of it had been.
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <random>
#include <set>

#include "source/chunk_remaker.hpp"
#include "support/pack_fixture.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kChunk = 1u << 16;

class UnreadFilesTest : public ::testing::Test {
 protected:
  UnreadFilesTest() {
    request_ = file_request(top(), kChunk);
    request_.object.kind = wire::ObjectKind::tree;
    request_.compress = *compress::parse_compress_request("2");
    request_.note = [this](const std::string& text) { notes_.push_back(text); };
    fs::create_directories(top());
  }
  [[nodiscard]] std::string top() const { return dir_.path() + "/t"; }
  [[nodiscard]] std::string index() const { return dir_.path() + "/index/one.idx"; }
  [[nodiscard]] std::string at(const std::string& path) const { return top() + "/" + path; }
  void put(const std::string& path, std::size_t size, unsigned seed = 1) {
    fs::create_directories(fs::path(at(path)).parent_path());
    // Half of it is noise, so that there are chunks of every codec.
    std::minstd_rand random(seed + 17 * static_cast<unsigned>(path.size()));
    Bytes content(size);
    for (std::size_t i = 0; i < size; ++i)
      content[i] = static_cast<std::uint8_t>(i / 20000 % 2 == 0 ? random() >> 7 : "words "[i % 6]);
    write_bytes(at(path), content);
  }
  /// As it is sent the first time, and its index. It counts as long ago.
  Packed first() {
    auto writer = source::IndexWriter::start(dir_.path() + "/index", index());
    EXPECT_TRUE(writer.has_value());
    source::PackRequest request = request_;
    request.index = std::make_shared<source::IndexWriter>(*std::move(writer));
    Packed packed = pack(request);
    EXPECT_TRUE(packed.result.has_value()) << packed.result.error().message;
    EXPECT_EQ(request.index->last(), packed.id());
    const auto finished = request.index->finish();
    EXPECT_TRUE(finished.has_value()) << finished.error().message;
    rewrite_looks([](wire::FileLook& look) { look.racy = false; });
    return packed;
  }
  void rewrite_looks(const std::function<void(wire::FileLook&)>& change) const {
    const auto bytes = read_file(index(), std::size_t{1} << 26);
    BufferPool pool(0);
    wire::FrameReader reader(wire::OnDamage::strict, pool);
    reader.push(*bytes);
    Bytes out;
    for (auto step = reader.next(); step && std::holds_alternative<wire::Frame>(*step);
         step = reader.next()) {
      const auto& frame = std::get<wire::Frame>(*step);
      if (frame.type != wire::FrameType::stat) {
        wire::append_frame(out, frame.type, frame.body.view());
        continue;
      }
      auto looks = *wire::parse_looks(frame.body.view());
      for (wire::FileLook& look : looks.files) change(look);
      wire::append_frame(out, frame.type, wire::encode(looks));
    }
    write_bytes(index(), out);
  }
  Packed again() const {
    source::PackRequest request = request_;
    request.known = source::SourceIndex::open(index());
    EXPECT_NE(request.known, nullptr);
    return pack(request);
  }
  static std::size_t chunks_of(const Packed& packed, bool with_bytes) {
    std::size_t count = 0;
    for (const auto& segment : packed.segments)
      for (const auto& chunk : segment.chunks) count += chunk.carried.empty() != with_bytes ? 1 : 0;
    return count;
  }
  static std::size_t all_chunks(const Packed& packed) {
    return chunks_of(packed, true) + chunks_of(packed, false);
  }
  /// The same segments, and the same bytes of chunks, some of which are only made now.
  void expect_the_same(const Packed& now, const Packed& plain) const {
    ASSERT_TRUE(now.result.has_value()) << now.result.error().message;
    ASSERT_TRUE(plain.result.has_value()) << plain.result.error().message;
    ASSERT_EQ(now.segments.size(), plain.segments.size());
    source::ChunkRemaker remaker(
        {request_.path, request_.object.kind, request_.walk.symlinks, request_.compress});
    work::WorkerPool workers(1);
    BufferPool pool(0);
    for (std::size_t i = 0; i < now.segments.size(); ++i) {
      ASSERT_EQ(now.segments[i].id, plain.segments[i].id) << i;
      const std::vector<bool> all(now.segments[i].chunks.size(), true);
      const auto made = remaker.remake(now.segments[i], all, workers, pool, [] { return false; });
      ASSERT_TRUE(made.has_value()) << made.error().message;
      for (std::size_t chunk = 0; chunk < all.size(); ++chunk) {
        EXPECT_EQ((*made)->chunks[chunk].record, plain.segments[i].chunks[chunk].record);
        const ByteView one = (*made)->chunks[chunk].carried.view();
        const ByteView other = plain.segments[i].chunks[chunk].carried.view();
        EXPECT_TRUE(std::equal(one.begin(), one.end(), other.begin(), other.end())) << i << " " << chunk;
      }
    }
  }
  void small_tree() {
    for (int i = 0; i < 60; ++i)
      put("d" + std::to_string(i / 10) + "/f" + std::to_string(i), 4000 + 700u * (i % 9));
    put("empty", 0);
    put("large", 30 * kChunk + 5);
    fs::create_symlink("large", at("link"));
  }

  TempDir dir_;
  source::PackRequest request_;
  std::vector<std::string> notes_;
};

TEST_F(UnreadFilesTest, NothingOfAnUnchangedTreeIsRead) {
  small_tree();
  const Packed before = first();
  const Packed now = again();
  EXPECT_EQ(chunks_of(now, true), 0u);
  expect_the_same(now, before);
}

TEST_F(UnreadFilesTest, OneFile) {
  put("file", 20 * kChunk + 9);
  request_.object.kind = wire::ObjectKind::file;
  request_.path = at("file");
  const Packed before = first();
  const Packed now = again();
  EXPECT_EQ(chunks_of(now, true), 0u);
  expect_the_same(now, before);
}

TEST_F(UnreadFilesTest, OfAChangedFileItsPackIsReadAndWhatIsMadeAfterIt) {
  for (int i = 0; i < 400; ++i) put("f" + std::to_string(1000 + i), 9000, static_cast<unsigned>(i));
  first();
  put("f1200", 9000, 4711);
  const Packed now = again();
  expect_the_same(now, pack(request_));
  EXPECT_GE(chunks_of(now, true), 1u);
  EXPECT_LT(chunks_of(now, true) * 2, all_chunks(now));
}

TEST_F(UnreadFilesTest, WhatWasWrittenJustBeforeItWasReadIsReadAgain) {
  put("file", 5000);
  first();
  rewrite_looks([](wire::FileLook& look) { look.racy = true; });
  EXPECT_EQ(chunks_of(again(), true), 1u);
  // Fresh as it is, the packer notes it so.
  auto writer = source::IndexWriter::start(dir_.path() + "/index", index());
  source::PackRequest request = request_;
  request.index = std::make_shared<source::IndexWriter>(*std::move(writer));
  ASSERT_TRUE(pack(request).result.has_value());
  ASSERT_TRUE(request.index->finish().has_value());
  auto fresh = source::SourceIndex::open(index());
  ASSERT_NE(fresh->find("file"), nullptr);
  EXPECT_TRUE(source::SourceIndex::open(index())->find("file")->look.racy);
}

TEST_F(UnreadFilesTest, TimesOfTheFutureAreNotBelieved) {
  struct stat info {};
  info.st_mtim.tv_sec = 1000;
  info.st_ctim.tv_sec = 1000;
  EXPECT_TRUE(source::look_of(info, 1000).racy);
  EXPECT_TRUE(source::look_of(info, 1002).racy);
  EXPECT_FALSE(source::look_of(info, 1003).racy);
  EXPECT_TRUE(source::look_of(info, 900).racy) << "a clock that was set back";
  info.st_mtim.tv_sec = 2000;
  EXPECT_TRUE(source::look_of(info, 1500).racy);
}

TEST_F(UnreadFilesTest, EachOfTheLooksCounts) {
  source::KnownFile known{{}, {7, 8, 9, false}};
  known.begin.mtime_ns = 5;
  known.begin.size = 100;
  wire::EntryBegin now = known.begin;
  now.mode = 0600;
  EXPECT_TRUE(source::is_unchanged(known, now, known.look, {}));
  now.size = 101;
  EXPECT_FALSE(source::is_unchanged(known, now, known.look, {}));
  now = known.begin;
  now.mtime_ns = 6;
  EXPECT_FALSE(source::is_unchanged(known, now, known.look, {}));
  EXPECT_FALSE(source::is_unchanged(known, known.begin, {70, 8, 9, false}, {}));
  EXPECT_TRUE(source::is_unchanged(known, known.begin, {70, 8, 9, false}, {false, true}));
  EXPECT_FALSE(source::is_unchanged(known, known.begin, {7, 8, 90, false}, {}));
  EXPECT_FALSE(source::is_unchanged(known, known.begin, {7, 80, 9, false}, {}));
  EXPECT_TRUE(source::is_unchanged(known, known.begin, {7, 80, 90, false}, {true, false}));
  source::KnownFile racy = known;
  racy.look.racy = true;
  EXPECT_FALSE(source::is_unchanged(racy, known.begin, known.look, {}));
}

TEST_F(UnreadFilesTest, AnyEditGivesWhatReadingAllOfItGives) {
  for (const char* compress : {"2", "none", "2,alone", "3"}) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
      SCOPED_TRACE(std::string(compress) + " " + std::to_string(seed));
      fs::remove_all(top());
      request_.compress = *compress::parse_compress_request(compress);
      small_tree();
      put("sparse", 10);
      fs::resize_file(at("sparse"), 40 * kChunk);
      put("zz/tail", 3 * kChunk, seed);
      first();
      std::minstd_rand random(seed);
      for (unsigned edits = 0; edits <= seed % 4; ++edits) {
        const std::string file = "d" + std::to_string(random() % 6) + "/f" + std::to_string(random() % 60);
        const unsigned what = random() % 8;
        if (what == 0) put(file, 5000, seed);
        if (what == 1) put(file, kChunk * 3, seed);
        if (what == 2) fs::remove(at(file));
        if (what == 3) fs::remove_all(at("d" + std::to_string(random() % 6)));
        if (what == 4) fs::rename(at("large"), at("d0/was_large"));
        if (what == 4) put("large", 100, seed);
        if (what == 5) put("large", 25 * kChunk, seed);
        if (what == 6) fs::resize_file(at("sparse"), 39 * kChunk);
        if (what == 7 && fs::exists(at(file))) {
          ASSERT_EQ(::chmod(at(file).c_str(), 0600), 0);
        }
      }
      expect_the_same(again(), pack(request_));
    }
  }
}

TEST_F(UnreadFilesTest, AnotherChunkSizeIsReadFromThereOn) {
  small_tree();
  put("zz", 200 * kChunk);
  first();
  const auto other = [](std::uint64_t segment) { return segment < 2 ? kChunk : kChunk / 2; };
  request_.chunk_bytes = other;
  expect_the_same(again(), pack(request_));
  request_.chunk_bytes = [](std::uint64_t) { return kChunk * 2; };
  expect_the_same(again(), pack(request_));
}

TEST_F(UnreadFilesTest, AnotherRungIsReadAll) {
  small_tree();
  first();
  request_.compress = *compress::parse_compress_request("3");
  const Packed now = again();
  expect_the_same(now, pack(request_));
  EXPECT_EQ(chunks_of(now, false), 0u);
}

TEST_F(UnreadFilesTest, ATornIndexIsUsedAsFarAsItGoes) {
  small_tree();
  put("zz", 200 * kChunk);
  const Packed before = first();
  const auto whole = *read_file(index(), std::size_t{1} << 26);
  for (std::size_t part = 0; part <= 8; ++part) {
    write_bytes(index(), ByteView(whole).first(whole.size() * part / 8));
    expect_the_same(again(), before);
    Bytes flipped = whole;
    flipped[std::min(whole.size() - 1, whole.size() * part / 8)] ^= 4;
    write_bytes(index(), flipped);
    expect_the_same(again(), before);
  }
}

// As when a disk rots, or somebody sets back the clock of a file system that has no other time.
class UnseenChangeTest : public UnreadFilesTest {
 protected:
  /// The index says of the files that are there what it said of those that were.
  void take_looks_of_now() {
    std::map<std::uint64_t, wire::FileLook> now;
    std::map<std::uint64_t, std::uint64_t> renamed;
    for (const auto& entry : fs::recursive_directory_iterator(top())) {
      struct stat info {};
      ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
      now[info.st_ino] = source::look_of(info);
    }
    rewrite_looks([&](wire::FileLook& look) {
      const auto found = now.find(look.inode);
      if (found != now.end()) look = found->second;
    });
  }
  void change_unseen(const std::string& path) {
    struct stat info {};
    ASSERT_EQ(::stat(at(path).c_str(), &info), 0);
    {
      std::fstream file(at(path), std::ios::binary | std::ios::in | std::ios::out);
      file << "unseen";
    }
    const timespec times[2] = {info.st_atim, info.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, at(path).c_str(), times, 0), 0);
    take_looks_of_now();
  }
};

TEST_F(UnseenChangeTest, IsNotSentAndFoundByReadingAllOfIt) {
  small_tree();
  const Packed before = first();
  change_unseen("d3/f30");
  change_unseen("large");
  const Packed now = again();
  EXPECT_EQ(now.id(), before.id());
  EXPECT_TRUE(notes_.empty());
  request_.compare = true;
  const Packed compared = again();
  EXPECT_EQ(compared.id(), pack(request_).id());
  EXPECT_NE(compared.id(), before.id());
  EXPECT_EQ(chunks_of(compared, false), 0u);
  ASSERT_EQ(notes_.size(), 2u);
  EXPECT_NE(notes_[0].find("has other content now"), std::string::npos) << notes_[0];
  EXPECT_EQ(notes_[1].rfind("large:", 0), 0u) << notes_[1];
}

TEST_F(UnseenChangeTest, StopsWhatHasToBeMadeOfIt) {
  for (int i = 0; i < 10; ++i) put("f" + std::to_string(i), 5000);
  first();
  change_unseen("f3");
  put("f4", 5000, 99);  // of the same pack, so f3 is read, and has only to be what it is
  EXPECT_EQ(again().id(), pack(request_).id());
  put("f4", 5000, 1);
  fs::remove_all(top());
  put("a", 3 * kChunk);
  put("b", 3 * kChunk);
  first();
  change_unseen("a");
  put("b", 3 * kChunk, 99);  // compressed after a, which is not what it was
  const Packed now = again();
  ASSERT_FALSE(now.result.has_value());
  EXPECT_EQ(now.result.error().code, Errc::changed);
}

}  // namespace
}  // namespace dcdn::test
