// ahead.hpp - one result that another thread works out meanwhile.
#pragma once
#include <chrono>
#include <future>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace dcdn::work {

/// get() gives the result, once, or throws what the job threw. The destructor waits for the job, which may
/// therefore use what outlives this.
template <class Value>
using Ahead = std::future<Value>;

/// Where the system has no thread to give, get() or wait() runs the job.
template <class Job>
Ahead<std::invoke_result_t<Job>> start_ahead(Job job) {
  const auto kept = std::make_shared<Job>(std::move(job));
  const auto run = [kept] { return (*kept)(); };
  try {
    return std::async(std::launch::async, run);
  } catch (const std::system_error&) {
    return std::async(std::launch::deferred, run);
  }
}

/// The same on this thread, in get() or wait().
template <class Job>
Ahead<std::invoke_result_t<Job>> start_later(Job job) {
  return std::async(std::launch::deferred, std::move(job));
}

/// Whether get() would not wait, nor work.
template <class Value>
bool is_ready(const Ahead<Value>& ahead) {
  return ahead.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace dcdn::work
