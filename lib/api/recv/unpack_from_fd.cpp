// unpack_from_fd of dcdn/recv.hpp: a chunk stream becomes files, and encrypted ones among them what was
// encrypted.
#include "api/recv/sealed_deliveries.hpp"
#include "trust/audit_log.hpp"
#include "trust/recipients.hpp"

namespace dcdn {

namespace {

/// Those of the objects that are encrypted, and to a key of ours, become what was encrypted.
Result<void> open_sealed(const RecvOptions& options, const std::vector<ObjectEnd>& sealed, RecvReport& report,
                         ProgressSink& progress) {
  const auto warn = [&](const std::string& text) { progress.on_note(0, text); };
  for (const ObjectEnd& delivery : sealed) {
    api::UnpackTap tap;
    tap.together = true;
    const auto opened = api::open_delivery(options, delivery, trust::secret_keys(options.home), tap);
    if (!api::report_opened(options, delivery, opened, progress, report.paths, warn))
      return opened.result.error();
    if (opened.result) report.left_out += opened.result->left_out;
  }
  return {};
}

}  // namespace

Result<RecvReport> unpack_from_fd(const RecvOptions& options, ProgressSink& progress) {
  std::vector<ObjectEnd> sealed;
  api::UnpackTap tap;
  if (!options.keep_encrypted) tap.sealed = &sealed;
  auto done = api::unpack_with(options, progress, tap);
  if (done) {
    if (auto opened = open_sealed(options, sealed, *done, progress); !opened) done = opened.error();
  }
  // Who did not ask for signatures has decided nothing that could be held against a key.
  if (!options.require_signature && options.signers.empty()) return done;
  const auto warn = [&](const std::string& text) { progress.on_note(0, text); };
  if (done) {
    const std::string what = "stream of " + std::to_string(done->objects) + " objects, unpacked";
    trust::audit(options.home, {trust::kAuditAccept, {{"what", what}}}, warn);
  } else {
    trust::audit(options.home, {trust::kAuditReject, {{"what", "stream"}, {"why", done.error().message}}},
                 warn);
  }
  return done;
}

}  // namespace dcdn
