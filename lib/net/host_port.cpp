#include "net/host_port.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace dcdn::net {

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

}  // namespace dcdn::net
