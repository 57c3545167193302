#include "work/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace dcdn::work {
namespace {

TEST(WorkerPool, TwoCallersAtOnceBothGetAllTheirJobsDoneOnce) {
  WorkerPool pool(3);
  const auto call = [&pool] {
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> ran(17);
      pool.run(ran.size(), [&ran](std::size_t i) { ++ran[i]; });
      for (const auto& count : ran) EXPECT_EQ(count, 1);
    }
  };
  std::thread other(call);
  call();
  other.join();
}

// Two jobs that wait for each other, so that one is the caller's and one a helper's. Each says where it runs.
void run_pair(WorkerPool& pool, const std::function<void(bool of_caller)>& work) {
  const auto caller = std::this_thread::get_id();
  std::latch both(2);
  pool.run(2, [&](std::size_t) {
    both.arrive_and_wait();
    work(std::this_thread::get_id() == caller);
  });
}

std::string thrown_by(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(WorkerPool, WhatAJobThrowsIsThrownWhenNoneRunsAnyMore) {
  WorkerPool pool(2);
  for (int round = 0; round < 100; ++round) {
    for (const bool by_caller : {true, false}) {
      std::atomic<int> left{2};
      EXPECT_EQ(thrown_by([&] {
                  run_pair(pool, [&](bool of_caller) {
                    if (of_caller != by_caller) std::this_thread::yield();
                    --left;
                    if (of_caller == by_caller) throw std::runtime_error("one");
                  });
                }),
                "one");
      EXPECT_EQ(left, 0);
    }
  }
}

TEST(WorkerPool, OfTwoThatThrowOneIsToldAndThePoolWorksOn) {
  WorkerPool pool(2);
  for (int round = 0; round < 100; ++round) {
    EXPECT_EQ(thrown_by([&] { run_pair(pool, [](bool) { throw std::runtime_error("both"); }); }), "both");
    int callers = 0;
    run_pair(pool, [&](bool of_caller) { callers += of_caller ? 1 : 0; });
    EXPECT_EQ(callers, 1);
  }
}

TEST(WorkerPool, NothingIsBegunAfterAJobThrew) {
  WorkerPool pool(1);
  int begun = 0;
  EXPECT_THROW(pool.run(10,
                        [&](std::size_t i) {
                          ++begun;
                          if (i == 3) throw std::bad_alloc();
                        }),
               std::bad_alloc);
  EXPECT_EQ(begun, 4);
}

TEST(WorkerPool, AThreadThatCannotBeHadIsDoneWithout) {
  for (const int to_be_had : {0, 1}) {
    int made = 0;
    WorkerPool pool(4, [&](std::function<void()> run) {
      if (made == to_be_had)
        throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
      ++made;
      return std::thread(std::move(run));
    });
    EXPECT_EQ(pool.helpers(), static_cast<std::size_t>(to_be_had));
    std::vector<std::atomic<int>> ran(100);
    pool.run(ran.size(), [&ran](std::size_t i) { ++ran[i]; });
    for (const auto& count : ran) EXPECT_EQ(count, 1);
  }
}

TEST(WorkerPool, NoJobsAreDoneAtOnce) {
  WorkerPool pool(2);
  pool.run(0, [](std::size_t) { FAIL(); });
}

TEST(WorkerPool, NoMoreThreadsAreInJobsThanMayBeAtOnce) {
  WorkerPool pool(4);
  for (const std::size_t at_once : {1u, 2u, 3u, 100u}) {
    std::atomic<std::size_t> inside = 0;
    std::atomic<std::size_t> most = 0;
    std::atomic<std::size_t> done = 0;
    pool.run(
        40,
        [&](std::size_t) {
          const std::size_t now = ++inside;
          for (std::size_t known = most; known < now && !most.compare_exchange_weak(known, now);) {
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
          --inside;
          ++done;
        },
        at_once);
    EXPECT_EQ(done, 40u);
    EXPECT_LE(most, at_once);
    EXPECT_EQ(most > 1, at_once > 1) << "and as many as may";
  }
}

TEST(WorkerPool, ManyCallersOfWhichSomeThrow) {
  WorkerPool pool(3);
  const auto call = [&pool](bool throws) {
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> ran{0};
      const std::string said = thrown_by([&] {
        pool.run(20, [&](std::size_t i) {
          ++ran;
          if (throws && i == 5) throw std::runtime_error("five");
        });
      });
      EXPECT_EQ(said, throws ? "five" : "nothing");
      EXPECT_GE(ran, throws ? 6 : 20);
      EXPECT_LE(ran, 20);
    }
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back(call, i % 2 == 0);
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace dcdn::work
