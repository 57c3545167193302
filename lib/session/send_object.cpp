#include "session/send_object.hpp"

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
  return {};
}

}  // namespace dcdn::session
