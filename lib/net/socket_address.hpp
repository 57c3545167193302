// socket_address.hpp - an IPv4 or IPv6 address with its port, as the kernel has it.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "dcdn/result.hpp"

namespace dcdn::net {

class SocketAddress {
 public:
  SocketAddress() = default;
  /// Copies what the kernel wrote; anything longer than a sockaddr_in6 is cut to an unknown address.
  static SocketAddress from_raw(const sockaddr* address, socklen_t size);
  /// 0.0.0.0 or ::, with that port.
  static SocketAddress any(int family, std::uint16_t port);

  [[nodiscard]] const sockaddr* raw() const { return &storage_.base; }
  [[nodiscard]] sockaddr* raw() { return &storage_.base; }
  [[nodiscard]] socklen_t size() const { return size_; }
  [[nodiscard]] int family() const { return storage_.base.sa_family; }
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  /// 0.0.0.0, :: or nothing at all.
  [[nodiscard]] bool is_any() const;
  /// "192.0.2.1:4433", "[2001:db8::1]:4433"; an IPv4 address inside an IPv6 one is shown as IPv4.
  [[nodiscard]] std::string text() const;
  /// Without the port: "192.0.2.1", "2001:db8::1".
  [[nodiscard]] std::string host_text() const;
  /// The same address, whatever the ports.
  [[nodiscard]] bool same_host(const SocketAddress& other) const;
  bool operator==(const SocketAddress& other) const;

 private:
  union Storage {
    sockaddr_in6 v6{};  // the largest: first, so that the whole union starts as zeros
    sockaddr_in v4;
    sockaddr base;
  } storage_;
  socklen_t size_ = 0;
};

/// Addresses to bind for "host:port", ":port" (every interface; IPv6 that takes IPv4 as well, then IPv4
/// alone). Blocks while a name is looked up. error usage, unreachable.
Result<std::vector<SocketAddress>> resolve_to_bind(const std::string& address);

}  // namespace dcdn::net
