// FrameReader in recover mode: every intact frame comes out, whatever lies around it.
#include "base/checksum.hpp"
#include "unit/wire/wire_samples.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::wire {
namespace {

using samples::joined;
using samples::noise;
using samples::read_all;
using samples::Reading;

const Bytes kA = make_frame(FrameType::chunk, noise(40, 1));
const Bytes kB = make_frame(FrameType::pause, {});
const Bytes kC = make_frame(FrameType::segment, noise(3, 2));

Bytes claiming(std::uint32_t body_bytes) {  // an intact header whose body will not match
  Bytes header(kMagic.begin(), kMagic.end());
  header.resize(kHeaderBytes);
  header[4] = kVersion;
  header[5] = static_cast<std::uint8_t>(FrameType::chunk);
  for (unsigned i = 0; i < 4; ++i) header[8 + i] = static_cast<std::uint8_t>(body_bytes >> (8 * i));
  const std::uint64_t check = xxh3_64(ByteView(header).first(16));
  for (unsigned i = 0; i < 8; ++i) header[16 + i] = static_cast<std::uint8_t>(check >> (8 * i));
  return header;
}

std::vector<FrameType> types(const Reading& reading) {
  std::vector<FrameType> all;
  for (const auto& frame : reading.frames) all.push_back(frame.first);
  return all;
}

void expect_reading(const Bytes& input, std::vector<FrameType> frames, std::vector<Damage> damage) {
  for (std::size_t step : samples::kPushSizes) {
    const Reading reading = read_all(input, OnDamage::recover, step);
    EXPECT_FALSE(reading.error) << step;
    EXPECT_EQ(types(reading), frames) << step;
    EXPECT_EQ(reading.damage, damage) << step;
  }
}

TEST(FrameRecovery, GarbageBeforeBetweenAndAfter) {
  const Bytes x = noise(50, 3);
  expect_reading(joined({x, kA, x, x, kB, kC, x}), {FrameType::chunk, FrameType::pause, FrameType::segment},
                 {{0, 50}, {50 + 64, 100}, {50 + 64 + 100 + 24 + 27, 50}});
}

TEST(FrameRecovery, NothingButGarbage) {
  for (std::size_t size : {1u, 23u, 24u, 1000u}) expect_reading(noise(size, size), {}, {{0, size}});
}

TEST(FrameRecovery, EverySingleBitFlipCostsOneFrameOnly) {
  const Bytes good = joined({kA, kB, kC});
  const Reading whole = read_all(good, OnDamage::strict);
  const std::size_t ends[] = {64, 88, 115};
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes input = good;
    input[bit / 8] = static_cast<std::uint8_t>(input[bit / 8] ^ (1u << (bit % 8)));
    Reading expected;
    for (std::size_t i = 0, start = 0; i < 3; start = ends[i++]) {
      if (bit / 8 < start || bit / 8 >= ends[i])
        expected.frames.push_back(whole.frames[i]);
      else
        expected.damage.push_back({start, ends[i] - start});
    }
    for (std::size_t step : {0u, 1u, 7u})
      ASSERT_EQ(read_all(input, OnDamage::recover, step), expected) << bit;
  }
}

TEST(FrameRecovery, EveryTruncationGivesTheWholeFramesAndReportsTheRest) {
  const Bytes good = joined({kA, kB, kC});
  for (std::size_t size = 0; size <= good.size(); ++size) {
    const std::size_t kept = size >= 115 ? 115 : size >= 88 ? 88 : size >= 64 ? 64 : 0;
    for (std::size_t step : {0u, 1u, 15u}) {
      const Reading reading = read_all(ByteView(good).first(size), OnDamage::recover, step);
      EXPECT_EQ(reading.frames.size(), kept == 115 ? 3u : kept == 88 ? 2u : kept == 64 ? 1u : 0u);
      const std::vector<Damage> lost = {{kept, size - kept}};
      EXPECT_EQ(reading.damage, size == kept ? std::vector<Damage>() : lost) << size;
    }
  }
}

TEST(FrameRecovery, ConcatenationAndRepeatsAreNoDamage) {
  expect_reading(
      joined({kA, kA, kC, kA, kC}),
      {FrameType::chunk, FrameType::chunk, FrameType::segment, FrameType::chunk, FrameType::segment}, {});
}

TEST(FrameRecovery, BytesLostFromABodyDoNotSwallowTheFramesAfterIt) {
  const Bytes big = make_frame(FrameType::chunk, noise(300, 4));
  const Bytes cut(big.begin(), big.begin() + 200);  // the claim now reaches over what follows
  expect_reading(joined({cut, kA, kB, kC, noise(100, 5)}),
                 {FrameType::chunk, FrameType::pause, FrameType::segment}, {{0, 200}, {315, 100}});
}

