#include "work/stage.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <new>
#include <thread>
#include <vector>

namespace dcdn::work {
namespace {

TEST(Stage, DoesEverythingInOrderWithAThreadAndWithout) {
  for (const bool threaded : {false, true}) {
    std::vector<int> done;
    Stage<int> stage(threaded, 3, [&done](int& item) -> Result<void> {
      done.push_back(item);
      return {};
    });
    std::vector<int> expected;
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(stage.put(i));
      expected.push_back(i);
    }
    ASSERT_TRUE(stage.drain());
    EXPECT_EQ(done, expected) << threaded;
  }
}

TEST(Stage, AnErrorIsToldToAllThatComesLaterAndNothingMoreIsDone) {
  for (const bool threaded : {false, true}) {
    int done = 0;
    Stage<int> stage(threaded, 2, [&done](int& item) -> Result<void> {
      if (item == 5) return Error(Errc::io, "five");
      ++done;
      return {};
    });
    Result<void> put;
    for (int i = 0; i < 100 && put; ++i) put = stage.put(i);
    ASSERT_FALSE(put) << threaded;
    EXPECT_EQ(put.error().message, "five");
    EXPECT_EQ(stage.put(7).error().message, "five");
    EXPECT_EQ(stage.drain().error().message, "five");
    EXPECT_EQ(done, 5);
  }
}

TEST(Stage, HoldsNoMoreThanItMayButTakesOneItemOfAnyWeight) {
  std::latch go(1);
  std::atomic<int> begun{0};
  Stage<int> stage(true, 10, [&](int&) -> Result<void> {
    ++begun;
    go.wait();
    return {};
  });
  ASSERT_TRUE(stage.put(0, 1000));  // is being worked on
  while (begun == 0) std::this_thread::yield();
  ASSERT_TRUE(stage.put(1, 1000));  // waits
  std::atomic<bool> taken{false};
  std::thread putter([&] {
    EXPECT_TRUE(stage.put(2, 1));
    taken = true;
  });
  EXPECT_FALSE(taken);
  go.count_down();
  putter.join();
  EXPECT_TRUE(stage.drain());
  EXPECT_EQ(begun, 3);
}

TEST(Stage, WhatIsNotDrainedIsDroppedWithoutHanging) {
  std::atomic<int> done{0};
  {
    Stage<int> stage(true, 100, [&done](int&) -> Result<void> {
      ++done;
      return {};
    });
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(stage.put(i));
  }
  EXPECT_LE(done, 100);
}

TEST(Stage, WhatTheWorkThrowsIsThrownToWhoPuts) {
  for (const bool threaded : {false, true}) {
    int done = 0;
    Stage<int> stage(threaded, 2, [&done](int& item) -> Result<void> {
      if (item == 5) throw std::bad_alloc();
      ++done;
      return {};
    });
    const auto put_all = [&] {
      for (int i = 0; i < 100; ++i) ASSERT_TRUE(stage.put(i));
      ASSERT_TRUE(stage.drain());
    };
    EXPECT_THROW(put_all(), std::bad_alloc) << threaded;
    EXPECT_EQ(done, 5);
  }
}

}  // namespace
}  // namespace dcdn::work
