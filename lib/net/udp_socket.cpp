#include "net/udp_socket.hpp"

#include <linux/errqueue.h>
#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/unique_fd.hpp"
#include "net/local_interfaces.hpp"

namespace dcdn::net {

namespace {

constexpr int kReceiveBufferBytes =
    8 << 20;  // 20 ms of 3 Gbit/s: what may queue while the loop does other work
constexpr int kSendBufferBytes = 4 << 20;
constexpr std::size_t kMessages = 8;
constexpr std::size_t kMessageBytes = 65536;
constexpr int kReceiveCalls = 4;  // per wake-up, then acknowledgements get their turn

void set_int(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

void set_buffer(int fd, int forced_option, int option, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, forced_option, &bytes, sizeof bytes) != 0)
    setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof bytes);
}

union ControlSpace {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint16_t))];
};

// 512 KiB for all sockets of a thread: receive() never runs inside itself.
struct ReceiveArena {
  std::array<std::array<std::uint8_t, kMessageBytes>, kMessages> bytes;
  std::array<ControlSpace, kMessages> control;
  std::array<sockaddr_in6, kMessages> source;
};

ReceiveArena& receive_arena() {
  thread_local const std::unique_ptr<ReceiveArena> arena(new ReceiveArena);
  return *arena;
}

template <class T>
T control_value(const cmsghdr* header) {
  T value{};
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

template <class T>
void add_control(msghdr& message, int level, int type, const T& value) {
  // The space was counted by the caller, so CMSG_NXTHDR is not needed: each entry follows the one before.
  auto* header = reinterpret_cast<cmsghdr*>(static_cast<char*>(message.msg_control) + message.msg_controllen);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
}

void add_source(msghdr& message, const SocketAddress& local) {
  if (local.family() == AF_INET6) {
    in6_pktinfo info{};
    info.ipi6_addr = reinterpret_cast<const sockaddr_in6*>(local.raw())->sin6_addr;
    add_control(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else {
    in_pktinfo info{};
    info.ipi_spec_dst = reinterpret_cast<const sockaddr_in*>(local.raw())->sin_addr;
    add_control(message, IPPROTO_IP, IP_PKTINFO, info);
  }
}

SocketAddress with_address(SocketAddress base, const in_addr& address) {
  if (base.family() == AF_INET) reinterpret_cast<sockaddr_in*>(base.raw())->sin_addr = address;
  return base;
}

SocketAddress with_address(SocketAddress base, const in6_addr& address) {
  if (base.family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(base.raw())->sin6_addr = address;
  return base;
}

Error bind_error(int errnum, const SocketAddress& local) {
  Error made = errno_error(errnum, local.text());
  if (errnum == EADDRINUSE) {
    made.code = Errc::locked;
    made.hint = "another program listens there; choose another port";
  }
  if (errnum == EADDRNOTAVAIL) made.hint = "this machine does not have that address";
  return made;
}

}  // namespace

UdpSocket::UdpSocket(const asio::any_io_executor& executor, int fd, bool offload)
    : descriptor_(executor, fd) {
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, kReceiveBufferBytes);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, kSendBufferBytes);
  if (!offload) return;
  const int on = 1;
  setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
  int segment = 0;
  socklen_t size = sizeof segment;
  segments_ = getsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, &size) == 0;
}

