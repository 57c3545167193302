// send_object.hpp - one thing to send, as the user named it and as it is offered.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "message/session_message.hpp"
#include "sign/sealing.hpp"

namespace dcdn::session {

/// What is inside of an encrypted object.
struct SealedObject {
  wire::ObjectKind kind = wire::ObjectKind::file;
  std::string name;
  std::vector<NodeId> recipients;
  sign::Secret secret;  ///< of this object alone; the same when it is sent again, so that it can go on
};

/// One thing to send.
struct SendObject {
  std::uint32_t number = 0;
  wire::ObjectKind kind = wire::ObjectKind::file;
  std::string name;
  std::string path;           ///< empty: standard input
  bool ready_stream = false;  ///< the input is a chunk stream, passed through unchanged
  message::Priority priority = message::Priority::normal;
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> entries;
  std::uint64_t holes = 0;  ///< of `bytes`, as far as is known
  std::optional<SealedObject> sealed;
  /// For the user of this end.
  [[nodiscard]] const std::string& shown_name() const { return sealed ? sealed->name : name; }
  [[nodiscard]] bool rereadable() const { return !path.empty(); }
};

/// Makes it an encrypted object: what it was is inside. error usage: a recipient is no public key.
Result<void> seal(SendObject& object, const std::vector<NodeId>& recipients, const sign::Secret& secret);

/// What the receiver said of it: of several objects a person must know which one it is.
Error told_of(const SendObject& object, const message::Failure& failure);
/// Why it is given up, as its receiver is told: no path of ours, and of what is encrypted no name.
std::string reason_for_peer(const SendObject& object, const Error& why);

}  // namespace dcdn::session
