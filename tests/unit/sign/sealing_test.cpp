#include "sign/sealing.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "unit/sign/hex_bytes.hpp"

namespace dcdn::sign {
namespace {

TEST(Sealing, Rfc5869TestCase1) {
  const Bytes input(22, 0x0b);
  const auto key = extract(hex("000102030405060708090a0b0c"), input);
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->view()), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  const auto out = expand(*key, {hex("f0f1f2f3f4"), hex("f5f6f7f8f9")});
  ASSERT_TRUE(out);  // the first 32 of the 42 bytes there
  EXPECT_EQ(to_hex(out->view()), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

TEST(Sealing, ExtractWithoutSaltOrInput) {
  // RFC 5869 test case 3: no salt, no info.
  const auto key = extract({}, Bytes(22, 0x0b));
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->view()), "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
  const auto out = expand(*key, {});
  ASSERT_TRUE(out);
  EXPECT_EQ(to_hex(out->view()), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

// Test case 16 of the paper that defines GCM.
const Bytes kKey = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
const Bytes kPlain = hex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5"
    "aa0de657ba637b39");
const Bytes kBound = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
const std::string kSealed =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e63"
    "93ba7a0abcc9f662"
    "76fc6ece0f4e1768cddf8853bb2d551b";
constexpr Nonce kNonce{0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};

TEST(Sealing, GcmTestCase16) {
  Bytes sealed(kPlain.size() + kTagBytes);
  ASSERT_TRUE(seal(Secret(kKey), kNonce, kBound, kPlain, sealed));
  EXPECT_EQ(to_hex(sealed), kSealed);
  Bytes plain(kPlain.size());
  ASSERT_TRUE(unseal(Secret(kKey), kNonce, kBound, sealed, plain));
  EXPECT_EQ(plain, kPlain);
}

TEST(Sealing, EveryBitCounts) {
  const Bytes sealed = hex(kSealed);
  Bytes plain(kPlain.size());
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes bad = sealed;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(unseal(Secret(kKey), kNonce, kBound, bad, plain)) << bit;
  }
  Bytes bound = kBound;
  bound[0] ^= 1;
  EXPECT_FALSE(unseal(Secret(kKey), kNonce, bound, sealed, plain));
  Nonce nonce = kNonce;
  nonce[11] ^= 1;
  EXPECT_FALSE(unseal(Secret(kKey), nonce, kBound, sealed, plain));
}

TEST(Sealing, NothingCanBeSealed) {
  Bytes sealed(kTagBytes);
  ASSERT_TRUE(seal(Secret(kKey), kNonce, {}, {}, sealed));
  EXPECT_TRUE(unseal(Secret(kKey), kNonce, {}, sealed, {}));
  EXPECT_FALSE(unseal(Secret(kKey), kNonce, {}, ByteView(sealed).first(15), {}));
}

}  // namespace
}  // namespace dcdn::sign
