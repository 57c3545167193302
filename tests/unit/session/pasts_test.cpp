// Chunks that are compressed after others: whatever the order in which they come, and whatever ends half-way.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "sink/directory_sink.hpp"
#include "sink/raw_sink.hpp"
#include "sink/small_object_sink.hpp"
#include "support/pack_fixture.hpp"
#include "support/receive_fixture.hpp"
#include "support/sink_fixture.hpp"

namespace dcdn::session {
namespace {

namespace fs = std::filesystem;
using sink::ObjectSink;
using test::Packed;

/// Text that shares much with other such text, and no piece of it with itself.
Bytes alike(std::size_t size, unsigned seed) {
  Bytes bytes;
  std::mt19937 random(seed);
  while (bytes.size() < size) {
    const std::string line = "line " + std::to_string(random() % 5000) + " of what they share\n";
    bytes.insert(bytes.end(), line.begin(), line.end());
  }
  bytes.resize(size);
  return bytes;
}

wire::Segment parsed(const source::PackedSegment& segment) {
  const ByteView frames = segment.frames.view();
  return *wire::parse_segment(frames.subspan(wire::kHeaderBytes, Packed::body_bytes(frames)));
}

std::size_t chunks_after(const Packed& packed) {
  std::size_t count = 0;
  for (const wire::Record& record : packed.records()) {
    const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    count += chunk != nullptr && chunk->past > 0;
  }
  return count;
}

class PastsTest : public test::ReceiveFixture {
 protected:
  PastsTest() {
    fs::create_directories(source("many"));
    for (unsigned i = 0; i < 150; ++i) put_source("many/" + std::to_string(i), alike(100 + i * 37, i));
    put_source("large", alike(300'000, 500));
    put_source("noise", test::pattern(20'000, 5));
    put_source("other", alike(90'000, 501));
  }
  [[nodiscard]] std::string source(const std::string& path) const { return temp_.path() + "/source/" + path; }
  void put_source(const std::string& path, ByteView content) const {
    test::write_bytes(source(path), content);
  }
  [[nodiscard]] Packed pack(const std::string& choice = "auto", std::uint32_t chunk_bytes = 4096) const {
    source::PackRequest request = test::file_request(temp_.path() + "/source", chunk_bytes);
    request.object = {wire::ObjectKind::tree, "name", true};
    request.compress = *compress::parse_compress_request(choice);
    Packed packed = test::pack(request);
    EXPECT_TRUE(packed.result);
    return packed;
  }
  std::unique_ptr<ObjectSink> open_sink(store::Collision collision = store::Collision::refuse) {
    auto chosen = options();
    chosen.kind = wire::ObjectKind::tree;
    chosen.collision = collision;
    if (!dir_) dir_ = *store::ReceiveDir::open(out());
    sink::OlderFiles older;
    older.use = collision == store::Collision::overwrite;
    auto sink = sink::make_directory_sink(dir_, chosen, "", older);
    EXPECT_TRUE(sink->open());
    return sink;
  }
  /// What a sink wants of these chunks, in its order.
  static std::vector<const source::SegmentChunk*> add_segments(ObjectSink& sink, const Packed& packed) {
    std::vector<const source::SegmentChunk*> wanted;
    for (const source::PackedSegment& segment : packed.segments) {
      const auto need = sink.add_segment(parsed(segment), segment.id, segment.frames.view());
      EXPECT_TRUE(need) << need.error().message;
      for (std::size_t i = 0; need && i < need->needed.size(); ++i)
        if (need->needed[i]) wanted.push_back(&segment.chunks[i]);
    }
    return wanted;
  }
  Result<sink::ChunkTaken> give(ObjectSink& sink, const source::SegmentChunk& chunk) {
    return sink.take_chunk(chunk.record.carried, chunk.carried, pool_);
  }
  void expect_delivered(ObjectSink& sink) {
    ASSERT_TRUE(sink.complete());
    const auto path = sink.finalize();
    ASSERT_TRUE(path) << path.error().message;
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(temp_.path() + "/source")) {
      if (!entry.is_regular_file()) continue;
      ++files;
      const std::string name = fs::relative(entry.path(), temp_.path() + "/source");
      EXPECT_EQ(content_of(at("name/" + name)), content_of(entry.path())) << name;
    }
    EXPECT_GT(files, 100u);
  }

  BufferPool pool_{1u << 20};
};

TEST_F(PastsTest, ComeInAnyOrder) {
  for (const std::string choice : {"auto", "1", "zstd:3", "4", "best", "best,alone"}) {
    const Packed packed = pack(choice);
    EXPECT_EQ(chunks_after(packed) > 50, choice != "1" && choice != "best,alone") << choice;
    for (unsigned seed = 0; seed < 4; ++seed) {
      const auto sink = open_sink();
      auto wanted = add_segments(*sink, packed);
      if (seed == 1) std::ranges::reverse(wanted);
      if (seed > 1) std::ranges::shuffle(wanted, std::mt19937(seed));
      for (const auto* chunk : wanted) {
        const auto taken = give(*sink, *chunk);
        ASSERT_TRUE(taken) << taken.error().message;
        EXPECT_TRUE(taken->wanted && !taken->damaged);
        ASSERT_TRUE(give(*sink, *chunk)) << "twice";
      }
      expect_delivered(*sink);
      fs::remove_all(at("name"));
    }
  }
}

// What waits for its past is only in memory: whoever comes after a kill asks for it again, and unpacks it
// after what is on disk.
TEST_F(PastsTest, AKillBetweenAnyTwoChunksLosesNothing) {
  const Packed packed = pack();
  const std::size_t chunks = [&] { return add_segments(*open_sink(), packed).size(); }();
  for (std::size_t kill = 0; kill < chunks; kill += 7) {
    auto sink = open_sink();
    auto wanted = add_segments(*sink, packed);
    std::ranges::shuffle(wanted, std::mt19937(static_cast<unsigned>(kill)));
    for (std::size_t i = 0; i < std::min<std::size_t>(kill, wanted.size()); ++i)
      ASSERT_TRUE(give(*sink, *wanted[i]));
    sink.reset();
    sink = open_sink();
    for (const auto* chunk : add_segments(*sink, packed)) ASSERT_TRUE(give(*sink, *chunk));
    expect_delivered(*sink);
    fs::remove_all(at("name"));
  }
}

// An edit changes how all that comes after it in its segment travels, and not what it is.
TEST_F(PastsTest, OfAnEditedTreeOnlyWhatWasEditedIsWanted) {
  {
    const Packed packed = pack();
    const auto sink = open_sink();
    for (const auto* chunk : add_segments(*sink, packed)) ASSERT_TRUE(give(*sink, *chunk));
    expect_delivered(*sink);
  }
  put_source("many/1", alike(500, 1000));
  const Packed packed = pack();
  const auto sink = open_sink(store::Collision::overwrite);
  const auto wanted = add_segments(*sink, packed);
  EXPECT_GE(wanted.size(), 1u);
  EXPECT_LE(wanted.size(), 2u);
  for (const auto* chunk : wanted) ASSERT_TRUE(give(*sink, *chunk));
  expect_delivered(*sink);
}

// The same, of a transfer that was cut short and begins anew with the edited tree.
TEST_F(PastsTest, WhatIsHereOfTheChainBeforeIsNotWantedAgain) {
  {
    const Packed packed = pack();
    const auto sink = open_sink();
    auto wanted = add_segments(*sink, packed);
    wanted.pop_back();
    for (const auto* chunk : wanted) ASSERT_TRUE(give(*sink, *chunk));
  }
  put_source("many/1", alike(500, 1000));
  const Packed packed = pack();
  const auto sink = open_sink();
  const auto wanted = add_segments(*sink, packed);
  EXPECT_LE(wanted.size(), 3u);
  for (const auto* chunk : wanted) ASSERT_TRUE(give(*sink, *chunk));
  expect_delivered(*sink);
}

// A file, which might have been a small object.
TEST_F(PastsTest, OfOneFileInAnyOrder) {
  const Packed packed = [&] {
    source::PackRequest request = test::file_request(source("large"), 4096);
    request.compress = *compress::parse_compress_request("auto");
    return test::pack(request);
  }();
  EXPECT_GT(chunks_after(packed), 30u);
  for (unsigned seed = 0; seed < 4; ++seed) {
    if (!dir_) dir_ = *store::ReceiveDir::open(out());
    auto usual = sink::make_directory_sink(dir_, options(), "", {});
    const auto sink = sink::make_small_object_sink(dir_, options(), "", std::move(usual));
    ASSERT_TRUE(sink->open());
    auto wanted = add_segments(*sink, packed);
    if (seed > 0) std::ranges::shuffle(wanted, std::mt19937(seed));
    for (const auto* chunk : wanted) ASSERT_TRUE(give(*sink, *chunk));
    ASSERT_TRUE(sink->complete());
    ASSERT_TRUE(sink->finalize());
    EXPECT_EQ(content_of(at("name")), content_of(source("large")));
    fs::remove_all(at("name"));
  }
}

TEST_F(PastsTest, OnStandardOutputInAnyOrder) {
  for (const std::string choice : {"auto", "best", "zstd:9"}) {
    source::PackRequest request = test::file_request(source("large"), 4096);
    request.object.repeats_omitted = false;
    request.compress = *compress::parse_compress_request(choice);
    const Packed packed = test::pack(request);
    EXPECT_GT(chunks_after(packed), 30u);
    for (unsigned seed = 0; seed < 4; ++seed) {
      const test::Output output;
      const auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
      auto wanted = add_segments(*sink, packed);
      if (seed > 0) std::ranges::shuffle(wanted, std::mt19937(seed));
      for (const auto* chunk : wanted) ASSERT_TRUE(give(*sink, *chunk));
      EXPECT_TRUE(sink->complete());
      EXPECT_EQ(output.bytes(), content_of(source("large")));
    }
  }
}

/// A hostile sender's: one chunk that never comes, and those that are compressed after it, each after another
/// of many.
struct Starved {
  std::vector<wire::Segment> segments;
  std::vector<Buffer> carried;

  explicit Starved(std::size_t count, std::size_t carried_bytes) {
    segments.emplace_back().object = wire::ObjectHeader{wire::ObjectKind::file, "name", false};
    wire::EntryBegin begin;
    segments[0].records.emplace_back(begin);
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 4000 == 0) start_segment(i);
      carried.push_back(Buffer::copy_of(test::pattern(carried_bytes, i)));
      wire::ChunkRecord chunk{wire::CodecId::zstd_after,
                              static_cast<std::uint32_t>(carried_bytes + 1),
                              static_cast<std::uint32_t>(carried_bytes),
                              Digest(),
                              digest::blake3(carried.back().view()),
                              1};
      chunk.content = chunk.carried;
      segments.back().records.emplace_back(chunk);
    }
  }

 private:
  void start_segment(std::size_t number) {
    if (number > 0) {
      const Bytes body = wire::encode_segment(segments.back());
      const Digest id = wire::segment_id(body);
      wire::Segment next;
      next.index = segments.back().index + 1;
      next.stream = segments.size() == 1 ? id : segments.back().stream;
      next.previous = id;
      next.inside_file = true;
      segments.push_back(std::move(next));
    }
    const Digest never = digest::blake3(as_bytes("never " + std::to_string(number)));
    segments.back().records.emplace_back(wire::ChunkRecord{wire::CodecId::raw, 1, 1, never, never, 0});
  }
};

TEST_F(PastsTest, WhatWaitsIsBounded) {
  for (const std::size_t size : {8u, 1u << 20}) {
    const Starved starved(size == 8 ? 4200 : 45, size);
    const test::Output output;
    const auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
    for (const wire::Segment& segment : starved.segments) {
      const Bytes body = wire::encode_segment(segment);
      const auto added = sink->add_segment(segment, wire::segment_id(body), {});
      ASSERT_TRUE(added) << added.error().message;
    }
    std::size_t taken = 0;
    Result<sink::ChunkTaken> last = sink::ChunkTaken{};
    for (const Buffer& carried : starved.carried) {
      last = sink->take_chunk(digest::blake3(carried.view()), carried, pool_);
      if (!last) break;
      ++taken;
    }
    ASSERT_FALSE(last) << "all of " << taken;
    EXPECT_EQ(last.error().code, Errc::limit);
    EXPECT_EQ(taken, size == 8 ? 4096u : 24u);
  }
}

// Of as many objects as somebody likes: all that come together count as one.
TEST_F(PastsTest, WhatWaitsIsBoundedForAllObjectsTogether) {
  const auto budget = std::make_shared<sink::WaitingBudget>();
  const Starved starved(20, 1u << 20);
  const test::Output output;
  const auto take_all = [&](ObjectSink& sink) {
    std::size_t taken = 0;
    for (const Buffer& carried : starved.carried)
      taken += sink.take_chunk(digest::blake3(carried.view()), carried, pool_) ? 1 : 0;
    return taken;
  };
  const auto open = [&] {
    auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
    sink->share_waiting(budget);
    const Bytes body = wire::encode_segment(starved.segments[0]);
    EXPECT_TRUE(sink->add_segment(starved.segments[0], wire::segment_id(body), {}));
    return sink;
  };
  auto first = open();
  const auto second = open();
  EXPECT_EQ(take_all(*first), 20u);
  EXPECT_EQ(take_all(*second), 4u);
  first.reset();
  EXPECT_EQ(take_all(*second), 20u) << "who is gone waits for nothing";
}

// A signed record may lie: what comes out is checked, also of what waited, and nothing of it is written.
TEST_F(PastsTest, WhatDoesNotUnpackToItsContentIsCorruptAlsoWhenItWaited) {
  source::PackRequest request = test::file_request(source("large"), 4096);
  request.object.repeats_omitted = false;
  request.compress = *compress::parse_compress_request("auto");
  const Packed packed = test::pack(request);
  for (const bool waits : {false, true}) {
    wire::Segment segment = parsed(packed.segments[0]);
    std::vector<wire::ChunkRecord*> chunks;
    for (wire::Record& record : segment.records)
      if (auto* chunk = std::get_if<wire::ChunkRecord>(&record)) chunks.push_back(chunk);
    ASSERT_EQ(chunks[1]->past, 1);
    chunks[1]->content.bytes[0] ^= 1;
    const test::Output output;
    const auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
    ASSERT_TRUE(sink->add_segment(segment, wire::segment_id(wire::encode_segment(segment)), {}));
    const auto& first = packed.segments[0].chunks[0];
    const auto& second = packed.segments[0].chunks[1];
    ASSERT_TRUE(give(*sink, waits ? second : first));
    const auto taken = give(*sink, waits ? first : second);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::corrupt);
    EXPECT_EQ(output.bytes().size(), 4096u) << "the first was right";
  }
}

}  // namespace
}  // namespace dcdn::session
