#include "delta/weak_sum.hpp"

#include "delta_fixture.hpp"

namespace dcdn::delta {
namespace {

TEST(WeakSum, OneByteAtATimeGivesTheSame) {
  Seeded seeded(2);
  for (const std::size_t size : {0, 1, 15, 16, 63, 64, 65, 127, 128, 1000}) {
    const Bytes block = seeded.bytes(size);
    std::uint32_t sum = 1;
    for (const std::uint8_t byte : block) sum = sum * RabinKarpRoller::kMultiplier + byte;
    for (const Target target : targets_here())
      EXPECT_EQ(weak_sum(WeakKind::rabin_karp, block, target), sum) << size;
  }
}

template <class Roller>
void rolls(WeakKind kind) {
  Seeded seeded(3);
  const Bytes file = seeded.bytes(3000);
  for (const std::size_t size : {1, 2, 64, 700, 2000}) {
    Roller roller(size);
    std::uint32_t sum = weak_sum(kind, ByteView(file).first(size));
    for (std::size_t at = 1; at + size <= file.size(); ++at) {
      sum = roller.roll(sum, file[at - 1], file[at + size - 1]);
      ASSERT_EQ(sum, weak_sum(kind, ByteView(file).subspan(at, size))) << at;
    }
    for (std::size_t at = file.size() - size; at < file.size(); ++at) {
      sum = roller.shrink(sum, file[at]);
      ASSERT_EQ(sum, weak_sum(kind, ByteView(file).subspan(at + 1))) << at;
    }
  }
}

TEST(WeakSum, RabinKarpRollsAndShrinks) {
  rolls<RabinKarpRoller>(WeakKind::rabin_karp);
}
TEST(WeakSum, RollsumRollsAndShrinks) {
  rolls<RollsumRoller>(WeakKind::rollsum);
}

}  // namespace
}  // namespace dcdn::delta
