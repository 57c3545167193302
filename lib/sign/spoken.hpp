// spoken.hpp - a fingerprint of a node id for the telephone and the radio (dcdn-sign(1), FORMAT). Pure.
//
// Nine words of five letters, consonant and vowel in turn, so that every word can be spoken and written down
// in any language and none needs a dictionary. A word holds 16 bits: eight words are the first 128 bits of
// the BLAKE3 of "dcdn fingerprint 1\n" and the key, the ninth is a check over them: one wrong word, or two
// words that changed places, never fit.
#pragma once
#include <array>
#include <string>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::sign {

inline constexpr std::size_t kSpokenWords = 9;
inline constexpr std::size_t kFingerprintBytes = 16;

/// Of the 16 bytes: "babab-dofiz-...": lower case, joined by hyphens.
std::string spoken_words(std::span<const std::uint8_t, kFingerprintBytes> fingerprint);
/// Either case; hyphens, spaces or commas between the words. error usage: not so many words, no such word
/// (which), or the check word does not fit: misheard.
Result<std::array<std::uint8_t, kFingerprintBytes>> parse_spoken_words(std::string_view text);

}  // namespace dcdn::sign
