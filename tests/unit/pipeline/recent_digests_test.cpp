#include "pipeline/recent_digests.hpp"

#include <gtest/gtest.h>

namespace dcdn::pipeline {
namespace {

Digest digest_of(std::uint8_t n) {
  Digest digest;
  digest.bytes.fill(n);
  return digest;
}

TEST(RecentDigests, RemembersAtLeastItsCapacity) {
  RecentDigests recent(4);
  for (std::uint8_t n = 0; n < 100; ++n) {
    recent.insert(digest_of(n));
    for (std::uint8_t back = 0; back < 4 && back <= n; ++back)
      EXPECT_TRUE(recent.contains(digest_of(static_cast<std::uint8_t>(n - back))));
    EXPECT_FALSE(n >= 8 && recent.contains(digest_of(static_cast<std::uint8_t>(n - 8))));
  }
}

TEST(RecentDigests, WithoutACapacityRemembersNothing) {
  RecentDigests recent(0);
  recent.insert(digest_of(1));
  EXPECT_FALSE(recent.contains(digest_of(1)));
}

}  // namespace
}  // namespace dcdn::pipeline
