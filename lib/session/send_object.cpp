#include "session/send_object.hpp"

#include "dcdn/escape.hpp"
#include "pipeline/sealed_content.hpp"
#include "source/sealed_source.hpp"

namespace dcdn::session {

Result<void> seal(SendObject& object, const std::vector<NodeId>& recipients, const sign::Secret& secret) {
  DCDN_CHECK(pipeline::ContentSealer::make(recipients, secret));
  object.sealed = SealedObject{object.kind, object.name, recipients, secret};
  object.kind = wire::ObjectKind::stream;
  DCDN_TRY(object.name, source::sealed_name(secret));
  object.bytes.reset();
  object.entries.reset();
  object.holes = 0;
  return {};
}

Error told_of(const SendObject& object, const message::Failure& failure) {
  const std::string name = escape_for_display(object.name);
  const auto has = [&](char end) { return failure.message.find(name + end) != std::string::npos; };
  const bool named = has(':') || has('/');
  return message::told_by_peer(named ? "receiver" : "receiver: " + name, failure.code, failure.message);
}

std::string reason_for_peer(const SendObject& object, const Error& why) {
  if (object.sealed) return "its sender could not read it";
  const std::size_t names = why.message.rfind(": ");
  return names == std::string::npos ? why.message : why.message.substr(names + 2);
}

}  // namespace dcdn::session
