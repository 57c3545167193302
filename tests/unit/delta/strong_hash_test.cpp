#include "delta/strong_hash.hpp"

#include "base/text.hpp"
#include "delta_fixture.hpp"

namespace dcdn::delta {
namespace {

std::string hex(StrongKind kind, std::string_view text) {
  return to_hex(ByteView(strong_sum(kind, as_bytes(text))).first(strong_size(kind)));
}

TEST(StrongHash, KnownSums) {
  EXPECT_EQ(hex(StrongKind::blake2, ""), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(hex(StrongKind::blake2, "abc"),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  // RFC 1320, appendix A.5
  EXPECT_EQ(hex(StrongKind::md4, ""), "31d6cfe0d16ae931b73c59d7e0c089c0");
  EXPECT_EQ(hex(StrongKind::md4, "abc"), "a448017aaf21d8525fc10ae87aa6729d");
  EXPECT_EQ(hex(StrongKind::md4,
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "e33b4ddc9c38f2199c3e7b164fcc0536");
}

TEST(StrongHash, ManyBlocksAtOnceHaveTheSumsOfEachAlone) {
  Seeded seeded(1);
  for (const StrongKind kind : {StrongKind::blake2, StrongKind::md4})
    for (const std::size_t size : {1, 55, 56, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 4096})
      for (std::size_t count = 1; count <= kStrongLanes; ++count) {
        std::vector<Bytes> blocks;
        const std::uint8_t* at[kStrongLanes];
        for (std::size_t i = 0; i < count; ++i) blocks.push_back(seeded.bytes(size));
        for (std::size_t i = 0; i < count; ++i) at[i] = blocks[i].data();
        for (const Target target : targets_here()) {
          StrongSum sums[kStrongLanes];
          strong_sums(kind, at, count, size, sums, target);
          for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(sums[i], strong_sum(kind, blocks[i])) << size;
        }
      }
}

}  // namespace
}  // namespace dcdn::delta
