// address_watch.hpp - tells when the addresses or routes of this machine change.
//
// Source   rtnetlink(7); RFC 9000 section 9 (why a client wants to know)
// Threads  one loop thread
#pragma once
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "dcdn/result.hpp"

namespace dcdn::net {

class AddressWatch : public std::enable_shared_from_this<AddressWatch> {
 public:
  /// `changed` is called on the executor once a burst of changes has settled (one moved interface is several
  /// messages of the kernel), until stop(). error io, permission: the kernel offers no such socket.
  static Result<std::shared_ptr<AddressWatch>> start(const asio::any_io_executor& executor,
                                                     std::function<void()> changed);
  /// Calls `changed` once more after `wait`, as if something had changed: for one who could not act on it.
  void ask_again(std::chrono::milliseconds wait);
  void stop();

  AddressWatch(const asio::any_io_executor& executor, int fd, std::function<void()> changed);

 private:
  void wait();
  void drain();

  asio::posix::stream_descriptor socket_;
  asio::steady_timer settle_;
  std::function<void()> changed_;
};

}  // namespace dcdn::net
