#include "net/address_watch.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/unique_fd.hpp"

namespace dcdn::net {

namespace {
constexpr std::chrono::milliseconds kSettle{50};
}  // namespace

AddressWatch::AddressWatch(const asio::any_io_executor& executor, int fd, std::function<void()> changed)
    : socket_(executor, fd), settle_(executor), changed_(std::move(changed)) {}

Result<std::shared_ptr<AddressWatch>> AddressWatch::start(const asio::any_io_executor& executor,
                                                          std::function<void()> changed) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.valid()) return errno_error(errno, "netlink");
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups =
      RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0)
    return errno_error(errno, "netlink");
  auto made = std::make_shared<AddressWatch>(executor, fd.release(), std::move(changed));
  made->wait();
  return made;
}

void AddressWatch::wait() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](std::error_code failure) {
                       if (failure || !self->changed_) return;
                       self->drain();
                       self->ask_again(kSettle);
                       self->wait();
                     });
}

// What changed does not matter: the kernel is asked which address it would use now. So the messages are not
// parsed, and one that was lost in a full buffer (ENOBUFS) is as good as one that was read.
void AddressWatch::drain() {
  std::array<char, 8192> ignored;
  constexpr int kMostMessages = 256;  // a busy router's table must not keep the loop
  for (int i = 0; i < kMostMessages; ++i) {
    const ssize_t size = ::recv(socket_.native_handle(), ignored.data(), ignored.size(), 0);
    if (size <= 0 && errno != EINTR && errno != ENOBUFS) return;
  }
}

void AddressWatch::ask_again(std::chrono::milliseconds wait) {
  settle_.expires_after(wait);
  settle_.async_wait([self = shared_from_this()](std::error_code cancelled) {
    if (!cancelled && self->changed_) self->changed_();
  });
}

void AddressWatch::stop() {
  changed_ = nullptr;
  settle_.cancel();
  std::error_code ignored;
  (void)socket_.cancel(ignored);
}

}  // namespace dcdn::net
