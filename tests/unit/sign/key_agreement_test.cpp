#include "sign/key_agreement.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "sign/ed25519.hpp"
#include "unit/sign/hex_bytes.hpp"

namespace dcdn::sign {
namespace {

// The keys of RFC 8032 section 7.1, TEST 1 and 2; their X25519 keys as another implementation computes them.
constexpr std::string_view kSeeds[] = {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                       "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"};
constexpr std::string_view kAgreementKeys[] = {
    "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e",
    "25c704c594b88afc00a76b69d1ed2b984d7e22550f3ed0802d04fbcd07d38d47"};
constexpr std::string_view kShared = "5166f24a6918368e2af831a4affadd97af0ac326bdf143596c045967cc00230e";

TEST(KeyAgreement, Rfc7748Iterations) {
  // Section 5.2: k and u begin as 9; each time u becomes the old k, and k the result.
  Secret scalar(hex("0900000000000000000000000000000000000000000000000000000000000000"));
  AgreementKey point = AgreementKey::copy_of(scalar.view());
  for (int i = 1; i <= 1000; ++i) {
    const auto next = agree_with_scalar(scalar, point);
    ASSERT_TRUE(next);
    point = AgreementKey::copy_of(scalar.view());
    scalar = *next;
    if (i == 1) {
      EXPECT_EQ(to_hex(scalar.view()), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
  }
  EXPECT_EQ(to_hex(scalar.view()), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST(KeyAgreement, KeysThatSignAgree) {
  const auto first = SecretKey::from_seed(hex(kSeeds[0]));
  const auto second = SecretKey::from_seed(hex(kSeeds[1]));
  const auto first_public = agreement_key(first->id());
  const auto second_public = agreement_key(second->id());
  ASSERT_TRUE(first_public && second_public);
  EXPECT_EQ(to_hex(first_public->view()), kAgreementKeys[0]);
  EXPECT_EQ(to_hex(second_public->view()), kAgreementKeys[1]);
  EXPECT_EQ(to_hex(first->agree(*second_public)->view()), kShared);
  EXPECT_EQ(to_hex(second->agree(*first_public)->view()), kShared);
}

TEST(KeyAgreement, AScalarAndItsPublicKey) {
  const Secret scalar(hex(kSeeds[0]));
  const auto other = SecretKey::from_seed(hex(kSeeds[1]));
  const auto there = agree_with_scalar(scalar, *agreement_key(other->id()));
  const auto here = other->agree(public_of_scalar(scalar));
  EXPECT_EQ(to_hex(there->view()), to_hex(here->view()));
}

TEST(KeyAgreement, RefusesWhatIsNoPublicKey) {
  NodeId not_on_curve;
  not_on_curve.bytes[0] = 2;
  NodeId small_order;
  small_order.bytes[0] = 1;
  for (const NodeId& bad : {not_on_curve, small_order, NodeId{}}) {
    const auto key = agreement_key(bad);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Errc::usage);
  }
}

TEST(KeyAgreement, RefusesPointsOfSmallOrder) {
  const auto key = SecretKey::from_seed(hex(kSeeds[0]));
  AgreementKey one;
  one.bytes[0] = 1;
  for (const AgreementKey& bad : {AgreementKey{}, one}) {
    const auto shared = key->agree(bad);
    ASSERT_FALSE(shared);
    EXPECT_EQ(shared.error().code, Errc::corrupt);
  }
}

TEST(KeyAgreement, DerivedSecretsDependOnKeyPurposeAndSalt) {
  const auto first = SecretKey::from_seed(hex(kSeeds[0]));
  const auto second = SecretKey::from_seed(hex(kSeeds[1]));
  const auto text = [](const Result<Secret>& secret) { return to_hex(secret->view()); };
  const std::string base = text(first->derive("a", as_bytes("s")));
  EXPECT_EQ(base, text(first->derive("a", as_bytes("s"))));
  EXPECT_NE(base, text(first->derive("b", as_bytes("s"))));
  EXPECT_NE(base, text(first->derive("a", as_bytes("t"))));
  EXPECT_NE(base, text(second->derive("a", as_bytes("s"))));
}

}  // namespace
}  // namespace dcdn::sign
