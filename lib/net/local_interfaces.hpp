// local_interfaces.hpp - the network interfaces of this machine and their addresses.
//
// Source   getifaddrs(3), netdevice(7)
#pragma once
#include <string>
#include <vector>

#include "net/socket_address.hpp"

namespace dcdn::net {

struct LocalInterface {
  std::string name;
  bool up = false;  ///< and with a carrier
  bool loopback = false;
  std::vector<SocketAddress> addresses;
};

/// In the kernel's order. error io.
Result<std::vector<LocalInterface>> local_interfaces();
/// not_found; the hint lists those that there are.
Error no_such_interface(const std::string& name);
/// The first address of the family on it. error not_found.
Result<SocketAddress> address_on(const std::string& name, int family);
/// Names of those that are up and have an address of the family of `remote` ("192.0.2.1:4433"), loopback only
/// for a loopback address; at most `most`.
std::vector<std::string> interfaces_towards(const std::string& remote, std::size_t most);

}  // namespace dcdn::net
