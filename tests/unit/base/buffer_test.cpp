#include "base/buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <thread>

namespace dcdn {
namespace {

TEST(Buffer, EmptyOnesAreHarmless) {
  Buffer nothing;
  EXPECT_TRUE(nothing.empty());
  EXPECT_TRUE(nothing.view().empty());
  EXPECT_TRUE(nothing.writable().empty());
  EXPECT_TRUE(nothing.part(0, 0).empty());
  EXPECT_EQ(Buffer::allocate(0).size(), 0u);
  EXPECT_EQ(Buffer::copy_of({}).size(), 0u);
}

TEST(Buffer, CopyOfIsACopy) {
  Bytes source{1, 2, 3};
  const Buffer buffer = Buffer::copy_of(source);
  source[0] = 9;
  EXPECT_EQ(buffer.size(), 3u);
  EXPECT_EQ(buffer.view()[0], 1);
}

TEST(Buffer, CopiesAndPartsShareTheBytes) {
  Buffer whole = Buffer::copy_of(Bytes{0, 1, 2, 3, 4, 5});
  const Buffer same = whole;
  const Buffer part = whole.part(2, 3);
  const Buffer inner = part.part(1, 1);
  whole.writable()[3] = 77;
  EXPECT_EQ(same.view()[3], 77);
  EXPECT_EQ(part.view()[1], 77);
  ASSERT_EQ(inner.size(), 1u);
  EXPECT_EQ(inner.view()[0], 77);
  EXPECT_EQ(whole.first(2).size(), 2u);
  EXPECT_EQ(whole.part(6, 0).size(), 0u);
}

TEST(Buffer, APartKeepsTheBlockAlive) {
  std::optional<Buffer> whole = Buffer::copy_of(Bytes{5, 6, 7});
  const Buffer part = whole->part(2, 1);
  whole.reset();
  EXPECT_EQ(part.view()[0], 7);
}

TEST(BufferPool, GivesExactlyTheSizeAskedFor) {
  BufferPool pool(1u << 20);
  for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 100'000u, 1u << 22}) {
    Buffer buffer = pool.take(size);
    EXPECT_EQ(buffer.size(), size);
    std::ranges::fill(buffer.writable(), std::uint8_t{1});  // ASan: all of it is ours
  }
}

TEST(BufferPool, GivesABlockAgainOnceNobodyHoldsIt) {
  BufferPool pool(1u << 20);
  std::optional<Buffer> first = pool.take(5000);
  const Buffer held = first->part(10, 10);
  const auto* block = first->view().data();
  first.reset();
  EXPECT_NE(pool.take(5000).view().data(), block) << "a part still holds it";
}

TEST(BufferPool, RecyclesBlocksOfTheSameClass) {
  BufferPool pool(1u << 20);
  const std::uint8_t* block = pool.take(5000).view().data();
  EXPECT_EQ(pool.take(5120).view().data(), block);  // four sizes to every power of two
  const Buffer larger = pool.take(5121);
  EXPECT_NE(larger.view().data(), block);
}

TEST(BufferPool, ABlockOfEverySizeHoldsWhatWasAskedFor) {
  BufferPool pool(1u << 20);
  for (std::size_t size = 1; size < (1u << 16); size += 509) {
    Buffer buffer = pool.take(size);
    ASSERT_EQ(buffer.size(), size);
    std::ranges::fill(buffer.writable(), std::uint8_t{7});  // ASan tells if that is too much
  }
}

TEST(Buffer, APartFindsTheRoomBeforeIt) {
  Buffer block = Buffer::allocate(8);
  std::ranges::fill(block.writable(), std::uint8_t{1});
  const Buffer whole = block.part(3, 5).with_headroom(3);
  EXPECT_EQ(whole.view().data(), block.view().data());
  EXPECT_EQ(whole.size(), 8u);
}

TEST(BufferPool, TwoHeldBuffersNeverOverlap) {
  BufferPool pool(1u << 20);
  (void)pool.take(4096);
  Buffer one = pool.take(4096);
  Buffer two = pool.take(4096);
  std::ranges::fill(one.writable(), std::uint8_t{1});
  std::ranges::fill(two.writable(), std::uint8_t{2});
  EXPECT_TRUE(std::ranges::all_of(one.view(), [](std::uint8_t byte) { return byte == 1; }));
}

TEST(BufferPool, KeepsNoMoreThanItMay) {
  BufferPool pool(8192);  // one block of this class, not two
  std::optional<Buffer> one = pool.take(8000);
  std::optional<Buffer> two = pool.take(8000);
  const auto* kept = one->view().data();
  one.reset();
  two.reset();
  EXPECT_EQ(pool.take(8000).view().data(), kept);
}

TEST(BufferPool, BlocksMayOutliveThePool) {
  std::optional<BufferPool> pool(std::in_place, 1u << 20);
  Buffer buffer = pool->take(100);
  pool.reset();
  std::ranges::fill(buffer.writable(), std::uint8_t{3});
  EXPECT_EQ(buffer.view()[99], 3);
}

TEST(BufferPool, ServesSeveralThreads) {
  BufferPool pool(64u << 10);
  const auto work = [&pool](std::uint8_t mark, bool& intact) {
    for (int i = 0; i < 2000; ++i) {
      Buffer buffer = pool.take(4096u << (i % 3));
      std::ranges::fill(buffer.writable(), mark);
      intact = intact && std::ranges::all_of(buffer.view(), [&](std::uint8_t byte) { return byte == mark; });
    }
  };
  bool intact[2] = {true, true};
  std::thread other(work, std::uint8_t{1}, std::ref(intact[0]));
  work(2, intact[1]);
  other.join();
  EXPECT_TRUE(intact[0] && intact[1]);
}

}  // namespace
}  // namespace dcdn
