#include "sign/spoken.hpp"

#include <gtest/gtest.h>

#include <random>

#include "sign/base32.hpp"
#include "sign/qr_text.hpp"

namespace dcdn::sign {
namespace {

using Fingerprint = std::array<std::uint8_t, kFingerprintBytes>;

Fingerprint random_fingerprint(std::mt19937& random) {
  Fingerprint bytes{};
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(Spoken, WordsAndBackInWhateverSpelling) {
  EXPECT_EQ(spoken_words(Fingerprint{}), "babab-babab-babab-babab-babab-babab-babab-babab-babab");
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    const Fingerprint bytes = random_fingerprint(random);
    std::string text = spoken_words(bytes);
    EXPECT_EQ(*parse_spoken_words(text), bytes);
    for (char& c : text) c = c == '-' ? ' ' : static_cast<char>(std::toupper(c));
    EXPECT_EQ(*parse_spoken_words(" " + text + " "), bytes);
  }
}

TEST(Spoken, EveryMisheardWordAndEveryTwoThatChangedPlacesAreNoticed) {
  std::mt19937 random(2);
  const std::string letters = "bdfgjklmnprstvwzaiou";
  for (int round = 0; round < 20; ++round) {
    const std::string text = spoken_words(random_fingerprint(random));
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const char letter : letters) {
        std::string wrong = text;
        if (wrong[at] == '-' || wrong[at] == letter) continue;
        wrong[at] = letter;
        EXPECT_FALSE(parse_spoken_words(wrong)) << text << " heard as " << wrong;
      }
    }
    for (std::size_t a = 0; a < kSpokenWords; ++a) {
      for (std::size_t b = a + 1; b < kSpokenWords; ++b) {
        std::string wrong = text;
        for (std::size_t i = 0; i < 5; ++i) std::swap(wrong[6 * a + i], wrong[6 * b + i]);
        EXPECT_TRUE(wrong == text || !parse_spoken_words(wrong)) << text << " and " << wrong;
      }
    }
  }
  EXPECT_FALSE(parse_spoken_words("babab"));
  EXPECT_FALSE(parse_spoken_words(""));
}

TEST(Base32, VectorsOfRfc4648WithoutPadding) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "MY"},
                                                         {"fo", "MZXQ"},
                                                         {"foo", "MZXW6"},
                                                         {"foob", "MZXW6YQ"},
                                                         {"fooba", "MZXW6YTB"},
                                                         {"foobar", "MZXW6YTBOI"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(to_base32(as_bytes(plain)), coded);
    EXPECT_EQ(as_text(*from_base32(coded)), plain);
  }
  EXPECT_FALSE(from_base32("MZ")) << "bits left that are not 0";
  EXPECT_FALSE(from_base32("M1"));
  EXPECT_FALSE(from_base32("MZXW6Y")) << "more digits than the bytes need";
}

TEST(QrText, HasTheCharactersOfAQrCodeAndNoticesAWrongOne) {
  const std::string line = "trust hq dcdn1abc scope=project:x";
  const std::string text = to_qr_text(line);
  EXPECT_EQ(text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"), std::string::npos)
      << text;
  EXPECT_EQ(*from_qr_text(text), line);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string wrong = text;
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(from_qr_text(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace dcdn::sign
