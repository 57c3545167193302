// A receiver's book of older files and a sender's differences to them, without a network between.
#include <asio/io_context.hpp>

#include "session/difference_sender.hpp"
#include "session/frame_stream.hpp"
#include "sink/basis_book.hpp"
#include "source/packed_segment.hpp"
#include "support/pack_fixture.hpp"

namespace dcdn::session {
namespace {

using test::pattern;

class Watcher : public SendWatcher {
  void on_note(int, const std::string&) override {}
  void on_receipt(const SendObject&, const wire::Receipt&, ByteView) override {}
  void on_peer_pause(bool) override {}
};

class DifferenceTest : public ::testing::Test {
 protected:
  /// A file object of `content` in chunks of 4 KiB, as a sender packs it.
  test::Packed pack(const Bytes& content) {
    test::write_bytes(dir_.path() + "/new", content);
    return test::pack(test::file_request(dir_.path() + "/new"));
  }
  sink::BasisBook book(const Bytes& old) {
    test::write_bytes(dir_.path() + "/old", old);
    auto files = std::make_shared<store::BasisFiles>(wire::ObjectKind::file);
    files->add_path(dir_.path() + "/old", "");
    return {7, std::move(files)};
  }
  static Bytes frames_for(sink::BasisBook& book, const source::PackedSegment& segment, bool needed = true,
                          std::uint32_t version = 2) {
    const auto parsed = wire::parse_segment(
        segment.frames.view().subspan(wire::kHeaderBytes, test::Packed::body_bytes(segment.frames.view())));
    EXPECT_TRUE(parsed);
    store::SegmentNeed need;
    need.needed.assign(segment.chunks.size(), needed);
    need.any = needed;
    std::uint64_t at = 0;
    return book.frames_before_want(*parsed, need, version, [&](const wire::ChunkRecord& record) {
      store::ChunkSpot spot{"data.part", 0, at, {}};
      at += record.content_size;
      return std::optional(spot);
    });
  }
  static std::optional<store::ChunkSpot> no_spots(const wire::ChunkRecord&) { return std::nullopt; }
  /// What a connection does with frames that come.
  Result<void> give(ByteView frames) {
    BufferPool pool(0);
    FrameStream stream(pool);
    return stream.feed(frames, true, [this](wire::Frame& frame) -> Result<void> {
      if (frame.type == wire::FrameType::basis) {
        DCDN_TRY(const auto piece, message::parse<message::BasisPiece>(frame.body.view()));
        return sender_.take(piece);
      }
      DCDN_TRY(const auto compare, message::parse<message::Compare>(frame.body.view()));
      return sender_.take(compare);
    });
  }
  /// Waits for the search, and returns what it queued.
  std::vector<QueuedChunk> search(const source::PackedSegmentPtr& segment) {
    taken_.clear();
    EXPECT_TRUE(sender_.start(segment, std::vector<bool>(segment->chunks.size(), true)));
    shared_.difference_worker.drain();
    loop_.restart();
    loop_.poll();
    EXPECT_FALSE(sender_.busy());
    return std::move(taken_);
  }
  static message::Difference parsed(const QueuedChunk& queued) {
    const auto difference =
        message::parse<message::Difference>(queued.difference.view().subspan(wire::kHeaderBytes));
    EXPECT_TRUE(difference);
    return *difference;
  }

