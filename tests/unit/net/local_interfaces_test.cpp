#include "net/local_interfaces.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace dcdn::net {
namespace {

TEST(LocalInterfaces, LoopbackIsOne) {
  const auto all = local_interfaces();
  ASSERT_TRUE(all.has_value());
  const auto lo = std::find_if(all->begin(), all->end(), [](const auto& each) { return each.name == "lo"; });
  ASSERT_NE(lo, all->end());
  EXPECT_TRUE(lo->loopback);
  const auto v4 = std::find_if(lo->addresses.begin(), lo->addresses.end(),
                               [](const auto& each) { return each.family() == AF_INET; });
  ASSERT_NE(v4, lo->addresses.end());
  EXPECT_EQ(v4->host_text(), "127.0.0.1");
}

TEST(LocalInterfaces, LoopbackLeadsToThisMachineOnly) {
  EXPECT_EQ(interfaces_towards("127.0.0.1:4433", 10), std::vector<std::string>{"lo"});
  for (const std::string& name : interfaces_towards("192.0.2.1:4433", 10)) EXPECT_NE(name, "lo");
  EXPECT_TRUE(interfaces_towards("127.0.0.1:4433", 0).empty());
}

TEST(LocalInterfaces, OnesThatDoNotExistAreNamedWithThoseThatDo) {
  EXPECT_EQ(address_on("nosuch0", AF_INET).error().code, Errc::not_found);
  EXPECT_EQ(address_on("lo", AF_INET)->host_text(), "127.0.0.1");
  EXPECT_NE(no_such_interface("nosuch0").hint.find("lo"), std::string::npos);
}

}  // namespace
}  // namespace dcdn::net
