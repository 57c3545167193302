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

}  // namespace
}  // namespace dcdn::test
