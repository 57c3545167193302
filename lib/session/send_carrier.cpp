// What agreeing on a carrier and beginning early mean for a sender's first connection (dcdn-session(5),
// BEGINNING AT ONCE, CODED CARRIER).
#include "pace/carrier_rule.hpp"
#include "session/send_link.hpp"

namespace dcdn::session {

Result<void> SendConnection::take_carrier(const wire::Frame& frame) {
  // What it says does not matter yet: there is one version.
  if (const auto agreed = message::parse<message::CarrierOffer>(frame.body.view()); !agreed)
    return agreed.error();
  if (!carrier_.may_be_coded())
    return Error(Errc::corrupt, "the receiver agrees to a carrier that was not offered");
  carrier_.agree();
  return {};
}

// One object of a session's first connection does not wait for its answer, which saves a round trip. It is
// one of which the receiver can hardly have anything, or that is worth it: of a repeated command this is
// wasted.
bool SendConnection::may_begin_early(const ObjectTransfer& transfer) const {
  constexpr std::uint64_t kWorthIt = 1u << 20;
  const SendObject& object = transfer.object();
  const bool first = !begun_early_ && shared_.connections == 1;
  const bool small_chunks = shared_.settings.chunk_bytes.value_or(0) <= kEarlyLargestChunk;
  const bool pays = object.priority == message::Priority::critical || object.bytes.value_or(0) >= kWorthIt;
  return connection_->begins_early() && first && small_chunks && pays && object.rereadable() &&
         !pace::is_short_path(connection_->stats().min_rtt) && !shared_.paused;
}

void SendConnection::tell_pause() {
  const bool paused = shared_.paused;
  if (paused == told_paused_) return;
  told_paused_ = paused;
  const auto type = paused ? wire::FrameType::pause : wire::FrameType::resume;
  connection_->send(session_stream_,
                    frame_buffer(type, message::encode(message::PauseResume{"by the sender"})), false);
}

}  // namespace dcdn::session
