#include "sink/stream_sink.hpp"

#include "support/sink_fixture.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::test {
namespace {

TEST(StreamSink, WritesAStreamThatReadsBackWhole) {
  const Output output;
  const Bytes content = pattern(60'000, 3);
  const MadeObject made = file_object(content);
  auto sink = sink::make_stream_sink(output.fd());
  ASSERT_TRUE(add_all_segments(*sink, made).has_value());
  for (const auto& [digest, chunk] : made.chunks) ASSERT_TRUE(give(*sink, made, digest).has_value());
  EXPECT_TRUE(sink->complete());
  EXPECT_EQ(sink->bytes_done(), content.size());
  BufferPool pool(0);
  wire::FrameReader reader(wire::OnDamage::strict, pool);
  reader.push(output.bytes());
  std::size_t chunks = 0;
  for (;;) {
    auto step = reader.next();
    ASSERT_TRUE(step.has_value());
    const auto* frame = std::get_if<wire::Frame>(&*step);
    if (frame == nullptr) break;
    if (frame->type == wire::FrameType::chunk) ++chunks;
  }
  EXPECT_EQ(chunks, made.chunks.size());
}

TEST(StreamSink, PassesOnWhatItDoesNotUnpack) {
  const Output output;
  const MadeObject made = noise_object();
  auto sink = sink::make_stream_sink(output.fd());
  ASSERT_TRUE(add_all_segments(*sink, made).has_value());
  const Buffer& noise = made.chunks.at(made.order[0]);
  BufferPool pool(0);
  const auto taken = sink->take_chunk(made.order[0], noise, pool);
  ASSERT_TRUE(taken.has_value());
  EXPECT_TRUE(taken->wanted);
  EXPECT_FALSE(taken->damaged);
  EXPECT_TRUE(sink->complete());
  const Bytes out = output.bytes();
  ASSERT_GE(out.size(), noise.size());
  EXPECT_TRUE(std::equal(noise.view().begin(), noise.view().end(), out.end() - 1000));
}

}  // namespace
}  // namespace dcdn::test
