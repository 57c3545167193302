#include "delta/block_places.hpp"

#include "unit/delta/delta_fixture.hpp"

namespace dcdn::delta {
namespace {

constexpr std::uint32_t kBlock = 64;

SignatureTable table_of(const Bytes& file) {
  const SignatureShape shape{WeakKind::rabin_karp, StrongKind::blake2, kBlock, 8};
  Bytes signature = encode_signature_header(shape);
  sign_blocks(shape, file, signature);
  auto table = SignatureTable::make(std::move(signature));
  EXPECT_TRUE(table);
  return *std::move(table);
}

BlockPlaces places_in(const SignatureTable& table, const Bytes& published, const Bytes& old) {
  auto places = BlockPlaces::make(table, published.size());
  EXPECT_TRUE(places);
  Bytes delta;
  DeltaWriter writer([&](ByteView bytes) -> Result<void> {
    delta.insert(delta.end(), bytes.begin(), bytes.end());
    return {};
  });
  const auto in_turn = [](std::size_t count, const auto& task) {
    for (std::size_t i = 0; i < count; ++i) task(i);
  };
  DeltaSearch search(table, 4, in_turn, writer);
  EXPECT_TRUE(search.add(old, true));
  EXPECT_TRUE(writer.end(std::nullopt));
  DeltaReader reader;
  EXPECT_TRUE(reader.next());
  reader.push(delta);
  reader.finish();
  for (;;) {
    const auto step = reader.next();
    EXPECT_TRUE(step);
    if (const auto* copy = std::get_if<CopyStep>(&*step))
      places->copied(*copy);
    else if (const auto* literal = std::get_if<LiteralStep>(&*step))
      places->passed(literal->bytes.size());
    else
      return *std::move(places);
  }
}

// The published file out of the old one and the needed ranges.
Bytes assembled(const BlockPlaces& places, const Bytes& published, const Bytes& old) {
  Bytes made;
  const auto put = [&](const Bytes& from, std::uint64_t at, std::uint64_t size) {
    ASSERT_LE(at + size, from.size());
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(at);
    made.insert(made.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
  };
  for (std::uint32_t block = 0; block < places.blocks(); ++block) {
    const auto place = places.place_of(block);
    put(place ? old : published, place.value_or(places.offset_of(block)), places.size_of(block));
  }
  return made;
}

std::uint64_t needed_bytes(const BlockPlaces& places) {
  std::uint64_t sum = 0;
  for (const Range& range : places.needed()) sum += range.size;
  return sum;
}

TEST(BlockPlaces, OfTheSameFileNothingIsNeeded) {
  for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 5000u}) {
    const Bytes file = Seeded(1).bytes(size);
    const SignatureTable table = table_of(file);
    EXPECT_TRUE(places_in(table, file, file).needed().empty()) << size;
  }
}

TEST(BlockPlaces, OfNothingEverythingIsNeeded) {
  const Bytes file = Seeded(2).bytes(1000);
  const SignatureTable table = table_of(file);
  EXPECT_EQ(places_in(table, file, {}).needed(), (std::vector<Range>{{0, 1000}}));
}

TEST(BlockPlaces, ABlockThatComesTwiceIsNeededOnceOrNever) {
  Seeded seeded(3);
  const Bytes block = seeded.bytes(kBlock);
  Bytes file = seeded.bytes(kBlock);
  for (int i = 0; i < 5; ++i) file.insert(file.end(), block.begin(), block.end());
  const SignatureTable table = table_of(file);
  const BlockPlaces places = places_in(table, file, block);
  EXPECT_EQ(places.needed(), (std::vector<Range>{{0, kBlock}}));
}

TEST(BlockPlaces, ManySeedsOfEditsAreAssembled) {
  std::uint64_t needed = 0;
  std::uint64_t whole = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Seeded seeded(seed);
    const Bytes old = seeded.bytes(seeded.below(8000), seed % 3 == 0 ? 3 : 256);
    const Bytes published = seeded.edited(old);
    const SignatureTable table = table_of(published);
    const BlockPlaces places = places_in(table, published, old);
    EXPECT_EQ(assembled(places, published, old), published) << seed;
    needed += needed_bytes(places);
    whole += published.size();
  }
  EXPECT_LT(needed, whole / 3);
}

TEST(BlockPlaces, ASignatureOfAnotherLengthIsRefused) {
  const Bytes file = Seeded(4).bytes(1000);
  const SignatureTable table = table_of(file);
  for (const std::uint64_t size : {0u, 900u, 1100u}) EXPECT_FALSE(BlockPlaces::make(table, size));
  EXPECT_FALSE(BlockPlaces::make(table, UINT64_MAX));
}

TEST(BlockPlaces, CommandsBeyondTheSignatureAreIgnored) {
  const Bytes file = Seeded(5).bytes(1000);
  const SignatureTable table = table_of(file);
  auto places = BlockPlaces::make(table, 1000);
  ASSERT_TRUE(places);
  places->copied({kBlock * 100, kBlock * 4});
  EXPECT_EQ(needed_bytes(*places), 1000u);
}

}  // namespace
}  // namespace dcdn::delta
