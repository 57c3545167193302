#include "sign/ed25519.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/text.hpp"
#include "unit/sign/hex_bytes.hpp"

namespace dcdn::sign {
namespace {

struct Vector {
  const char* seed;
  const char* key;
  const char* message;
  const char* signature;
};

// RFC 8032 section 7.1, TEST 1, 2, 3 and SHA(abc).
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0595bbe246551"
     "41438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb4302aeeb00d"
     "291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9716ed28dc027"
     "beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d442"
     "3643ce80e2a9a"
     "c94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179"
     "c138ac17ad9be"
     "f1177331a704"},
};

NodeId key_of(std::string_view text) {
  return NodeId::copy_of(hex(text));
}
Signature signature_of(std::string_view text) {
  const Bytes bytes = hex(text);
  Signature signature{};
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  return signature;
}

TEST(Ed25519, Rfc8032Vectors) {
  for (const Vector& v : kVectors) {
    const auto key = SecretKey::from_seed(hex(v.seed));
    ASSERT_TRUE(key) << v.seed;
    EXPECT_EQ(to_hex(key->id().view()), v.key);
    const auto signature = key->sign(hex(v.message));
    ASSERT_TRUE(signature);
    EXPECT_EQ(to_hex(*signature), v.signature);
    EXPECT_TRUE(verify_ed25519(key_of(v.key), hex(v.message), signature_of(v.signature)));
  }
}

TEST(Ed25519, EveryFlippedBitOfSignatureAndKeyIsSeen) {
  const Vector& v = kVectors[2];
  for (unsigned bit = 0; bit < 512; bit += 7) {
    Signature signature = signature_of(v.signature);
    signature[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(verify_ed25519(key_of(v.key), hex(v.message), signature)) << bit;
  }
  for (unsigned bit = 0; bit < 256; bit += 5) {
    NodeId key = key_of(v.key);
    key.bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(verify_ed25519(key, hex(v.message), signature_of(v.signature))) << bit;
  }
  EXPECT_FALSE(verify_ed25519(key_of(v.key), hex("af83"), signature_of(v.signature)));
  EXPECT_FALSE(verify_ed25519(key_of(v.key), hex(""), signature_of(v.signature)));
}

// S + L verifies the same equation; RFC 8032 section 5.1.7 wants it refused.
TEST(Ed25519, RefusesSNotBelowTheGroupOrder) {
  const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  for (const Vector& v : kVectors) {
    Signature signature = signature_of(v.signature);
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      carry += signature[32 + i] + order[i];
      signature[32 + i] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    ASSERT_EQ(carry, 0u);
    EXPECT_FALSE(verify_ed25519(key_of(v.key), hex(v.message), signature));
  }
  Signature exactly_order = signature_of(kVectors[0].signature);
  std::copy(order.begin(), order.end(), exactly_order.begin() + 32);
  EXPECT_FALSE(verify_ed25519(key_of(kVectors[0].key), {}, exactly_order));
}

// With A of small order, R = identity and S = 0 fit (nearly) every message.
TEST(Ed25519, RefusesSmallOrderAndNonCanonicalKeys) {
  const char* kKeys[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  };
  Signature identity{};
  identity[0] = 1;
  for (const char* key : kKeys) {
    for (int message = 0; message < 16; ++message) {
      const Bytes text{static_cast<std::uint8_t>(message)};
      EXPECT_FALSE(verify_ed25519(key_of(key), text, identity)) << key;
    }
  }
  EXPECT_FALSE(verify_ed25519(key_of("0200000000000000000000000000000000000000000000000000000000000000"), {},
                              identity))
      << "not on the curve";
}

TEST(Ed25519, GeneratedKeysDifferAndSign) {
  const auto a = SecretKey::generate();
  const auto b = SecretKey::generate();
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->id(), b->id());
  const auto signature = a->sign(as_bytes("message"));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(verify_ed25519(a->id(), as_bytes("message"), *signature));
  EXPECT_FALSE(verify_ed25519(b->id(), as_bytes("message"), *signature));
}

TEST(Ed25519, SeedMustHave32Bytes) {
  EXPECT_EQ(SecretKey::from_seed(Bytes(31)).error().code, Errc::usage);
  EXPECT_EQ(SecretKey::from_seed(Bytes(33)).error().code, Errc::usage);
  EXPECT_EQ(SecretKey::from_seed({}).error().code, Errc::usage);
}

TEST(Ed25519, OneKeySignsOnSeveralThreads) {
  const auto key = SecretKey::from_seed(hex(kVectors[1].seed));
  ASSERT_TRUE(key);
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (std::size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto signature = key->sign(hex(kVectors[1].message));
        if (signature && to_hex(*signature) == kVectors[1].signature) ++good[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(4, 50));
}

TEST(Wipe, LeavesZerosAndAnEmptyString) {
  Bytes bytes{1, 2, 3};
  wipe(bytes);
  EXPECT_EQ(bytes, Bytes(3, 0));
  std::string text = "secret";
  wipe(text);
  EXPECT_TRUE(text.empty());
  wipe(text);
}

}  // namespace
}  // namespace dcdn::sign
