#include "net/socket_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "net/host_port.hpp"

namespace dcdn::net {

SocketAddress SocketAddress::from_raw(const sockaddr* address, socklen_t size) {
  SocketAddress made;
  if (size < sizeof(sockaddr_in) || size > sizeof made.storage_.v6) return made;
  std::memcpy(&made.storage_.v6, address, size);
  made.size_ = size;
  return made;
}

SocketAddress SocketAddress::any(int family, std::uint16_t port) {
  SocketAddress made;
  made.storage_.base.sa_family = static_cast<sa_family_t>(family);
  made.size_ = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  made.set_port(port);
  return made;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  return family() == AF_INET6 ? ntohs(storage_.v6.sin6_port) : std::uint16_t{0};
}

void SocketAddress::set_port(std::uint16_t port) {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

bool SocketAddress::is_any() const {
  if (family() == AF_INET) return storage_.v4.sin_addr.s_addr == htonl(INADDR_ANY);
  return family() != AF_INET6 || IN6_IS_ADDR_UNSPECIFIED(&storage_.v6.sin6_addr);
}

std::string SocketAddress::host_text() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &storage_.v4.sin_addr, buffer, sizeof buffer);
  } else if (family() != AF_INET6) {
    return "unknown";
  } else if (IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr)) {
    inet_ntop(AF_INET, storage_.v6.sin6_addr.s6_addr + 12, buffer, sizeof buffer);
  } else {
    inet_ntop(AF_INET6, &storage_.v6.sin6_addr, buffer, sizeof buffer);
  }
  return buffer;
}

std::string SocketAddress::text() const {
  if (family() != AF_INET && family() != AF_INET6) return "unknown";
  const std::string host = host_text();
  return fmt::format(fmt::runtime(host.find(':') == std::string::npos ? "{}:{}" : "[{}]:{}"), host, port());
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  return port() == other.port() && same_host(other);
}

bool SocketAddress::same_host(const SocketAddress& other) const {
  if (family() != other.family()) return false;
  if (family() == AF_INET) return storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr;
  return std::memcmp(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0;
}

Result<std::vector<SocketAddress>> resolve_to_bind(const std::string& address) {
  DCDN_TRY(const HostPort wanted, parse_host_port(address, std::nullopt));
  std::vector<SocketAddress> found;
  if (wanted.host.empty()) {
    found.push_back(SocketAddress::any(AF_INET6, wanted.port));
    found.push_back(SocketAddress::any(AF_INET, wanted.port));
    return found;
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  if (const int failure = getaddrinfo(wanted.host.c_str(), nullptr, &hints, &list); failure != 0)
    return Error(Errc::unreachable, fmt::format("{}: {}", wanted.host, gai_strerror(failure)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    SocketAddress made = SocketAddress::from_raw(entry->ai_addr, entry->ai_addrlen);
    made.set_port(wanted.port);
    if (std::find(found.begin(), found.end(), made) == found.end()) found.push_back(made);
  }
  return found;
}

}  // namespace dcdn::net
