// thread.hpp - a thread that runs one function to its end.
#pragma once
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "dcdn/result.hpp"

namespace dcdn::work {

/// Its owner joins it.
using Thread = std::thread;

/// `what` names the work in an error.
/// error  io: the system has no thread to give
template <class Run>
Result<Thread> start_thread(const std::string& what, Run run) {
  try {
    return Thread(std::move(run));
  } catch (const std::system_error& failure) {
    return Error(Errc::io, what + ": no thread: " + failure.code().message());
  }
}

}  // namespace dcdn::work
