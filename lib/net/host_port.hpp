// host_port.hpp - an address as a person writes it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "dcdn/result.hpp"

namespace dcdn::net {

/// "host:port" split and checked; default_port when none is given. error usage.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
Result<HostPort> parse_host_port(const std::string& text, std::optional<std::uint16_t> default_port);

}  // namespace dcdn::net
