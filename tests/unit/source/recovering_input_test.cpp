#include "source/recovering_input.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.hpp"
#include "support/sample_stream.hpp"

namespace dcdn::source {
namespace {

/// A pipe that holds `bytes` and is at its end.
UniqueFd pipe_of(ByteView bytes) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  EXPECT_TRUE(write_all(ends[1], bytes, "pipe"));
  ::close(ends[1]);
  return UniqueFd(ends[0]);
}

Bytes stream_of(const std::vector<test::SampleFrame>& frames) {
  Bytes stream;
  for (const test::SampleFrame& frame : frames) wire::append_frame(stream, frame.type, frame.body);
  return stream;
}

TEST(RecoveringInput, GivesEveryIntactFrameAndCountsTheRest) {
  const auto frames = test::sample_stream({});
  Bytes stream = stream_of(frames);
  stream[wire::kHeaderBytes + 3] ^= 1;  // in the body of the first frame
  const UniqueFd pipe = pipe_of(ByteView(stream).subspan(10));
  BufferPool pool(1u << 20);
  RecoveringInput input(pipe.get(), -1, "test", pool);
  std::size_t next = 1;
  const auto read = input.read(ByteView(stream).first(10), [&](const wire::Frame& frame) {
    EXPECT_EQ(frame.type, frames.at(next).type);
    EXPECT_TRUE(std::ranges::equal(frame.body.view(), frames.at(next++).body));
    return Result<void>();
  });
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(next, frames.size());
  EXPECT_EQ(input.bytes(), stream.size() - 10);
  EXPECT_EQ(input.damaged_bytes(), wire::kHeaderBytes + frames[0].body.size());
}

TEST(RecoveringInput, EndsWithTheFirstErrorOfItsTaker) {
  const UniqueFd pipe = pipe_of(stream_of(test::sample_stream({})));
  BufferPool pool(1u << 20);
  RecoveringInput input(pipe.get(), -1, "test", pool);
  int calls = 0;
  const auto read = input.read({}, [&](const wire::Frame&) -> Result<void> {
    ++calls;
    return Error(Errc::limit, "enough");
  });
  EXPECT_EQ(read.error().code, Errc::limit);
  EXPECT_EQ(calls, 1);
}

TEST(RecoveringInput, AnInterruptEndsTheWaiting) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd silent(ends[0]);
  const UniqueFd writer(ends[1]);
  const UniqueFd interrupt = pipe_of(as_bytes("x"));
  BufferPool pool(1u << 20);
  RecoveringInput input(silent.get(), interrupt.get(), "test", pool);
  const auto read = input.read({}, [](const wire::Frame&) { return Result<void>(); });
  EXPECT_EQ(read.error().code, Errc::interrupted);
}

}  // namespace
}  // namespace dcdn::source
