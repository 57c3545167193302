// The same for what belongs to an object: manifests, chunks, differences, and the streams and frames they
// come in.
#include "unit/session/hostile_sender.hpp"

namespace dcdn::session {
namespace {

class HostileContent : public HostileSender {};

// ---- before the answer

TEST_F(HostileContent, SegmentsBeforeTheAnswerAreBounded) {
  hello();
  hold_store();
  const auto stream = offer(0);
  const MadeObject object = test::file_object(pattern(20'000, 1));
  for (int i = 0; i < 1024; ++i) peer_.say_raw(stream, object.segments[0].frames);
  expect_alive();
  peer_.say_raw(stream, object.segments[0].frames);
  EXPECT_EQ(ending(peer_), Errc::limit);
  EXPECT_EQ(final_files(), 0u);
}

TEST_F(HostileContent, SegmentsBeforeTheAnswerAreCorruptWhereNothingBeginsEarly) {
  again_with(Carrier::streams);
  hello();
  hold_store();
  const auto stream = offer(0);
  peer_.say_raw(stream, test::file_object(pattern(100, 1)).segments[0].frames);
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

TEST_F(HostileContent, BeginsAgainOnlyWhatWasAnswered) {
  hello();
  hold_store();
  say(offer(0), FrameType::again, message::Again{0});
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

TEST_F(HostileContent, BeginsAgainOnlyItsOwnObject) {
  say(begin(), FrameType::again, message::Again{1});
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

// Manifests of 64 KiB that nobody answers: their credit is not given back, so the window is all that is held.
TEST_F(HostileContent, BytesBeforeTheAnswerAreBoundedByTheWindow) {
  hello();
  hold_store();
  std::vector<net::StreamId> streams;
  for (std::uint32_t i = 0; i < 16; ++i) streams.push_back(offer(i, "name" + std::to_string(i)));
  const Bytes segment(wire::kMaxSegmentBody - 1000);
  for (const auto stream : streams)
    for (int i = 0; i < 4; ++i) peer_.say(stream, FrameType::segment, segment);
  const std::uint64_t said = 16 * 4 * segment.size();
  ASSERT_GT(said, 2 * options.receive_window);
  EXPECT_TRUE(run_until(
      [&] { return said - peer_.connection->queued_bytes() >= options.receive_window - (1u << 20); }));
  EXPECT_GE(peer_.connection->queued_bytes(), said - options.receive_window - (1u << 16));
  EXPECT_FALSE(peer_.closed);
}

// ---- manifests

TEST_F(HostileContent, SegmentsOutOfOrderEndTheObject) {
  const auto stream = begin();
  const MadeObject object = test::file_object(pattern(100'000, 1));
  send_segment(stream, object, 1);
  EXPECT_TRUE(run_until([&] { return peer_.failed(stream).has_value(); }));
  EXPECT_EQ(peer_.failed(stream), Errc::corrupt);
  expect_delivery(1, "next");
}

TEST_F(HostileContent, SegmentsBehindTheFinalOneEndTheObjectOrComeTooLate) {
  const auto stream = begin();
  const MadeObject object = test::file_object(pattern(20'000, 1));
  send_all(stream, object);
  for (int i = 0; i < 50; ++i) send_segment(stream, object, object.segments.size() - 1);
  EXPECT_TRUE(
      run_until([&] { return peer_.count(stream, FrameType::receipt) == 1 || peer_.failed(stream); }));
  expect_delivery(1, "next");
}

TEST_F(HostileContent, SegmentsWithoutASignatureEndTheObject) {
  const auto stream = begin();
  const MadeObject object = test::file_object(pattern(100'000, 1));
  peer_.say_raw(stream, object.segments[0].frames);
  peer_.say_raw(stream, object.segments[1].frames);
  EXPECT_TRUE(run_until([&] { return peer_.failed(stream).has_value(); }));
  EXPECT_EQ(peer_.failed(stream), Errc::untrusted);
}

TEST_F(HostileContent, SegmentsThatAStrangerSignedEndTheObject) {
  const auto stream = begin();
  const MadeObject object = test::file_object(pattern(100'000, 1));
  peer_.say_raw(stream, test::signed_frames(test::session_key(9), object, 0));
  peer_.say_raw(stream, test::signed_frames(test::session_key(9), object, 1));
  EXPECT_TRUE(run_until([&] { return peer_.failed(stream).has_value(); }));
  EXPECT_EQ(peer_.failed(stream), Errc::untrusted);
  EXPECT_EQ(final_files(), 0u);
}

// ---- chunks

TEST_F(HostileContent, ChunksThatNobodyWantsAreBoundedByTheWindow) {
  begin();
  const std::size_t size = 1u << 20;
  const std::size_t many = 2 * options.receive_window / size;
  for (std::size_t i = 0; i < many; ++i) send_chunk(Buffer::copy_of(pattern(size, i)));
  EXPECT_TRUE(
      run_until([&] { return peer_.connection->queued_bytes() <= (many - 11) * size; }));  // 12 MiB are held
  EXPECT_GE(peer_.connection->queued_bytes(), many * size - options.receive_window);
  EXPECT_FALSE(peer_.closed);
  peer_.connection->close(0, "");
  EXPECT_TRUE(run_until([&] { return receiver_->active_connections() == 0; }));
  EXPECT_EQ(final_files(), 0u);
}

// A chunk of a byte costs more to hold than it weighs on the wire.
TEST_F(HostileContent, SmallChunksThatNobodyWantsAreBounded) {
  begin();
  const test::MemoryGrowth growth;
  std::uint64_t number = 0;
  for (int streams = 0; streams < 180 && !peer_.closed; ++streams) {
    Bytes frames;
    for (int i = 0; i < 1000; ++i) {
      const Bytes content = pattern(8, ++number);
      Bytes body = bytes_of(digest::blake3(content).view());
      body.insert(body.end(), content.begin(), content.end());
      wire::append_frame(frames, FrameType::chunk, body);
    }
    peer_.say_raw(peer_.open_chunks(), frames, true);
    ASSERT_TRUE(run_until([&] { return peer_.connection->queued_bytes() < 4096 || peer_.closed; }));
  }
  shared_->worker.drain();
  EXPECT_LT(growth.bytes(), 6 * options.receive_window);
  EXPECT_EQ(final_files(), 0u);
}

TEST_F(HostileContent, AChunkThatIsNotWhatItsDigestSaysEndsTheObject) {
  const auto stream = begin();
  const MadeObject object = test::file_object(pattern(20'000, 1));
  Bytes body = bytes_of(object.order[0].view());
  body.resize(body.size() + 4096);
  peer_.say(peer_.open_chunks(), FrameType::chunk, body, true);
  send_segment(stream, object, 0);
  EXPECT_TRUE(run_until([&] { return peer_.failed(stream).has_value(); }));
  EXPECT_EQ(peer_.failed(stream), Errc::corrupt);
  EXPECT_EQ(final_files(), 0u);
}

TEST_F(HostileContent, AChunkThatDoesNotUnpackEndsTheObject) {
  const auto stream = begin();
  send_all(stream, test::noise_object());
  EXPECT_TRUE(run_until([&] { return peer_.failed(stream).has_value(); }));
  EXPECT_EQ(peer_.failed(stream), Errc::corrupt);
  EXPECT_EQ(final_files(), 0u);
  expect_delivery(1, "next");
}

// What is only passed on is never unpacked: no decompressor of ours sees it, and it is as the sender signed
// it.
TEST_F(HostileContent, AStreamIsPassedOnAsItIsCarried) {
  output_.emplace();
  again_with(options.carrier);
  const auto stream = begin();
  const MadeObject object = test::noise_object();
  send_all(stream, object);
  EXPECT_TRUE(run_until([&] { return peer_.count(stream, FrameType::receipt) == 1; }));
  const Bytes out = output_->bytes();
  const ByteView noise = object.chunks.begin()->second.view();
  EXPECT_NE(std::search(out.begin(), out.end(), noise.begin(), noise.end()), out.end());
}

TEST_F(HostileContent, WhatIsPassedOnIsStillWhatWasSigned) {
  output_.emplace();
  again_with(options.carrier);
  const auto stream = begin();
  const MadeObject object = test::noise_object();
  Bytes body = bytes_of(object.order[0].view());
  const Bytes other = pattern(1000, 78);
  body.insert(body.end(), other.begin(), other.end());
  send_segment(stream, object, 0);
  peer_.say(peer_.open_chunks(), FrameType::chunk, body, true);
  EXPECT_TRUE(run_until([&] { return peer_.failed(stream).has_value(); }));
  EXPECT_EQ(peer_.failed(stream), Errc::corrupt);
  const Bytes out = output_->bytes();
  EXPECT_EQ(std::search(out.begin(), out.end(), other.begin(), other.end()), out.end());
}

TEST_F(HostileContent, DifferencesThatNobodyAskedForDoNothing) {
  const auto stream = begin();
  const MadeObject object = test::file_object(pattern(20'000, 1));
  send_segment(stream, object, 0);
  message::Difference difference;
  difference.command_bytes = 4;
  difference.bytes = Bytes(4);
  for (std::uint32_t number = 0; number < 100; ++number) {  // objects and chunks that do not exist
    difference.object = number % 3;
    difference.basis = number;
    difference.carried = digest::blake3(pattern(4, number));
    peer_.say(peer_.open_chunks(), FrameType::difference, encode(difference), true);
  }
  expect_delivery(1, "next");
}

// A difference that does not fit costs a want: for each chunk once, or nobody could read so many.
TEST_F(HostileContent, DifferencesThatDoNotFitAreAskedForOnce) {
  const auto stream = begin();
  const MadeObject object = test::file_object(pattern(20'000, 1), 4096, 16);
  send_segment(stream, object, 0);
  message::Difference difference;
  difference.command_bytes = 4;
  difference.bytes = Bytes(4);
  difference.carried = object.order[0];
  Bytes frames;
  for (int i = 0; i < 500; ++i) wire::append_frame(frames, FrameType::difference, encode(difference));
  peer_.say_raw(peer_.open_chunks(), frames, true);
  expect_delivery(1, "next");
  EXPECT_LE(peer_.count(stream, FrameType::want), 1u);
}

TEST_F(HostileContent, ADifferenceThatIsTooLongIsCorrupt) {
  begin();
  message::Difference difference;
  difference.command_bytes = wire::kMaxChunkContent + 1;
  difference.bytes = Bytes(4);
  peer_.say(peer_.open_chunks(), FrameType::difference, encode(difference), true);
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

// ---- frames and streams

TEST_F(HostileContent, FramesOverTheLimitOfTheirTypeAreCorrupt) {
  const auto stream = begin();
  peer_.say(stream, FrameType::segment, Bytes(wire::kMaxSegmentBody + 1));
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

TEST_F(HostileContent, UnknownFramesAreSkippedUpToTheirLimit) {
  const auto stream = begin();
  const auto unknown = static_cast<FrameType>(0x7F);
  for (int i = 0; i < 300; ++i)
    peer_.say(stream, unknown, Bytes(wire::kMaxSmallBody));  // 19 MiB: credit flows
  send_all(stream, test::file_object(pattern(20'000, 1)));
  EXPECT_TRUE(run_until([&] { return peer_.count(stream, FrameType::receipt) == 1; }));
  peer_.say(peer_.open(), unknown, Bytes(wire::kMaxSmallBody + 1));
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

TEST_F(HostileContent, AStreamThatEndsWithinAFrameIsCorrupt) {
  begin();
  Bytes frame = wire::make_frame(FrameType::chunk, Bytes(100));
  frame.pop_back();
  peer_.say_raw(peer_.open_chunks(), frame, true);
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

// Each begins a chunk of 4 MiB and says no more.
TEST_F(HostileContent, StreamsThatNeverEndDoNotTakeTheMemoryTheyClaim) {
  begin();
  const test::MemoryGrowth growth;
  Bytes head = wire::make_frame(FrameType::chunk, Bytes(wire::kMaxChunkContent + 32));
  head.resize(wire::kHeaderBytes + 100);
  std::size_t streams = 0;
  for (;;) {
    const auto stream = peer_.connection->open_unidirectional();
    if (!stream) break;
    peer_.say_raw(*stream, head);
    ++streams;
  }
  EXPECT_LE(streams, options.max_streams);
  EXPECT_TRUE(run_until([&] { return peer_.connection->queued_bytes() == 0; }));
  expect_alive();
  EXPECT_LT(growth.bytes(), 16u << 20);
  EXPECT_FALSE(peer_.closed);
}

}  // namespace
}  // namespace dcdn::session
