#include "net/socket_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "net/connection.hpp"

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

namespace {

Error bad_address(const std::string& text, const std::string& why) {
  return Error(Errc::usage, fmt::format("address {:?}: {}", text, why))
      .with_hint("write host:port, [ipv6]:port or :port");
}

Result<std::uint16_t> parse_port(const std::string& text, std::string_view digits) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc() || end != digits.data() + digits.size() || value > 65535)
    return bad_address(text, "the port must be a number from 0 to 65535");
  return static_cast<std::uint16_t>(value);
}

bool is_ipv6(const std::string& host) {
  in6_addr ignored;
  const std::string address = host.substr(0, host.find('%'));
  return inet_pton(AF_INET6, address.c_str(), &ignored) == 1;
}

}  // namespace

Result<HostPort> parse_host_port(const std::string& text, std::optional<std::uint16_t> default_port) {
  HostPort made;
  std::string_view rest;
  bool has_port = false;
  if (text.size() > 300) return bad_address(text.substr(0, 40) + "...", "too long");
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string::npos) return bad_address(text, "the bracket is not closed");
    made.host = text.substr(1, close - 1);
    if (!is_ipv6(made.host)) return bad_address(text, "what stands in brackets is not an IPv6 address");
    rest = std::string_view(text).substr(close + 1);
    if (!rest.empty() && rest.front() != ':')
      return bad_address(text, "after the bracket only :port may follow");
    has_port = !rest.empty();
    if (has_port) rest.remove_prefix(1);
  } else if (is_ipv6(text)) {
    return default_port ? Result<HostPort>(HostPort{text, *default_port})
                        : bad_address(text, "an IPv6 address with a port needs brackets");
  } else {
    const std::size_t colon = text.find(':');
    if (colon != text.rfind(':')) return bad_address(text, "an IPv6 address with a port needs brackets");
    made.host = text.substr(0, colon);
    has_port = colon != std::string::npos;
    if (has_port) rest = std::string_view(text).substr(colon + 1);
  }
  const auto odd = [](unsigned char c) { return c <= ' ' || c == 0x7f || c == '/' || c == '@'; };
  if (std::any_of(made.host.begin(), made.host.end(), odd)) return bad_address(text, "not a host name");
  if (!has_port) {
    if (!default_port) return bad_address(text, "the port is missing");
    if (made.host.empty()) return bad_address(text, "the host is missing");
    made.port = *default_port;
    return made;
  }
  DCDN_TRY(made.port, parse_port(text, rest));
  return made;
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