TEST(FrameRecovery, FramesInsideACutOffClaimComeToLightAtTheEnd) {
  const Bytes big = make_frame(FrameType::chunk, noise(3000, 4));
  const Bytes cut(big.begin(), big.begin() + 200);
  expect_reading(joined({kB, cut, kA, kC, noise(9, 5)}),
                 {FrameType::pause, FrameType::chunk, FrameType::segment},
                 {{24, 200}, {24 + 200 + 64 + 27, 9}});
  BufferPool pool(0);
  FrameReader reader(OnDamage::recover, pool);
  reader.push(joined({cut, kA}));
  ASSERT_TRUE(std::holds_alternative<NeedInput>(*reader.next()));
  const auto damage = reader.finish();
  ASSERT_TRUE(damage && *damage);
  EXPECT_EQ(**damage, (Damage{0, 200}));
  EXPECT_TRUE(std::holds_alternative<Frame>(*reader.next()));
  EXPECT_TRUE(std::holds_alternative<NeedInput>(*reader.next()));
}

TEST(FrameRecovery, ClaimsWithinClaims) {
  // The first claim covers the second, whose claim reaches past the first one's end.
  const Bytes input = joined({claiming(200), noise(50, 1), claiming(300), noise(60, 2), kA, noise(100, 3), kB,
                              kC, noise(60, 4), kA});
  const Reading reading = read_all(input, OnDamage::recover);
  EXPECT_EQ(types(reading),
            (std::vector{FrameType::chunk, FrameType::pause, FrameType::segment, FrameType::chunk}));
  expect_reading(input, types(reading), reading.damage);
}

TEST(FrameRecovery, MagicInsideAnIntactBodyIsJustContent) {
  const Bytes inner = joined({kA, kB, kC});
  expect_reading(joined({make_frame(FrameType::chunk, inner), kB}), {FrameType::chunk, FrameType::pause}, {});
}

TEST(FrameRecovery, FakeMagicInGarbageIsPassedOver) {
  const Bytes magic(kMagic.begin(), kMagic.end());
  const Bytes half(magic.begin(), magic.begin() + 3);
  const Bytes repeated = {0x89, 0x89, 'D', 0x89, 'D', 'C', 0x89};
  expect_reading(joined({magic, magic, half, repeated, kA, half, kB, magic}),
                 {FrameType::chunk, FrameType::pause}, {{0, 18}, {82, 3}, {109, 4}});
}

TEST(FrameRecovery, AnotherVersionInsideDamageIsDamage) {
  Bytes header = claiming(0);
  header[4] = 9;
  const std::uint64_t check = xxh3_64(ByteView(header).first(16));
  for (unsigned i = 0; i < 8; ++i) header[16 + i] = static_cast<std::uint8_t>(check >> (8 * i));
  expect_reading(joined({kB, Bytes{'x'}, header, kA}), {FrameType::pause, FrameType::chunk}, {{24, 25}});
}

TEST(FrameRecovery, ALengthOverTheLimitIsDamage) {
  expect_reading(joined({claiming(0xFFFFFFFFu), kA}), {FrameType::chunk}, {{0, 24}});
}

TEST(FrameRecovery, RandomMutationsReadTheSameInAnyPushSize) {
  const Bytes good = joined({kA, kC, kB, make_frame(FrameType::chunk, kA), kC, kA, kB});
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Bytes input = good;
    const Bytes dice = noise(12, seed);
    for (std::size_t i = 0; i + 3 < dice.size(); i += 4) {
      const auto at = static_cast<std::ptrdiff_t>((dice[i] * 256u + dice[i + 1]) % input.size());
      const auto end =
          std::min<std::ptrdiff_t>(at + dice[i + 2] % 60, static_cast<std::ptrdiff_t>(input.size()));
      if (dice[i + 3] % 2 == 0)
        input.erase(input.begin() + at, input.begin() + end);
      else
        input.insert(input.begin() + at, good.begin(), good.begin() + dice[i + 2] % 90);
    }
    const Reading whole = read_all(input, OnDamage::recover);
    std::uint64_t bytes = 0;
    for (const auto& frame : whole.frames) bytes += kHeaderBytes + frame.second.size();
    for (const Damage& damage : whole.damage) bytes += damage.bytes;
    ASSERT_EQ(bytes, input.size()) << seed;
    for (std::size_t step : samples::kPushSizes)
      ASSERT_EQ(read_all(input, OnDamage::recover, step), whole) << seed;
  }
}

// 2,000 headers that each claim 4 MiB would cost 8 GB of checking. Once 64 bytes have been checked in vain
// for each byte of input, a claim is passed over whole: what hides inside it is lost, what follows is not.
TEST(FrameRecovery, ForgedClaimsCannotBuyUnboundedWork) {
  Bytes input;
  for (int i = 0; i < 2000; ++i) {
    const Bytes header = claiming(kMaxChunkContent);
    input.insert(input.end(), header.begin(), header.end());
  }
  input.insert(input.end(), kA.begin(), kA.end());
  input.resize(input.size() + 2 * kMaxChunkContent);
  for (std::size_t step : {std::size_t{0}, std::size_t{1} << 16}) {
    const Reading reading = read_all(joined({input, kB}), OnDamage::recover, step);
    EXPECT_EQ(types(reading), std::vector{FrameType::pause});
    EXPECT_EQ(reading.damage, (std::vector<Damage>{{0, input.size()}}));
  }
  input.erase(input.begin(), input.begin() + 1990 * 24);  // ten claims are within the bound
  EXPECT_EQ(types(read_all(input, OnDamage::recover)), std::vector{FrameType::chunk});
}

}  // namespace
}  // namespace dcdn::wire
