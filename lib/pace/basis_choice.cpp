#include "pace/basis_choice.hpp"

#include <algorithm>

namespace dcdn::pace {

namespace {

constexpr double kExpectedShare = 0.5;  // of what is looked for
constexpr double kMessageBytes = 200;   // want, compare, and the packets that they cost

}  // namespace

bool worth_asking(std::uint64_t content_bytes, const LinkGuess& link) {
  const double wait = std::max(std::chrono::duration<double>(link.rtt).count(), 0.0) * link.bytes_per_s;
  return kExpectedShare * static_cast<double>(content_bytes) > wait + kMessageBytes;
}

bool worth_a_signature(const SignatureQuestion& question) {
  if (question.seen_bytes == 0) return false;
  const double share = static_cast<double>(question.missing_bytes) / static_cast<double>(question.seen_bytes);
  const double missing = share * static_cast<double>(std::max(question.file_bytes, question.seen_bytes));
  return kExpectedShare * missing > static_cast<double>(question.signature_bytes) + kMessageBytes;
}

}  // namespace dcdn::pace
