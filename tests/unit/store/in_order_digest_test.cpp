#include "store/in_order_digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "support/object_maker.hpp"

namespace dcdn::store {
namespace {

// A file of ten pieces, some of them holes, and a record of what was read back.
class InOrderDigestTest : public ::testing::Test {
 protected:
  InOrderDigestTest() {
    digest::Hasher data;
    for (std::size_t piece = 0; piece < kPieces; ++piece)
      if (!is_hole(piece)) data.update(ByteView(content_).subspan(piece * kPiece, kPiece));
    right_ = data.digest();
    expect_all();
  }
  void expect_all() {
    for (std::size_t piece = 0; piece < kPieces; ++piece)
      if (!is_hole(piece)) digest_.expect(piece * kPiece, kPiece);
  }
  static constexpr std::size_t kPieces = 10;
  static constexpr std::size_t kPiece = 3000;
  static bool is_hole(std::size_t piece) { return piece == 1 || piece == 4; }
  void write(std::size_t piece) {
    digest_.written(piece * kPiece, ByteView(content_).subspan(piece * kPiece, kPiece));
  }
  Result<void> catch_up(std::uint64_t budget) {
    return digest_.catch_up(budget, [this](std::uint64_t offset, MutableByteView into) -> Result<void> {
      read_back_ += into.size();
      std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
      return {};
    });
  }
  Bytes content_ = test::pattern(kPieces * kPiece, 1);
  Digest right_;
  InOrderDigest digest_;
  std::uint64_t read_back_ = 0;
};

TEST_F(InOrderDigestTest, InOrderReadsNothingBack) {
  for (std::size_t piece = 0; piece < kPieces; ++piece) {
    EXPECT_FALSE(digest_.caught_up());
    if (!is_hole(piece)) write(piece);
    ASSERT_TRUE(catch_up(1));
  }
  EXPECT_TRUE(digest_.caught_up());
  EXPECT_EQ(digest_.digest(), right_);
  EXPECT_EQ(read_back_, 0u);
}

TEST_F(InOrderDigestTest, AnyOrderGivesTheSameDigest) {
  std::vector<std::size_t> order(kPieces);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    digest_ = InOrderDigest();
    expect_all();
    for (const std::size_t piece : order) {
      if (!is_hole(piece)) write(piece);
      ASSERT_TRUE(catch_up(seed % 2 == 0 ? ~std::uint64_t{0} : 1));
    }
    ASSERT_TRUE(catch_up(~std::uint64_t{0}));
    EXPECT_TRUE(digest_.caught_up()) << "seed " << seed;
    EXPECT_EQ(digest_.digest(), right_) << "seed " << seed;
  }
}

TEST_F(InOrderDigestTest, BudgetIsKept) {
  for (std::size_t piece = kPieces; piece-- > 0;)
    if (!is_hole(piece)) write(piece);
  for (std::uint64_t calls = 1; calls <= 7; ++calls) {
    ASSERT_TRUE(catch_up(1));  // at least one piece a call, or it would never end
    EXPECT_EQ(read_back_, calls * kPiece);
  }
  EXPECT_TRUE(digest_.caught_up());
  EXPECT_EQ(digest_.digest(), right_);
}

TEST_F(InOrderDigestTest, AReadThatFailsIsToldAndTheRestStays) {
  write(2);
  write(0);
  const auto failed = digest_.catch_up(~std::uint64_t{0}, [](std::uint64_t, MutableByteView) -> Result<void> {
    return Error(Errc::io, "cannot read");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::io);
  EXPECT_FALSE(digest_.caught_up());
}

TEST_F(InOrderDigestTest, UnknownOffsetsAreIgnored) {
  digest_.written(1, ByteView(content_).first(10));
  digest_.written(kPieces * kPiece, ByteView(content_).first(10));
  for (std::size_t piece = 0; piece < kPieces; ++piece)
    if (!is_hole(piece)) write(piece);
  EXPECT_EQ(digest_.digest(), right_);
}

}  // namespace
}  // namespace dcdn::store
