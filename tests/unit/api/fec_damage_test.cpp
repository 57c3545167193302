// fec_encode and fec_decode over damage of every kind, as the tool calls them.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "base/unique_fd.hpp"
#include "dcdn/fec.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn {
namespace {

Bytes random_bytes(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

UniqueFd memory(ByteView content) {
  UniqueFd fd(::memfd_create("fec", MFD_CLOEXEC));
  EXPECT_TRUE(write_all(fd.get(), content, "memory"));
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  return fd;
}

Bytes content_of(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  Bytes bytes(static_cast<std::size_t>(size));
  ::lseek(fd, 0, SEEK_SET);
  EXPECT_TRUE(read_full(fd, bytes, "memory"));
  return bytes;
}

Bytes encoded(ByteView content, const FecGeometry& geometry) {
  const UniqueFd in = memory(content);
  const UniqueFd out = memory({});
  FecEncodeOptions options;
  options.geometry = geometry;
  options.chunk_bytes = 4096;
  options.input = FecInput::raw;
  options.input_fd = in.get();
  options.output_fd = out.get();
  const auto done = fec_encode(options);
  EXPECT_TRUE(done) << done.error().message;
  return content_of(out.get());
}

struct Decoded {
  Bytes content;
  std::optional<Errc> error;
};
Decoded decoded(ByteView stream) {
  const UniqueFd in = memory(stream);
  const UniqueFd out = memory({});
  FecReadOptions options;
  options.input_fd = in.get();
  options.output_fd = out.get();
  options.threads = 2;
  const auto done = fec_decode(options);
  Decoded result;
  result.content = content_of(out.get());
  if (!done) result.error = done.error().code;
  return result;
}

// Every frame of a stream, header and all, and whether it is a repair shard.
std::vector<Bytes> frames_of(ByteView stream) {
  BufferPool pool(0);
  wire::FrameReader reader(wire::OnDamage::strict, pool);
  reader.push(stream);
  std::vector<Bytes> frames;
  for (;;) {
    const auto step = reader.next();
    const auto* frame = std::get_if<wire::Frame>(&*step);
    if (frame == nullptr) return frames;
    wire::append_frame(frames.emplace_back(), frame->type, frame->body.view());
  }
}

Bytes joined(const std::vector<Bytes>& frames, const std::vector<bool>& lost) {
  Bytes stream;
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (!lost[i]) stream.insert(stream.end(), frames[i].begin(), frames[i].end());
  return stream;
}

// One block, one frame a symbol: any m frames may go, as long as a shard is left.
void any_m_may_be_lost(const FecGeometry& geometry, unsigned losses, int patterns) {
  // The manifest takes frames of its own, shorter than a chunk; how many is for the packer to say.
  Bytes content = random_bytes((geometry.sources - 1) * 4096u - 5, geometry.sources);
  std::vector<Bytes> frames = frames_of(encoded(content, geometry));
  while (frames.size() > geometry.sources + geometry.repairs && content.size() > 4096) {
    content.resize(content.size() - 4096);
    frames = frames_of(encoded(content, geometry));
  }
  ASSERT_EQ(frames.size(), geometry.sources + geometry.repairs);
  std::mt19937 random(geometry.repairs);
  std::vector<std::size_t> order(frames.size());
  std::iota(order.begin(), order.end(), 0);
  for (int i = 0; i < patterns; ++i) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<bool> lost(frames.size());
    for (unsigned n = 0; n < losses; ++n) lost[order[n]] = true;
    bool shard_left = false;
    for (std::size_t f = geometry.sources; f < frames.size(); ++f) shard_left = shard_left || !lost[f];
    if (!shard_left) continue;
    const Decoded back = decoded(joined(frames, lost));
    ASSERT_FALSE(back.error) << i;
    ASSERT_EQ(back.content, content) << i;
  }
}

TEST(FecDamage, AnyMOf50And10) {
  any_m_may_be_lost({50, 10, 1, "isa-l"}, 10, 300);
}
TEST(FecDamage, AnyMOf50And25) {
  any_m_may_be_lost({50, 25, 1, "isa-l"}, 25, 200);
}
TEST(FecDamage, AnyMOf200And55) {
  any_m_may_be_lost({200, 55, 1, "isa-l"}, 55, 60);
}
TEST(FecDamage, AnyMWithJerasure) {
  any_m_may_be_lost({12, 6, 1, "liberasurecode:jerasure_rs_vand"}, 6, 200);
  any_m_may_be_lost({12, 6, 1, "liberasurecode:jerasure_rs_cauchy"}, 6, 100);
}
TEST(FecDamage, AnyThreeWithFlatXor) {
  any_m_may_be_lost({10, 5, 1, "liberasurecode:flat_xor_hd"}, 3, 200);
}
TEST(FecDamage, ShortLastBlocksWithEveryBackend) {
  for (const std::string codec :
       {"isa_l_rs_vand", "jerasure_rs_cauchy", "jerasure_rs_vand", "flat_xor_hd", "liberasurecode_rs_vand"}) {
    const unsigned repairs = codec == "isa_l_rs_vand" ? 3 : 5;
    for (const std::size_t size : {0u, 1u, 4096u, 5000u, 150'000u}) {
      const Bytes content = random_bytes(size, 3);
      std::vector<Bytes> frames = frames_of(encoded(content, {10, repairs, 3, "liberasurecode:" + codec}));
      // The first frame is the manifest or the first chunk: something that is needed.
      std::vector<bool> lost(frames.size());
      lost[0] = lost[frames.size() - 1] = true;
      const Decoded back = decoded(joined(frames, lost));
      EXPECT_FALSE(back.error) << codec << ' ' << size;
      EXPECT_EQ(back.content, content) << codec << ' ' << size;
    }
  }
}

// Whatever is done to a stream: the content, or an error and a verified beginning.
void holds(ByteView damaged, const Bytes& content, int seed) {
  const Decoded back = decoded(damaged);
  if (!back.error) {
    ASSERT_EQ(back.content, content) << seed;
    return;
  }
  EXPECT_TRUE(*back.error == Errc::incomplete || *back.error == Errc::corrupt) << seed;
  ASSERT_LE(back.content.size(), content.size()) << seed;
  EXPECT_TRUE(std::equal(back.content.begin(), back.content.end(), content.begin())) << seed;
}

TEST(FecDamage, CutAtRandomFromBothEndsAndInTheMiddle) {
  const Bytes content = random_bytes(200'000, 1);
  const Bytes stream = encoded(content, {8, 3, 2, "isa-l"});
  std::mt19937 random(5);
  for (int seed = 0; seed < 400; ++seed) {
    const std::size_t from = random() % stream.size();
    const std::size_t length = random() % (seed % 2 == 0 ? stream.size() : 30'000u);
    Bytes damaged = stream;
    const auto at = damaged.begin() + static_cast<std::ptrdiff_t>(from);
    damaged.erase(at, at + static_cast<std::ptrdiff_t>(std::min(length, stream.size() - from)));
    holds(damaged, content, seed);
  }
}

TEST(FecDamage, FlippedBitsSwappedAndForeignFrames) {
  const Bytes content = random_bytes(200'000, 2);
  const Bytes stream = encoded(content, {8, 3, 2, "isa-l"});
  const std::vector<Bytes> frames = frames_of(stream);
  const std::vector<Bytes> foreign = frames_of(encoded(random_bytes(50'000, 9), {8, 3, 2, "isa-l"}));
  std::mt19937 random(6);
  for (int seed = 0; seed < 300; ++seed) {
    std::vector<Bytes> changed = frames;
    for (unsigned n = random() % 8; n > 0; --n)
      std::swap(changed[random() % changed.size()], changed[random() % changed.size()]);
    // Only frames that are no shards: two encodings of bytes in one input are refused.
    for (unsigned n = random() % 3; n > 0; --n) changed.insert(changed.begin(), foreign[random() % 8]);
    Bytes damaged = joined(changed, std::vector<bool>(changed.size()));
    for (unsigned n = random() % 12; n > 0; --n)
      damaged[random() % damaged.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    holds(damaged, content, seed);
  }
}

}  // namespace
}  // namespace dcdn
