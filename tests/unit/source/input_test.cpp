#include "source/input.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/unique_fd.hpp"
#include "support/pack_fixture.hpp"

namespace dcdn::source {
namespace {

using std::chrono::milliseconds;

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  void put(std::string_view text) const {
    EXPECT_EQ(::write(write.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  UniqueFd read, write;
};

std::string text_of(Input& input, std::size_t room = 100) {
  Bytes block(room);
  const auto got = input.read(block);
  EXPECT_TRUE(got) << got.error().message;
  return got ? std::string(as_text(ByteView(block).first(*got))) : "";
}

TEST(Input, APipeGivesWhatIsThereThenEnds) {
  Pipe pipe;
  Input input(pipe.read.get(), "standard input");
  pipe.put("abc");
  EXPECT_EQ(text_of(input), "abc");
  EXPECT_FALSE(input.ended());
  pipe.put("defg");
  EXPECT_EQ(text_of(input, 2), "de");
  pipe.write.reset();
  EXPECT_EQ(text_of(input), "fg");
  EXPECT_FALSE(input.ended());
  EXPECT_EQ(text_of(input), "");
  EXPECT_TRUE(input.ended());
}

TEST(Input, AFileIsReadToItsEnd) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/file";
  test::write_text(path, "0123456789");
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Input input(fd.get(), path);
  Bytes block(8);
  EXPECT_EQ(*input.read_full(block), 8u);
  EXPECT_FALSE(input.ended());
  EXPECT_EQ(*input.read_full(block), 2u);
  EXPECT_TRUE(input.ended());
}

TEST(Input, AWholeBlockIsPutTogetherFromWhatComes) {
  Pipe pipe;
  std::thread writer([&pipe] {
    for (int i = 0; i < 100; ++i) pipe.put("0123456789");
    pipe.write.reset();
  });
  Input input(pipe.read.get(), "standard input");
  Bytes block(990);
  EXPECT_EQ(*input.read_full(block), 990u);
  EXPECT_EQ(*input.read_full(block), 10u);
  writer.join();
}

TEST(Input, ADescriptorThatIsClosedIsAnErrorWithTheName) {
  Pipe pipe;
  Input input(pipe.read.get(), "standard input");
  pipe.read.reset();
  Bytes block(10);
  const auto got = input.read(block);
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().message.starts_with("standard input: read: ")) << got.error().message;
}

TEST(Input, AnInterruptEndsTheWaitAndComesBeforeWhatCouldBeRead) {
  Pipe pipe, interrupt;
  Input input(pipe.read.get(), "standard input", {interrupt.read.get()});
  pipe.put("abc");
  EXPECT_EQ(text_of(input), "abc");
  std::thread interrupter([&interrupt] { interrupt.put("x"); });
  Bytes block(10);
  const auto waited = input.read(block);
  interrupter.join();
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Errc::interrupted);
  EXPECT_EQ(waited.error().message, "standard input: interrupted");
  pipe.put("abc");
  EXPECT_FALSE(input.read(block));
  EXPECT_FALSE(input.wait());
}

TEST(Input, WhoAsksToStopStopsAReadThatWaitsInHisOwnWords) {
  Pipe pipe;
  std::atomic<int> asked{0};
  Input input(pipe.read.get(), "standard input", {-1, [&] { return ++asked > 2; }, "packing was stopped"});
  Bytes block(10);
  const auto got = input.read(block);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::interrupted);
  EXPECT_EQ(got.error().message, "packing was stopped");
  EXPECT_EQ(asked, 3);
}

TEST(Input, ANonBlockingDescriptorIsWaitedFor) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK), 0);
  Input input(pipe.read.get(), "standard input");
  std::thread writer([&pipe] { pipe.put("abc"); });
  EXPECT_EQ(text_of(input), "abc");
  writer.join();
}

TEST(Input, OfTwoReadersOfANonBlockingPipeTheOneThatComesLateWaits) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK), 0);
  std::atomic<std::size_t> got{0};
  const auto read_all = [&] {
    Input input(pipe.read.get(), "standard input");
    Bytes block(1);
    while (!input.ended()) got += *input.read(block);
  };
  std::thread first(read_all), second(read_all);
  for (int i = 0; i < 500; ++i) pipe.put("x");
  pipe.write.reset();
  first.join();
  second.join();
  EXPECT_EQ(got, 500u);
}

TEST(Input, SilenceIsToldAndMoreThanThatIsNot) {
  Pipe pipe;
  for (const bool asked : {false, true}) {
    Input input(pipe.read.get(), "standard input",
                {-1, asked ? [] { return false; } : std::function<bool()>(), ""});
    const auto began = std::chrono::steady_clock::now();
    EXPECT_FALSE(*input.wait_for(milliseconds(150)));
    EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(150));
    EXPECT_FALSE(*input.wait_for(milliseconds(0)));
    pipe.put("abc");
    EXPECT_TRUE(*input.wait_for(milliseconds(0)));
    EXPECT_TRUE(*input.wait_for(std::chrono::hours(1)));
    EXPECT_EQ(text_of(input), "abc");
  }
  pipe.write.reset();
  EXPECT_TRUE(*Input(pipe.read.get(), "standard input").wait_for(milliseconds(0)));
}

TEST(Input, ASilentPipeIsPackedAsFarAsItCameAndGoesOn) {
  Pipe pipe;
  pipe.put("before");
  source::PackRequest request;
  request.object = {wire::ObjectKind::stream, "name", true};
  request.input_fd = pipe.read.get();
  request.compress.choice.mode = compress::CompressMode::none;
  request.chunk_bytes = [](std::uint64_t) { return 4096u; };
  request.flush_after = milliseconds(20);
  work::WorkerPool workers(1);
  BufferPool pool(1u << 20);
  test::Packed packed;
  packed.result = pack_object(
      request, workers, pool, [] { return false; },
      [&](PackedSegment segment) {
        packed.segments.push_back(std::move(segment));
        if (packed.segments.size() == 1) {
          pipe.put("after");
          pipe.write.reset();
        }
        return true;
      });
  ASSERT_TRUE(packed.result);
  EXPECT_GE(packed.segments.size(), 2u);
  EXPECT_EQ(as_text(test::content_of(packed)), "beforeafter");
}

TEST(Input, ReadableTellsAnEndAndNothingAboutNoDescriptor) {
  Pipe pipe;
  EXPECT_FALSE(readable(-1));
  EXPECT_FALSE(readable(pipe.read.get()));
  pipe.write.reset();
  EXPECT_TRUE(readable(pipe.read.get()));
}

}  // namespace
}  // namespace dcdn::source
