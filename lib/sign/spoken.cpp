#include "sign/spoken.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace dcdn::sign {

namespace {

// Sixteen that are hard to confuse with each other over a bad line, c, h, q and x left out.
constexpr std::string_view kConsonants = "bdfgjklmnprstvwz";
constexpr std::string_view kVowels = "aiou";
constexpr std::size_t kLetters = 5;
constexpr std::uint32_t kPolynomial = 0x1100b;  // x^16 + x^12 + x^3 + x + 1, primitive over GF(2)

std::string word_of(std::uint16_t value) {
  const auto consonant = [&](int shift) { return kConsonants[(value >> shift) & 15]; };
  const auto vowel = [&](int shift) { return kVowels[(value >> shift) & 3]; };
  return {consonant(12), vowel(10), consonant(6), vowel(4), consonant(0)};
}

/// Horner's rule in GF(2^16): the words are coefficients, so a change of one of them, or of two that changed
/// places, changes the sum.
std::uint16_t check_of(const std::vector<std::uint16_t>& words) {
  std::uint32_t sum = 0;
  for (const std::uint16_t word : words) {
    sum = (sum << 1) ^ word;
    if (sum > 0xffff) sum ^= kPolynomial;
  }
  // Once more, so that the last word and the check are not interchangeable.
  sum <<= 1;
  return static_cast<std::uint16_t>(sum > 0xffff ? sum ^ kPolynomial : sum);
}

Result<std::uint16_t> value_of(std::string_view word) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const std::string_view letters = i % 2 == 0 ? kConsonants : kVowels;
    const std::size_t digit = letters.find(word[i]);
    if (digit == std::string_view::npos || word.size() != kLetters)
      return Error(Errc::usage,
                   "\"" + escape_for_display(word.substr(0, 40)) + "\" is no word of a fingerprint");
    value = (value << (i % 2 == 0 ? 4 : 2)) | static_cast<std::uint32_t>(digit);
  }
  return static_cast<std::uint16_t>(value);
}

}  // namespace

std::string spoken_words(std::span<const std::uint8_t, kFingerprintBytes> fingerprint) {
  std::vector<std::uint16_t> words;
  for (std::size_t i = 0; i < fingerprint.size(); i += 2)
    words.push_back(static_cast<std::uint16_t>(fingerprint[i] << 8 | fingerprint[i + 1]));
  words.push_back(check_of(words));
  std::string text;
  for (const std::uint16_t word : words) text += (text.empty() ? "" : "-") + word_of(word);
  return text;
}

Result<std::array<std::uint8_t, kFingerprintBytes>> parse_spoken_words(std::string_view text) {
  std::vector<std::uint16_t> words;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    const bool gap = c == ' ' || c == '-' || c == ',' || c == '\n' || c == '\t';
    if (!gap) word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!gap || word.empty()) continue;
    DCDN_TRY(const std::uint16_t value, value_of(word));
    words.push_back(value);
    word.clear();
    if (words.size() > kSpokenWords) break;
  }
  if (words.size() != kSpokenWords)
    return Error(Errc::usage, "a fingerprint has " + std::to_string(kSpokenWords) + " words")
        .with_hint("dcdn-sign id --words prints them at its owner's");
  const std::uint16_t check = words.back();
  words.pop_back();
  if (check_of(words) != check)
    return Error(Errc::usage,
                 "the check word does not fit: one of the words was misheard, or two changed places");
  std::array<std::uint8_t, kFingerprintBytes> bytes{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    bytes[2 * i] = static_cast<std::uint8_t>(words[i] >> 8);
    bytes[2 * i + 1] = static_cast<std::uint8_t>(words[i]);
  }
  return bytes;
}

}  // namespace dcdn::sign
