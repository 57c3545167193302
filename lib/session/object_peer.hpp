// object_peer.hpp - to whom an incoming object talks: the link that brings it, or whoever spreads what it
// says over several.
//
// Threads  the loop's
#pragma once
#include <chrono>

#include "dcdn/error.hpp"
#include "message/session_message.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::session {

class ObjectPeer {
 public:
  virtual ~ObjectPeer() = default;
  /// What is here of it; comes before all that follows.
  virtual void answer(const message::Answer& answer) = 0;
  /// Which chunks of a segment have to come. `ahead`: whole frames that go before it.
  virtual void want(const message::Want& want, ByteView ahead) = 0;
  virtual void stored(const message::Stored& stored) = 0;
  /// For who lists what is under way; far less often than stored().
  virtual void progressed(std::uint64_t bytes_done) = 0;
  /// It is complete and has its name. ended() follows.
  virtual void receipt(const wire::Receipt& receipt) = 0;
  /// It will not be complete. ended() follows.
  virtual void failed(const Error& error) = 0;
  /// Something was thrown away that is needed after all: only another connection brings it again.
  virtual void lost(const Error& error) = 0;
  /// The last call: it says no more, and whoever holds it lets go of it.
  virtual void ended() = 0;

  /// Frames of the manifest may come before the answer (dcdn-session(5), BEGINNING AT ONCE).
  [[nodiscard]] virtual bool begins_early() const = 0;
  [[nodiscard]] virtual std::chrono::microseconds round_trip() const = 0;
};

}  // namespace dcdn::session
