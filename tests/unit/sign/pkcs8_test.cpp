#include "sign/pkcs8.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::sign {
namespace {

// RFC 8410 section 10.3, the first example, and the public key of section 10.1.
constexpr std::string_view kRfcPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kRfcId = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

// The same with the object identifier of X25519, which signs nothing.
constexpr std::string_view kX25519Pem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VuBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";

Errc code_of(std::string_view pem, const std::optional<std::string>& passphrase = std::nullopt) {
  const auto key = SecretKey::from_pem(as_bytes(pem), passphrase);
  return key ? Errc::other : key.error().code;
}

TEST(Pkcs8, ReadsAndWritesTheRfcExample) {
  const auto key = SecretKey::from_pem(as_bytes(kRfcPem), std::nullopt);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(to_hex(key->id().view()), kRfcId);
  const auto pem = key->to_pem(std::nullopt);
  ASSERT_TRUE(pem);
  EXPECT_EQ(as_text(*pem), kRfcPem);
}

TEST(Pkcs8, PassphraseRoundTrip) {
  const auto key = SecretKey::from_pem(as_bytes(kRfcPem), std::nullopt);
  ASSERT_TRUE(key);
  for (const std::string passphrase : {"x", "correct horse battery staple", "s\xc3\xa9same", " spaces "}) {
    const auto pem = key->to_pem(passphrase);
    ASSERT_TRUE(pem) << passphrase;
    EXPECT_TRUE(as_text(*pem).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    const auto again = SecretKey::from_pem(*pem, passphrase);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->id(), key->id());
  }
}

TEST(Pkcs8, EncryptedFilesDifferEachTime) {
  const auto key = SecretKey::generate();
  ASSERT_TRUE(key);
  const auto one = key->to_pem("swordfish");
  const auto two = key->to_pem("swordfish");
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two) << "salt and iv must be fresh";
}

TEST(Pkcs8, WrongOrMissingPassphraseIsUntrusted) {
  const auto key = SecretKey::generate();
  ASSERT_TRUE(key);
  const auto pem = key->to_pem("swordfish");
  ASSERT_TRUE(pem);
  EXPECT_EQ(code_of(as_text(*pem)), Errc::untrusted);
  for (const std::string wrong : {"", "Swordfish", "swordfish ", "swordfis"})
    EXPECT_EQ(code_of(as_text(*pem), wrong), Errc::untrusted) << wrong;
}

TEST(Pkcs8, PassphrasesThatCannotWorkAreRefused) {
  const auto key = SecretKey::generate();
  ASSERT_TRUE(key);
  for (const std::string& bad : {std::string(), std::string("a\0b", 3), std::string("\xff\xfe")}) {
    const auto pem = key->to_pem(bad);
    ASSERT_FALSE(pem);
    EXPECT_EQ(pem.error().code, Errc::usage);
  }
}

TEST(Pkcs8, WhatIsNoKeyIsRefused) {
  EXPECT_EQ(code_of(""), Errc::corrupt);
  EXPECT_EQ(code_of("-----BEGIN PRIVATE KEY-----\n"), Errc::corrupt);
  EXPECT_EQ(code_of("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), Errc::corrupt);
  EXPECT_EQ(code_of("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"), Errc::corrupt);
  EXPECT_EQ(
      code_of("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "x"),
      Errc::untrusted);
  EXPECT_EQ(code_of(std::string(kMaxPemBytes + 1, 'A')), Errc::corrupt);
}

TEST(Pkcs8, AnX25519KeyIsNotTaken) {
  const Errc code = code_of(kX25519Pem);
  EXPECT_TRUE(code == Errc::unsupported || code == Errc::corrupt);
}

// GnuTLS does not mind a cut within the last line, when the key itself is whole.
TEST(Pkcs8, EveryTruncationOfTheKeyIsRefused) {
  for (std::size_t size = 0; size <= kRfcPem.find("-----END"); ++size)
    EXPECT_NE(code_of(kRfcPem.substr(0, size)), Errc::other) << size;
}

}  // namespace
}  // namespace dcdn::sign
