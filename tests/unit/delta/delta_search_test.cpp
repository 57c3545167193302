#include "delta/delta_search.hpp"

#include "delta_fixture.hpp"

namespace dcdn::delta {
namespace {

SignatureShape shape_for(Seeded& seeded, std::uint64_t seed) {
  return {seed % 2 == 0 ? WeakKind::rabin_karp : WeakKind::rollsum,
          seed % 5 == 0 ? StrongKind::md4 : StrongKind::blake2,
          static_cast<std::uint32_t>(1 + seeded.below(seed % 7 == 0 ? 2000 : 200)), 8};
}

TEST(DeltaSearch, EditedFilesComeBackHoweverTheyAreCut) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Seeded seeded(seed);
    const Bytes old = seeded.bytes(seeded.below(8000), seed % 4 == 0 ? 2 : 256);
    const Bytes file = seeded.edited(old);
    const Bytes signature = signature_of(shape_for(seeded, seed), old);
    const Bytes whole = delta_of(signature, file, 1, [&] { return file.size() + 1; });
    const Bytes cut = delta_of(signature, file, 3, [&] { return 1 + seeded.below(3000); });
    EXPECT_EQ(cut, whole) << "seed " << seed;
    const auto made = patched(old, whole, 1 + seeded.below(500));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(*made, file) << "seed " << seed;
  }
}

TEST(DeltaSearch, ManyTasksGiveTheSameDelta) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    Seeded seeded(seed);
    Bytes old = seeded.bytes(1u << 20, seed % 2 == 0 ? 256 : 2);
    if (seed > 3) std::fill(old.begin() + 1000, old.begin() + 700000, std::uint8_t{0});
    const Bytes file = seeded.edited(seeded.edited(old));
    const Bytes signature = signature_of({WeakKind::rabin_karp, StrongKind::blake2, 700, 16}, old);
    const Bytes one = delta_of(signature, file, 1, [&] { return file.size() + 1; });
    EXPECT_EQ(delta_of(signature, file, 8, [&] { return file.size() + 1; }), one) << "seed " << seed;
    EXPECT_EQ(delta_of(signature, file, 5, [&] { return std::size_t{400000}; }), one) << "seed " << seed;
    EXPECT_EQ(*patched(old, one, 1 << 20), file);
  }
}

TEST(DeltaSearch, SizesAreThoseOfTheDocuments) {
  Seeded seeded(9);
  const Bytes old = seeded.bytes(4u << 20);
  const SignatureShape shape{WeakKind::rabin_karp, StrongKind::blake2, choose_block_bytes(old.size()), 16};
  const Bytes signature = signature_of(shape, old);
  const auto size_for = [&](const Bytes& file) {
    const DeltaTrailer trailer;
    return delta_of(
               signature, file, 2, [&] { return file.size() + 1; }, trailer)
        .size();
  };
  const auto with_changes = [&](std::size_t count) {
    Bytes file = old;
    for (std::size_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i * (old.size() / count));
      std::ranges::copy(seeded.bytes(4096), file.begin() + at);
    }
    return file;
  };
  EXPECT_LE(size_for(old), 100u) << "identical";
  EXPECT_LE(size_for(with_changes(10)), old.size() * 2 / 100) << "1 % changed";
  EXPECT_LE(size_for(with_changes(102)), old.size() * 15 / 100) << "10 % changed";
  EXPECT_LE(size_for(seeded.bytes(old.size())), old.size() * 105 / 100) << "rewritten";
  Bytes inserted = old;
  inserted.insert(inserted.begin() + 1000000, 100, std::uint8_t{7});
  EXPECT_LE(size_for(inserted), 2000u) << "an insertion costs its block, not the rest";
}

TEST(DeltaSearch, EmptyFilesOnBothSides) {
  const SignatureShape shape{WeakKind::rabin_karp, StrongKind::blake2, 256, 16};
  const Bytes file(1000, 3);
  EXPECT_EQ(*patched({}, delta_of(signature_of(shape, {}), file, 2, [] { return std::size_t{2000}; }), 100),
            file);
  EXPECT_EQ(*patched(file, delta_of(signature_of(shape, file), {}, 2, [] { return std::size_t{2000}; }), 100),
            Bytes());
}

TEST(DeltaSearch, AlteredSignaturesNeverMakeMoreThanAWrongDelta) {
  // A signature is believed: what it leads to is a delta that can be read, and whose result has another
  // digest.
  Seeded seeded(10);
  const Bytes old = seeded.bytes(5000);
  const Bytes file = seeded.edited(old);
  const Bytes good = signature_of({WeakKind::rabin_karp, StrongKind::blake2, 128, 8}, old);
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= static_cast<std::uint8_t>(1 + seeded.below(255));
    if (!SignatureTable::make(bad)) continue;
    const Bytes delta = delta_of(bad, file, 1, [&] { return file.size() + 1; });
    static_cast<void>(patched(old, delta, 4096));
  }
}

}  // namespace
}  // namespace dcdn::delta
