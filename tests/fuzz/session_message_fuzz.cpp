// Bodies of session messages, signatures and receipts: what is accepted has this one encoding.
//
// Input: one byte for the kind of message, then the body.
#include <algorithm>
#include <cstdlib>

#include "message/difference_message.hpp"
#include "message/session_message.hpp"
#include "wire/signed_frames.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::wire;

template <class Message>
void same_again(const Result<Message>& message, ByteView body) {
  if (!message) return;
  const Bytes again = encode(*message);
  if (!std::equal(again.begin(), again.end(), body.begin(), body.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView body(data + 1, size - 1);
  switch (data[0] % 17) {
    case 0:
      same_again(message::parse<message::Hello>(body), body);
      break;
    case 1:
      same_again(message::parse<message::Welcome>(body), body);
      break;
    case 2:
      same_again(message::parse<message::Offer>(body), body);
      break;
    case 3:
      same_again(message::parse<message::Answer>(body), body);
      break;
    case 4:
      same_again(message::parse<message::Want>(body), body);
      break;
    case 5:
      same_again(message::parse<message::Stored>(body), body);
      break;
    case 6:
      same_again(message::parse<message::PauseResume>(body), body);
      break;
    case 7:
      same_again(message::parse<message::Cancel>(body), body);
      break;
    case 8:
      same_again(message::parse<message::Failure>(body), body);
      break;
    case 9:
      same_again(parse_segment_signature(body), body);
      break;
    case 10:
      same_again(parse_receipt(body), body);
      break;
    case 11:
      same_again(message::parse<message::Join>(body), body);
      break;
    case 12:
      same_again(message::parse<message::Joined>(body), body);
      break;
    case 13:
      same_again(message::parse<message::Differences>(body), body);
      break;
    case 14:
      same_again(message::parse<message::BasisPiece>(body), body);
      break;
    case 15:
      same_again(message::parse<message::Compare>(body), body);
      break;
    default:
      same_again(message::parse<message::Difference>(body), body);
      same_again(message::parse<message::CarrierOffer>(body), body);
      same_again(message::parse<message::Again>(body), body);
  }
  return 0;
}
