#include "source/sealed_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "support/pack_fixture.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::test {
namespace {

using source::PackRequest;
using source::SealedPipe;

const sign::SecretKey kReader = *sign::SecretKey::from_seed(Bytes(32, 1));

pipeline::ContentSealer sealer(std::uint8_t secret = 9) {
  return *pipeline::ContentSealer::make({kReader.id()}, sign::Secret(Bytes(32, secret)));
}

Packed pack_pipe(source::SealedPipe& pipe) {
  source::PackRequest request = source::pack_sealed(pipe, "encrypted-0");
  request.chunk_bytes = [](std::uint64_t) { return 65536u; };
  return pack(request);
}

/// What was encrypted.
Bytes opened(const Packed& packed) {
  Bytes plain;
  pipeline::ContentOpener opener({kReader});
  const auto put = [&](ByteView bytes) -> Result<void> {
    plain.insert(plain.end(), bytes.begin(), bytes.end());
    return {};
  };
  EXPECT_TRUE(opener.push(content_of(packed), put).has_value());
  EXPECT_TRUE(opener.finish().has_value());
  return plain;
}

class Pipe {
 public:
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  UniqueFd read, write;
};

TEST(SealedSource, AnInputComesBackWithItsHead) {
  Pipe input;
  ASSERT_TRUE(write_all(input.write.get(), as_bytes("and the rest"), "pipe").has_value());
  input.write.reset();
  const auto pipe = source::seal_input(sealer(), input.read.get(), Buffer::copy_of(as_bytes("head ")), {});
  ASSERT_TRUE(pipe.has_value());
  const Packed packed = pack_pipe(**pipe);
  ASSERT_TRUE(packed.result.has_value());
  EXPECT_EQ(as_text(opened(packed)), "head and the rest");
}

TEST(SealedSource, AnObjectIsPackedInsideAndEqualSecretsGiveEqualObjects) {
  const TempDir dir;
  write_bytes(dir.path() + "/f", pattern(500'000, 7));
  work::WorkerPool workers(2);
  BufferPool pool(1u << 20);
  const auto once = [&](std::uint8_t secret) {
    const auto pipe = source::seal_object(sealer(secret), file_request(dir.path() + "/f"), workers, pool);
    return pack_pipe(**pipe);
  };
  const Packed packed = once(9);
  ASSERT_TRUE(packed.result.has_value());
  EXPECT_EQ(packed.id(), once(9).id());
  EXPECT_NE(packed.id(), once(8).id());
  const Bytes inside = opened(packed);
  EXPECT_TRUE(wire::FrameReader::looks_like_stream(inside));
  EXPECT_GT(inside.size(), 500'000u);
}

TEST(SealedSource, ASourceThatFailsLeavesNoWholeObject) {
  work::WorkerPool workers(2);
  BufferPool pool(1u << 20);
  const auto pipe = source::seal_object(sealer(), file_request("/nonexistent/file"), workers, pool);
  const Packed packed = pack_pipe(**pipe);
  ASSERT_FALSE(packed.result.has_value());
  EXPECT_EQ(packed.result.error().code, Errc::not_found);
  for (const auto& segment : packed.segments) EXPECT_FALSE(segment.final);
}

TEST(SealedSource, WhoStopsReadingIsNotWaitedFor) {
  // A pipe that never ends and has nothing more to say, and one that has more than fits in between.
  Pipe silent;
  {
    const auto pipe = source::seal_input(sealer(), silent.read.get(), {}, {});
    ASSERT_TRUE(pipe.has_value());
  }
  const UniqueFd endless(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  {
    const auto pipe = source::seal_input(sealer(), endless.get(), {}, {});
    ASSERT_TRUE(pipe.has_value());
    std::array<std::uint8_t, 100> some{};
    EXPECT_TRUE(read_full((*pipe)->fd(), some, "pipe").has_value());
  }
}

}  // namespace
}  // namespace dcdn::test