  test::TempDir dir_;
  asio::io_context loop_;
  Watcher watcher_;
  SendShared shared_{loop_.get_executor(), SendSettings{}, *sign::SecretKey::from_seed(Bytes(32, 1)),
                     watcher_};
  std::vector<QueuedChunk> taken_;
  DifferenceSender sender_{shared_, 7,
                           [this](std::vector<QueuedChunk> chunks) { taken_ = std::move(chunks); }};
  BufferPool pool_{0};
};

Bytes with_insertion(Bytes content) {
  const Bytes more = pattern(100, 99);
  content.insert(content.begin() + static_cast<std::ptrdiff_t>(content.size() / 3), more.begin(), more.end());
  return content;
}

TEST_F(DifferenceTest, AnInsertionTravelsAsDifferences) {
  const Bytes old = pattern(100'000, 1);
  const test::Packed packed = pack(with_insertion(old));
  sink::BasisBook receiver = book(old);
  const auto segment = std::make_shared<const source::PackedSegment>(packed.segments.at(0));
  const Bytes frames = frames_for(receiver, *segment);
  EXPECT_LT(frames.size(), 5000u);
  ASSERT_TRUE(give(frames));
  const auto chunks = search(segment);
  ASSERT_EQ(chunks.size(), segment->chunks.size());
  std::size_t bytes = 0;
  for (const QueuedChunk& queued : chunks) {
    ASSERT_FALSE(queued.difference.empty());
    bytes += queued.bytes();
    const auto content = receiver.make(parsed(queued), queued.chunk().record, pool_, no_spots);
    ASSERT_TRUE(content) << content.error().message;
  }
  EXPECT_LT(bytes, 4000u);
}

TEST_F(DifferenceTest, EndsThatKnowLessGetDifferencesWithoutContext) {
  const Bytes old = pattern(100'000, 1);
  const test::Packed packed = pack(with_insertion(old));
  const auto segment = std::make_shared<const source::PackedSegment>(packed.segments.at(0));
  for (const std::uint32_t version : {1u, 2u, 3u}) {
    sender_.forget();
    sink::BasisBook receiver = book(old);
    ASSERT_TRUE(give(frames_for(receiver, *segment, true, version)));
    for (const QueuedChunk& queued : search(segment)) {
      ASSERT_FALSE(queued.difference.empty());
      EXPECT_EQ(parsed(queued).codec == message::DifferenceCodec::in_context, version >= 2);
      EXPECT_TRUE(receiver.make(parsed(queued), queued.chunk().record, pool_, no_spots));
    }
  }
}

TEST_F(DifferenceTest, ABasisThatChangesCostsTheChunkItselfOnce) {
  const Bytes old = pattern(100'000, 1);
  const test::Packed packed = pack(with_insertion(old));
  sink::BasisBook receiver = book(old);
  const auto segment = std::make_shared<const source::PackedSegment>(packed.segments.at(0));
  ASSERT_TRUE(give(frames_for(receiver, *segment)));
  test::write_bytes(dir_.path() + "/old", pattern(100'000, 2));
  const auto chunks = search(segment);
  EXPECT_FALSE(receiver.make(parsed(chunks.at(3)), chunks.at(3).chunk().record, pool_, no_spots));
  message::Want want{7, 0, std::vector<bool>(segment->chunks.size())};
  want.needed[3] = true;
  const auto again = sender_.again(want);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].index, 3u);
  EXPECT_TRUE(again[0].difference.empty());
  EXPECT_TRUE(sender_.again(want).empty());
  sender_.stored(1);
  want.needed[4] = true;
  EXPECT_TRUE(sender_.again(want).empty());
}

TEST_F(DifferenceTest, WhatIsAllNewTravelsAsChunks) {
  const test::Packed packed = pack(pattern(100'000, 3));
  sink::BasisBook receiver = book(pattern(100'000, 1));
  const auto segment = std::make_shared<const source::PackedSegment>(packed.segments.at(0));
  ASSERT_TRUE(give(frames_for(receiver, *segment)));
  for (const QueuedChunk& queued : search(segment)) EXPECT_TRUE(queued.difference.empty());
}

TEST_F(DifferenceTest, NothingIsToldWhereItDoesNotPay) {
  const Bytes old = pattern(100'000, 1);
  const test::Packed packed = pack(old);
  sink::BasisBook receiver = book(old);
  EXPECT_TRUE(frames_for(receiver, packed.segments.at(0), false).empty());
  sink::BasisBook empty = book({});
  EXPECT_TRUE(frames_for(empty, packed.segments.at(0)).empty());
  const test::Packed small = pack(pattern(300, 4));
  sink::BasisBook short_one = book(pattern(300, 5));
  EXPECT_TRUE(frames_for(short_one, small.segments.at(0)).empty());
}

TEST_F(DifferenceTest, ADifferenceToAFileThatWasNotNamedIsRefused) {
  sink::BasisBook receiver = book(pattern(1000, 1));
  message::Difference difference;
  difference.basis = 0;
  EXPECT_FALSE(receiver.make(difference, {}, pool_, no_spots));
}

TEST_F(DifferenceTest, AHostileReceiverIsRefusedOrGetsItsChunks) {
  const auto piece = [](std::uint32_t basis, std::uint32_t total, std::uint32_t offset, std::size_t size) {
    return message::BasisPiece{7, basis, total, offset, Bytes(size, 'x')};
  };
  EXPECT_FALSE(sender_.take(piece(1, 10, 0, 10)));  // not the first number
  EXPECT_FALSE(sender_.take(message::Compare{7, 0, {{1, 0}}}));
  ASSERT_TRUE(sender_.take(piece(0, 10, 0, 4)));
  EXPECT_FALSE(sender_.take(piece(0, 10, 3, 4)));
  EXPECT_FALSE(sender_.take(piece(0, 11, 4, 4)));
  EXPECT_FALSE(sender_.take(piece(1, 10, 0, 4)));                // before the one is whole
  EXPECT_FALSE(sender_.take(message::Compare{7, 0, {{1, 0}}}));  // likewise
  ASSERT_TRUE(sender_.take(piece(0, 10, 4, 6)));
  EXPECT_FALSE(sender_.take(piece(0, 10, 10, 1)));
  EXPECT_FALSE(sender_.take(piece(1, message::kMaxBasisBytes, 0, 100)));  // too much together
  EXPECT_FALSE(sender_.take(message::BasisPiece{8, 1, 10, 0, Bytes(10)}));

  sender_.forget();
  ASSERT_TRUE(sender_.take(piece(0, 10, 0, 10)));
  const test::Packed packed = pack(pattern(50'000, 3));
  const auto segment = std::make_shared<const source::PackedSegment>(packed.segments.at(0));
  const auto count = static_cast<std::uint32_t>(segment->chunks.size());
  ASSERT_TRUE(sender_.take(message::Compare{7, 0, {{count, 0}}}));
  for (const QueuedChunk& queued : search(segment)) EXPECT_TRUE(queued.difference.empty());
  ASSERT_TRUE(sender_.take(message::Compare{7, 0, {{count - 1, 0}}}));  // another number of chunks
  EXPECT_FALSE(sender_.start(segment, std::vector<bool>(count, true)));
  // No more segments ahead than are sent ahead; those that are stored count no longer.
  for (std::uint64_t i = 0; i < 64; ++i) ASSERT_TRUE(sender_.take(message::Compare{7, i, {}}));
  EXPECT_FALSE(sender_.take(message::Compare{7, 64, {}}));
  sender_.stored(10);
  EXPECT_TRUE(sender_.take(message::Compare{7, 64, {}}));
}

TEST_F(DifferenceTest, WhatASearchFindsAfterTheConnectionIsGoneIsForgotten) {
  const Bytes old = pattern(100'000, 1);
  const test::Packed packed = pack(with_insertion(old));
  sink::BasisBook receiver = book(old);
  const auto segment = std::make_shared<const source::PackedSegment>(packed.segments.at(0));
  ASSERT_TRUE(give(frames_for(receiver, *segment)));
  ASSERT_TRUE(sender_.start(segment, std::vector<bool>(segment->chunks.size(), true)));
  sender_.forget();
  shared_.difference_worker.drain();
  loop_.poll();
  EXPECT_TRUE(taken_.empty());
  EXPECT_FALSE(sender_.busy());
}

}  // namespace
}  // namespace dcdn::session