namespace {

Result<UniqueFd> open_socket(const SocketAddress& near) {
  UniqueFd fd(::socket(near.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!fd.valid()) return errno_error(errno, near.text());
  // Don't fragment, and don't trust the kernel's idea of the path MTU: QUIC finds its own (RFC 9000
  // section 14.3).
  set_int(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (near.family() == AF_INET6) set_int(fd.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  return fd;
}

SocketAddress name_of_socket(int fd) {
  sockaddr_in6 name{};
  socklen_t size = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return {};
  return SocketAddress::from_raw(reinterpret_cast<sockaddr*>(&name), size);
}

}  // namespace

Result<UdpSocket> UdpSocket::bound(const asio::any_io_executor& executor, const SocketAddress& local,
                                   bool offload) {
  DCDN_TRY(UniqueFd fd, open_socket(local));
  if (local.family() == AF_INET6) set_int(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, local.is_any() ? 0 : 1);
  if (::bind(fd.get(), local.raw(), local.size()) != 0) return bind_error(errno, local);
  const int raw = fd.release();
  UdpSocket made(executor, raw, offload);
  made.local_ = name_of_socket(raw);
  made.choose_source_ = local.is_any();
  if (made.choose_source_) {
    set_int(raw, IPPROTO_IP, IP_PKTINFO, 1);
    if (local.family() == AF_INET6) set_int(raw, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  return made;
}

namespace {

Result<void> tie_to(int fd, const std::string& interface, int family) {
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                   static_cast<socklen_t>(interface.size())) == 0)
    return {};
  if (errno != EPERM) return no_such_interface(interface);
  DCDN_TRY(const SocketAddress address, address_on(interface, family));
  if (::bind(fd, address.raw(), address.size()) != 0) return errno_error(errno, interface);
  return {};
}

}  // namespace

Result<UdpSocket> UdpSocket::connected(const asio::any_io_executor& executor, const SocketAddress& remote,
                                       bool offload, const std::string& interface) {
  DCDN_TRY(UniqueFd fd, open_socket(remote));
  if (!interface.empty()) DCDN_CHECK(tie_to(fd.get(), interface, remote.family()));
  if (::connect(fd.get(), remote.raw(), remote.size()) != 0) {
    Error made = errno_error(errno, remote.text());
    made.code = Errc::unreachable;
    return made;
  }
  const int raw = fd.release();
  // Routers that say that a packet was too long: the kernel has checked that the message is about this
  // socket.
  if (remote.family() == AF_INET6) set_int(raw, IPPROTO_IPV6, IPV6_RECVERR, 1);
  if (remote.family() == AF_INET) set_int(raw, IPPROTO_IP, IP_RECVERR, 1);
  UdpSocket made(executor, raw, offload);
  made.local_ = name_of_socket(raw);
  made.remote_ = remote;
  made.connected_ = true;
  return made;
}

void UdpSocket::deliver(const msghdr& header, std::size_t size, DatagramSink& sink) const {
  SocketAddress local = local_;
  std::size_t segment = size;
  for (cmsghdr* entry = CMSG_FIRSTHDR(&header); entry != nullptr;
       entry = CMSG_NXTHDR(const_cast<msghdr*>(&header), entry)) {
    if (entry->cmsg_level == SOL_UDP && entry->cmsg_type == UDP_GRO) {
      const int value = control_value<int>(entry);
      if (value > 0) segment = static_cast<std::size_t>(value);
    } else if (entry->cmsg_level == IPPROTO_IPV6 && entry->cmsg_type == IPV6_PKTINFO) {
      local = with_address(local, control_value<in6_pktinfo>(entry).ipi6_addr);
    } else if (entry->cmsg_level == IPPROTO_IP && entry->cmsg_type == IP_PKTINFO) {
      local = with_address(local, control_value<in_pktinfo>(entry).ipi_addr);
    }
  }
  const SocketAddress remote =
      connected_ ? remote_
                 : SocketAddress::from_raw(static_cast<const sockaddr*>(header.msg_name), header.msg_namelen);
  const ByteView all(static_cast<const std::uint8_t*>(header.msg_iov->iov_base), size);
  for (std::size_t at = 0; at < size; at += segment)
    sink.on_datagram(all.subspan(at, std::min(segment, size - at)), local, remote);
}

UdpSocket::Received UdpSocket::receive(DatagramSink& sink) {
  ReceiveArena& arena = receive_arena();
  std::array<mmsghdr, kMessages> messages;
  std::array<iovec, kMessages> vectors;
  for (int call = 0; call < kReceiveCalls; ++call) {
    for (std::size_t i = 0; i < kMessages; ++i) {
      vectors[i] = {arena.bytes[i].data(), kMessageBytes};
      msghdr& header = messages[i].msg_hdr;
      header = {};
      header.msg_name = &arena.source[i];
      header.msg_namelen = sizeof arena.source[i];
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = &arena.control[i];
      header.msg_controllen = sizeof arena.control[i];
    }
    const int count = recvmmsg(descriptor_.native_handle(), messages.data(), kMessages, 0, nullptr);
    if (count < 0) {
      if (errno == EINTR) continue;
      const int failure = errno;
      if (failure == EAGAIN || failure == EWOULDBLOCK) return Received::drained;
      const bool more = read_errors();
      if (failure == ECONNREFUSED) return Received::refused;
      if (!more) return Received::drained;  // a packet's error and not the socket's
      continue;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const bool cut = (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
      if (!cut && messages[i].msg_len > 0) deliver(messages[i].msg_hdr, messages[i].msg_len, sink);
    }
    if (static_cast<std::size_t>(count) < kMessages) return Received::drained;
  }
  return Received::more;
}

namespace {

bool is_extended_error(const cmsghdr& entry) {
  return (entry.cmsg_level == IPPROTO_IP && entry.cmsg_type == IP_RECVERR) ||
         (entry.cmsg_level == IPPROTO_IPV6 && entry.cmsg_type == IPV6_RECVERR);
}

std::size_t payload_of(std::size_t mtu, int family) {
  const std::size_t headers = family == AF_INET6 ? 48 : 28;
  return mtu > headers ? mtu - headers : 0;
}

}  // namespace

// What routers and the kernel had to say. False: nothing.
bool UdpSocket::read_errors() {
  constexpr int kMost = 16;
  int count = 0;
  for (; count < kMost; ++count) {
    TooLong told;
    alignas(cmsghdr) std::array<char, 512> control;
    iovec vector{told.quoted.data(), told.quoted.size()};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t quoted = ::recvmsg(descriptor_.native_handle(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (quoted < 0) break;
    told.quoted_bytes = static_cast<std::size_t>(quoted);
    for (cmsghdr* entry = CMSG_FIRSTHDR(&message); entry != nullptr; entry = CMSG_NXTHDR(&message, entry)) {
      if (!is_extended_error(*entry)) continue;
      const auto error = control_value<sock_extended_err>(entry);
      if (error.ee_errno == ECONNREFUSED) refused_ = true;
      if (error.ee_errno != EMSGSIZE) continue;
      told.is_local = error.ee_origin == SO_EE_ORIGIN_LOCAL;
      told.fits = payload_of(error.ee_info, local_.family());
      too_long_ = told;
    }
  }
  return count > 0;
}

int UdpSocket::send_once(const DatagramBatch& batch, std::size_t bytes, bool segmented) {
  iovec vector{const_cast<std::uint8_t*>(batch.bytes.data()), bytes};
  ControlSpace control{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  if (!connected_) {
    message.msg_name = const_cast<sockaddr*>(batch.remote.raw());
    message.msg_namelen = batch.remote.size();
    if (choose_source_ && !batch.local.is_any()) add_source(message, batch.local);
  }
  if (segmented) add_control(message, SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(batch.segment));
  if (message.msg_controllen == 0) message.msg_control = nullptr;
  while (::sendmsg(descriptor_.native_handle(), &message, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// Why the beginning of `batch` did not leave. True: it is to be tried again.
bool UdpSocket::find_out_why(int failure, const DatagramBatch& batch, bool segmented) {
  const bool told = read_errors();
  if (failure == EMSGSIZE) {
    // By a router, it is about an earlier packet; by the kernel, about this one.
    if (told && too_long_ && !too_long_->is_local) return true;
    if (!too_long_) too_long_ = TooLong{.is_local = true};
    too_long_->sent = batch.segment;
    return false;
  }
  if (segmented && (failure == EIO || failure == EINVAL || failure == EOPNOTSUPP || failure == ENOPROTOOPT)) {
    // A segment that is too long is invalid too. Else there is no checksum offload on this path, or the
    // kernel does not know UDP_SEGMENT.
    const int alone = send_once(batch, batch.segment, false);
    if (alone == EMSGSIZE) return find_out_why(alone, batch, false);
    segments_ = false;
    return true;
  }
  return told;
}

Sent UdpSocket::send(DatagramBatch& batch) {
  constexpr int kTries = 3;
  int failures = 0;
  while (!batch.bytes.empty()) {
    const bool segmented = segments_ && batch.bytes.size() > batch.segment;
    const std::size_t bytes = segmented ? batch.bytes.size() : std::min(batch.segment, batch.bytes.size());
    const int failure = send_once(batch, bytes, segmented);
    if (failure == EAGAIN || failure == EWOULDBLOCK) return Sent::blocked;
    if (failure == ECONNREFUSED) {
      refused_ = true;
      read_errors();
      if (++failures == 1) continue;  // it tells of an earlier packet; this one was not tried
    } else if (failure != 0 && find_out_why(failure, batch, segmented) && ++failures <= kTries) {
      continue;
    }
    batch.bytes = batch.bytes.subspan(bytes);
  }
  return Sent::all;
}

}  // namespace dcdn::net
