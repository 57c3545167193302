#include "sign/key_chain.hpp"

#include <gtest/gtest.h>

namespace dcdn::sign {
namespace {

SecretKey numbered_key(std::uint8_t number) {
  return *SecretKey::from_seed(Bytes(32, number));
}

KeyHistory chain_of(std::uint8_t keys) {
  KeyHistory history;
  for (std::uint8_t i = 1; i < keys; ++i)
    EXPECT_TRUE(history.learn(KeyStatement(*make_rotation(numbered_key(i), numbered_key(i + 1), i, 5))));
  return history;
}

TEST(KeyChain, IsReadAsItWasWritten) {
  const auto names = chain_names(chain_of(4), numbered_key(4).id());
  ASSERT_EQ(names.size(), 3u);
  const auto chain = parse_chain_names(names, numbered_key(4).id());
  ASSERT_EQ(chain.size(), 3u);
  EXPECT_EQ(chain.front().old_key, numbered_key(1).id());
  for (const KeyRotation& rotation : chain) EXPECT_TRUE(verify(KeyStatement(rotation)));
  EXPECT_TRUE(chain_names(chain_of(4), numbered_key(1).id()).empty()) << "a first key";
}

TEST(KeyChain, ALongOneKeepsItsEnd) {
  const auto names = chain_names(chain_of(60), numbered_key(60).id());
  EXPECT_EQ(names.size(), kMostInCertificate);
  EXPECT_EQ(parse_chain_names(names, numbered_key(60).id()).back().new_key, numbered_key(60).id());
}

TEST(KeyChain, WhatIsNoChainToThisKeyIsNothing) {
  const NodeId end = numbered_key(4).id();
  const auto good = chain_names(chain_of(4), end);
  EXPECT_TRUE(parse_chain_names(good, numbered_key(3).id()).empty()) << "somebody else's";
  EXPECT_TRUE(parse_chain_names({good[0], good[2]}, end).empty()) << "a link is missing";
  EXPECT_TRUE(parse_chain_names({good[1], good[0]}, end).empty()) << "another order";
  EXPECT_TRUE(parse_chain_names({"dcdn:rotation:", "dcdn:rotation:!!"}, end).empty());
  EXPECT_TRUE(parse_chain_names({good[2] + "AA"}, end).empty());
  EXPECT_TRUE(parse_chain_names(std::vector<std::string>(kMostInCertificate + 1, good[2]), end).empty());
  EXPECT_EQ(parse_chain_names({"https://example.org", good[2]}, end).size(), 1u) << "other names say nothing";
}

}  // namespace
}  // namespace dcdn::sign
