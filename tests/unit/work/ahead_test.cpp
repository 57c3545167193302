#include "work/ahead.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include "work/thread.hpp"

namespace dcdn::work {
namespace {

TEST(Ahead, RunsOnAnotherThreadAndHandsOverWhatOnlyMoves) {
  auto ahead =
      start_ahead([mine = std::make_unique<int>(7)] { return std::pair(*mine, std::this_thread::get_id()); });
  const auto [value, thread] = ahead.get();
  EXPECT_EQ(value, 7);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(Ahead, ThrowsWhereItIsAsked) {
  auto ahead = start_ahead([]() -> int { throw std::runtime_error("bad"); });
  EXPECT_THROW(ahead.get(), std::runtime_error);
}

TEST(Ahead, LaterRunsHereAndIsNeverReadyBefore) {
  auto later = start_later([] { return std::this_thread::get_id(); });
  EXPECT_FALSE(is_ready(later));
  EXPECT_EQ(later.get(), std::this_thread::get_id());
}

TEST(Thread, RunsToItsEnd) {
  int ran = 0;
  auto thread = start_thread("test", [&ran] { ran = 1; });
  ASSERT_TRUE(thread);
  thread->join();
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace dcdn::work
