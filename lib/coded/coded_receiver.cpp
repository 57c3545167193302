#include "coded/coded_receiver.hpp"

#include <algorithm>

namespace dcdn::coded {

Result<void> CodedReceiver::take(std::uint64_t number, const DataPacket& packet, Seconds now,
                                 const StreamJoiner::Deliver& deliver) {
  arrivals_.take(number, packet.header, now);
  DCDN_TRY(auto taken, blocks_.take(packet, coder_));
  if (taken.use != ReceiveBlocks::Use::useful) ++wasted_;
  return taken.block ? joiner_.take(*taken.block, deliver) : Result<void>();
}

void CodedReceiver::consumed(std::size_t bytes) {
  window_.give(bytes);
  if (arrivals_.received() > 0) blocks_.grant();
}

// A sender that waits for the window hears of its opening although no packet comes.
Seconds CodedReceiver::due() const {
  constexpr std::uint32_t kWorthTelling = 4;
  const Seconds regular = arrivals_.due(blocks_.complete());
  return blocks_.limit() < told_limit_ + kWorthTelling ? regular
                                                       : std::min(regular, arrivals_.next_regular());
}

Feedback CodedReceiver::feedback(Seconds now) {
  Feedback feedback;
  blocks_.grant();
  arrivals_.report(feedback, now);
  blocks_.report(feedback);
  told_limit_ = feedback.limit;
  arrivals_.told(now);
  return feedback;
}

}  // namespace dcdn::coded
