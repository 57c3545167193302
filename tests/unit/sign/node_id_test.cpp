#include <gtest/gtest.h>

#include <algorithm>

#include "base/checksum.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::sign {
namespace {

NodeId id_of(std::string_view hex) {
  return NodeId::copy_of(from_hex(hex, 32).value());
}

Error error_of(std::string_view text) {
  const auto id = parse_node_id(text);
  return id ? Error(Errc::internal, "accepted") : id.error();
}

const NodeId kRfcKey = id_of("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");

TEST(NodeIdText, IsBase32WithTheTopOfTheChecksum) {
  const std::string text = to_text(kRfcKey);
  // The first 52 digits as `xxd -r -p | base32` prints them.
  EXPECT_EQ(text.substr(0, 57), "dcdn125njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkena");
  ASSERT_EQ(text.size(), 61u);
  const std::uint64_t sum = xxh3_64(kRfcKey.view());
  const std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(text[57 + i], alphabet[(sum >> (59 - 5 * i)) & 31]);
}

TEST(NodeIdText, RoundTrips) {
  for (int i = 0; i < 200; ++i) {
    NodeId id;
    random_bytes(id.bytes);
    const auto again = parse_node_id(to_text(id));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, id);
  }
  for (const std::uint8_t fill : {0x00, 0xff, 0x80, 0x01}) {
    NodeId id;
    id.bytes.fill(fill);
    const auto again = parse_node_id(to_text(id));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, id);
  }
}

TEST(NodeIdText, UpperCaseAndHexadecimalAreTaken) {
  std::string text = to_text(kRfcKey);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::toupper(c)); });
  EXPECT_EQ(*parse_node_id(text), kRfcKey);
  EXPECT_EQ(*parse_node_id(to_hex(kRfcKey.view())), kRfcKey);
  EXPECT_EQ(*parse_node_id("D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A"), kRfcKey);
}

TEST(NodeIdText, EverySingleTypingErrorIsSeen) {
  const std::string good = to_text(kRfcKey);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char c : std::string_view("abyz27")) {
      if (good[at] == c) continue;
      std::string bad = good;
      bad[at] = c;
      EXPECT_FALSE(parse_node_id(bad)) << bad;
    }
  }
  for (std::size_t at = 5; at + 1 < good.size(); ++at) {
    std::string swapped = good;
    std::swap(swapped[at], swapped[at + 1]);
    if (swapped == good) continue;
    EXPECT_FALSE(parse_node_id(swapped)) << swapped;
  }
}

TEST(NodeIdText, ErrorsNameWhatIsWrong) {
  const std::string good = to_text(kRfcKey);
  EXPECT_NE(error_of(good.substr(0, 60)).message.find("60 characters, not 61"), std::string::npos);
  EXPECT_NE(error_of(good + "a").message.find("62 characters, not 61"), std::string::npos);
  std::string bad = good;
  bad[9] = '0';
  EXPECT_NE(error_of(bad).message.find("character 10 is \"0\""), std::string::npos);
  bad = good;
  bad[20] = bad[20] == 'a' ? 'b' : 'a';
  EXPECT_NE(error_of(bad).message.find("checksum"), std::string::npos);
  for (const std::string& other :
       {std::string(), std::string("dcdn"), std::string("hq"), std::string(64, 'g'), std::string(63, '0'),
        std::string(100000, 'x'), " " + good}) {
    EXPECT_EQ(error_of(other).code, Errc::usage);
    EXPECT_LT(error_of(other).message.size(), 200u);
  }
}

TEST(NodeIdText, ControlCharactersDoNotReachTheMessage) {
  for (const std::string& hostile : {std::string("\x1b[31mred"), "dcdn1" + std::string(56, '\x1b')})
    EXPECT_EQ(error_of(hostile).message.find('\x1b'), std::string::npos);
}

TEST(NodeIdText, PaddingBitsMustBeZero) {
  // The last key digit holds one bit of key and four of padding.
  std::string text = to_text(kRfcKey);
  const std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  text[56] = alphabet[alphabet.find(text[56]) | 1];
  EXPECT_FALSE(parse_node_id(text));
}

TEST(NodeIdText, ShortTextIsTheStart) {
  const std::string shortened = short_text(kRfcKey);
  EXPECT_EQ(shortened.size(), 13u);
  EXPECT_TRUE(to_text(kRfcKey).starts_with(shortened));
}

}  // namespace
}  // namespace dcdn::sign
