// Decrypted packets of the coded carrier from a peer that means ill: one byte for the kind, then the body.
// Data goes on to a receiver's blocks and streams.
#include <cstdlib>

#include "coded/coded_receiver.hpp"
#include "coded/reed_solomon_coder.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::coded;

// As many packets as the input gives, 64 bytes each: small symbols of few blocks meet often.
void feed_receiver(ByteView input) {
  ReedSolomonCoder coder;
  CodedReceiver receiver(coder, 1u << 20);
  std::uint64_t number = 0;
  while (!input.empty()) {
    const ByteView body = input.first(std::min<std::size_t>(input.size(), 64));
    input = input.subspan(body.size());
    const auto packet = parse_data(body);
    if (!packet) continue;
    const double now = 1 + static_cast<double>(number) * 0.001;
    const auto taken = receiver.take(number++, *packet, now, [](StreamNumber, ByteView, bool) {});
    if (!taken) return;
    Bytes wire;
    append(wire, receiver.feedback(now));
    if (!parse_feedback(wire)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView body(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    feed_receiver(body);
    return 0;
  }
  const auto feedback = parse_feedback(body);
  if (!feedback) return 0;
  Bytes again;
  append(again, *feedback);
  if (!std::equal(again.begin(), again.end(), body.begin(), body.end())) std::abort();
  return 0;
}
