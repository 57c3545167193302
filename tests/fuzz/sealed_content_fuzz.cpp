// What a recipient reads: anything at all, and the pieces of an honest header in any order and shape.
//
// Input: a byte of switches, then bytes. A switch puts an honest header before them, for a fuzzer never finds
// one; another makes each byte name a piece of an honest content instead.
#include <algorithm>
#include <cstdlib>

#include "base/byte_reader.hpp"
#include "pipeline/sealed_content.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::pipeline;

constexpr std::uint8_t kHonestHeader = 1;
constexpr std::uint8_t kHonestPieces = 2;
constexpr std::uint8_t kPieces = 4;
constexpr std::size_t kPieceBytes = 5;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Honest {
  sign::SecretKey key = *sign::SecretKey::from_seed(Bytes(32, 1));
  Bytes header;
  Bytes pieces[kPieces];
  Bytes plain;

  Honest() {
    auto sealer = ContentSealer::make({key.id()}, sign::Secret(Bytes(32, 9)));
    header = sealer->header();
    for (std::uint8_t i = 0; i < kPieces; ++i) {
      const Bytes text(kPieceBytes, i);
      plain.insert(plain.end(), text.begin(), text.end());
      require(sealer->seal(text, i == kPieces - 1, pieces[i]).has_value());
    }
  }
};

const Honest& honest() {
  static const Honest made;
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(ByteView(data, size));
  const auto switches = in.fixed<std::uint8_t>();
  if (!in.ok()) return 0;
  ContentOpener opener({honest().key});
  Bytes plain;
  const auto put = [&](ByteView bytes) -> Result<void> {
    plain.insert(plain.end(), bytes.begin(), bytes.end());
    return {};
  };
  Result<void> pushed;
  if ((switches & kHonestHeader) != 0) pushed = opener.push(honest().header, put);
  const std::size_t step = 1 + (switches >> 2);
  while (pushed && in.left() > 0) {
    if ((switches & kHonestPieces) != 0) {
      pushed = opener.push(honest().pieces[in.fixed<std::uint8_t>() % kPieces], put);
    } else {
      pushed = opener.push(in.raw(std::min(step, in.left())), put);
    }
  }
  // The vectors in the corpus are honest as well, and of other text.
  if ((switches & kHonestHeader) == 0) return 0;
  for (std::size_t i = 0; i < plain.size(); ++i)
    require(plain[i] == honest().plain[i % honest().plain.size()]);
  if (pushed && opener.finish()) require(plain.size() % honest().plain.size() == 0);
  return 0;
}
