// link_options.hpp - a link as netsim's command line describes it: a named profile and what overrides it.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcdn/result.hpp"
#include "netsim/channel.hpp"

namespace dcdn::netsim {

struct LinkOptions {
  ChannelOptions forth;  ///< near to far
  ChannelOptions back;
  std::uint64_t seed = 1;
};

struct Profile {
  std::string_view name;
  std::string_view summary;
  LinkOptions link;
};

const std::vector<Profile>& profiles();
Result<LinkOptions> find_profile(std::string_view name);

struct LinkOption {
  std::string_view name;  ///< "--rate"; "--back-rate" is the same for the way back alone
  std::string_view value;
  std::string_view summary;
};
/// The options that set_option knows, for --help.
std::span<const LinkOption> link_options();
/// True if the name, with or without "back-", is one of link_options.
bool is_link_option(std::string_view name);
/// "--rate", "10mbit": both directions; "--back-rate": only far to near. Order matters: a later one wins.
Result<void> set_option(LinkOptions& link, std::string_view name, std::string_view value);

}  // namespace dcdn::netsim
