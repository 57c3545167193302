#include "net/local_interfaces.hpp"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace dcdn::net {

namespace {

// fe80::/10 leads to neighbours only; a peer is rarely one, and dialling needs a zone then.
bool is_link_local(const SocketAddress& address) {
  if (address.family() != AF_INET6) return false;
  return IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr);
}

bool has_family(const LocalInterface& interface, int family) {
  return std::any_of(interface.addresses.begin(), interface.addresses.end(), [&](const SocketAddress& each) {
    return each.family() == family && !is_link_local(each);
  });
}

}  // namespace

Result<std::vector<LocalInterface>> local_interfaces() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return errno_error(errno, "getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  std::vector<LocalInterface> found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    auto known = std::find_if(found.begin(), found.end(),
                              [&](const LocalInterface& each) { return each.name == entry->ifa_name; });
    if (known == found.end()) {
      const bool up = (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_RUNNING) != 0;
      found.push_back({entry->ifa_name, up, (entry->ifa_flags & IFF_LOOPBACK) != 0, {}});
      known = found.end() - 1;
    }
    if (entry->ifa_addr == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    known->addresses.push_back(SocketAddress::from_raw(entry->ifa_addr, size));
  }
  return found;
}

Error no_such_interface(const std::string& name) {
  std::string names;
  if (const auto all = local_interfaces())
    for (const LocalInterface& each : *all) names += (names.empty() ? "" : ", ") + each.name;
  return Error(Errc::not_found, name + ": no such network interface").with_hint("this machine has " + names);
}

Result<SocketAddress> address_on(const std::string& name, int family) {
  DCDN_TRY(const auto all, local_interfaces());
  for (const LocalInterface& each : all) {
    if (each.name != name) continue;
    for (SocketAddress address : each.addresses) {
      if (address.family() != family || is_link_local(address)) continue;
      address.set_port(0);
      return address;
    }
    return Error(Errc::not_found, name + ": has no address towards the destination");
  }
  return no_such_interface(name);
}

std::vector<std::string> interfaces_towards(const std::string& remote, std::size_t most) {
  const int family = remote.starts_with('[') ? AF_INET6 : AF_INET;
  const bool to_itself = remote.starts_with("127.") || remote.starts_with("[::1]");
  std::vector<std::string> names;
  const auto all = local_interfaces();
  if (!all) return names;
  for (const LocalInterface& each : *all) {
    const bool fits = each.up && each.loopback == to_itself && has_family(each, family);
    if (fits && names.size() < most) names.push_back(each.name);
  }
  return names;
}

}  // namespace dcdn::net
