#include "delta/signature.hpp"

#include "delta/compact_signature.hpp"
#include "delta_fixture.hpp"

namespace dcdn::delta {
namespace {

constexpr SignatureShape kShape{WeakKind::rabin_karp, StrongKind::blake2, 64, 5};

TEST(Signature, BlockSizeGrowsWithTheRootOfTheFile) {
  EXPECT_EQ(choose_block_bytes(0), 256u);
  EXPECT_EQ(choose_block_bytes(1'000'000), 256u);
  EXPECT_EQ(choose_block_bytes(8'000'000), 512u);
  EXPECT_EQ(choose_block_bytes(30u << 20), 1024u);
  EXPECT_EQ(choose_block_bytes(131'000'000), 1024u);
  EXPECT_EQ(choose_block_bytes(256u << 20), 2048u);
  EXPECT_EQ(choose_block_bytes(1u << 30), 4096u);
  EXPECT_EQ(choose_block_bytes(std::uint64_t{1} << 60), 64u << 10);
  EXPECT_EQ(choose_block_bytes(std::nullopt), 2048u);
  EXPECT_EQ(choose_fine_block_bytes(0), 64u);
  EXPECT_EQ(choose_fine_block_bytes(256u << 20), 512u);
  EXPECT_EQ(choose_fine_block_bytes(1u << 30), 1024u);
  EXPECT_EQ(choose_fine_block_bytes(std::uint64_t{1} << 60), 16u << 10);
}

TEST(Signature, FewerEditsGetLargerBlocks) {
  EXPECT_EQ(block_bytes_for_edits(8'000'000, 0), 4096u);
  EXPECT_EQ(block_bytes_for_edits(8'000'000, 1), 4096u);
  EXPECT_EQ(block_bytes_for_edits(8'000'000, 20), 1024u);
  EXPECT_EQ(block_bytes_for_edits(8'000'000, 1000), 256u);
  EXPECT_EQ(block_bytes_for_edits(256u << 20, 512), 2048u);
  EXPECT_EQ(block_bytes_for_edits(0, 5), 256u);
  EXPECT_EQ(block_bytes_for_edits(std::uint64_t{1} << 60, 1), 64u << 10);
}

TEST(Signature, CompactSumsAreAsLongAsTheOddsAsk) {
  EXPECT_EQ(least_strong_bytes(1000, 256), 2u);
  EXPECT_EQ(least_strong_bytes(131'000'000, 2048), 2u);
  EXPECT_EQ(least_strong_bytes(256u << 20, 2048), 3u);
  EXPECT_EQ(compact_strong_bytes(1000, 256), 2u);
  EXPECT_EQ(compact_strong_bytes(256u << 20, 2048), 4u);
  EXPECT_EQ(compact_strong_bytes(std::uint64_t{1} << 40, 64u << 10), 6u);
}

TEST(Signature, SumsThatWereMadeToCollideAreRefused) {
  // Equal weak sums and equal first bytes of strong ones, all different: one slot for everything.
  const SignatureShape shape{WeakKind::rabin_karp, StrongKind::blake2, 64, 16};
  Bytes signature = encode_signature_header(shape);
  for (std::uint32_t block = 0; block < 200'000; ++block) {
    signature.insert(signature.end(), 4 + 12, 7);
    for (int shift = 24; shift >= 0; shift -= 8)
      signature.push_back(static_cast<std::uint8_t>(block >> shift));
  }
  const auto table = SignatureTable::make(std::move(signature));
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Errc::corrupt);
}

TEST(Signature, SlicesMakeTheWhole) {
  Seeded seeded(4);
  const Bytes file = seeded.bytes(64 * 40 + 17);
  Bytes sliced = encode_signature_header(kShape);
  for (std::size_t at = 0; at < file.size(); at += 64 * 9)
    sign_blocks(kShape, ByteView(file).subspan(at, std::min<std::size_t>(64 * 9, file.size() - at)), sliced);
  EXPECT_EQ(sliced, signature_of(kShape, file));
  EXPECT_EQ(sliced.size(), kSignatureHeader + 41 * 9);
}

TEST(Signature, FindsEveryBlockAndPrefersTheFirstOfEquals) {
  Seeded seeded(5);
  Bytes file = seeded.bytes(64 * 100);
  std::copy_n(file.begin(), 64, file.begin() + 64 * 50);
  const auto table = SignatureTable::make(signature_of(kShape, file));
  ASSERT_TRUE(table);
  for (std::uint32_t block = 0; block < 100; ++block) {
    const ByteView bytes = ByteView(file).subspan(std::size_t{block} * 64, 64);
    const std::uint32_t weak = weak_sum(kShape.weak, bytes);
    EXPECT_TRUE(table->has_weak(weak));
    const std::uint32_t first = block == 50 ? 0 : block;
    EXPECT_EQ(table->find(weak, strong_sum(kShape.strong, bytes)), first);
    EXPECT_EQ(table->first_like(block), first);
  }
}

TEST(Signature, RefusesWhatIsNone) {
  const auto code = [](Bytes bytes) {
    auto made = SignatureTable::make(std::move(bytes));
    return made ? Errc::other : made.error().code;
  };
  const Bytes good = signature_of(kShape, Bytes(1000, 7));
  EXPECT_EQ(code(good), Errc::other);
  for (std::size_t size = 0; size < good.size(); ++size)
    if (size < kSignatureHeader || (size - kSignatureHeader) % 9 != 0) {
      EXPECT_EQ(code(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))), Errc::corrupt);
    }
  for (const std::size_t at : {0, 1, 2, 3, 4, 8, 9, 10, 11}) {
    Bytes bad = good;
    bad[at] = 0xff;
    EXPECT_EQ(code(bad), Errc::corrupt) << at;
  }
  Bytes empty_blocks = good;
  std::fill_n(empty_blocks.begin() + 4, 4, std::uint8_t{0});
  EXPECT_EQ(code(empty_blocks), Errc::corrupt);
}

TEST(Signature, CompactHeaderSaysWhichFile) {
  FileId id{1234567, {}};
  id.digest.bytes.fill(9);
  Bytes header = encode_compact_header(id);
  EXPECT_EQ(header.size(), kCompactHeader);
  EXPECT_EQ(*parse_compact_header(header), id);
  EXPECT_EQ(*parse_compact_header(signature_of(kShape, {})), std::nullopt);
  EXPECT_EQ(parse_compact_header(ByteView(header).first(30)).error().code, Errc::corrupt);
  header[15] = '2';
  EXPECT_EQ(parse_compact_header(header).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace dcdn::delta
