// dcdn-delta patch: the old file and a delta in rdiff's format make the new file.
#include "api/delta/patch_target.hpp"
#include "base/text.hpp"

namespace dcdn {

namespace {

Error wrong_outcome(const std::string& old_name) {
  return Error(Errc::corrupt, "the result is not what the delta was made for")
      .with_hint(old_name + " is another file, or the delta was altered");
}

}  // namespace

Result<PatchReport> apply_delta(const PatchOptions& options) {
  const api::WorkProgress clock(nullptr, "", {});
  if (options.old_file == "-" && options.delta == "-")
    return Error(Errc::usage, "the old file and the delta cannot both be standard input");
  std::optional<Digest> expected;
  if (!options.expect.empty()) {
    const auto bytes = from_hex(options.expect, 32);
    if (!bytes) return Error(Errc::usage, "not 64 hexadecimal digits: " + options.expect);
    expected = Digest::copy_of(*bytes);
  }
  DCDN_TRY(api::DeltaInput old, api::DeltaInput::open(options.old_file, options.common.interrupt_fd));
  DCDN_CHECK(old.make_seekable());
  DCDN_TRY(api::DeltaInput delta, api::DeltaInput::open(options.delta, options.common.interrupt_fd));
  DCDN_TRY(api::DeltaOutput output, api::DeltaOutput::open(options.common, api::DeltaOutput::Kind::held));
  api::PatchTarget target(old, output, options.common);
  DCDN_TRY(const auto trailer, api::run_delta(delta, target));
  DCDN_TRY(const delta::FileId made, target.finish());
  if (trailer && (trailer->target != made.digest || trailer->target_bytes != made.bytes))
    return wrong_outcome(old.name());
  if (expected && *expected != made.digest)
    return Error(Errc::corrupt,
                 "the result is not what --expect names: its BLAKE3 is " + to_hex(made.digest.view()));
  DCDN_CHECK(output.finish(options.common.interrupt_fd));
  PatchReport report;
  report.new_bytes = made.bytes;
  report.copied_bytes = target.copied_bytes();
  report.literal_bytes = target.literal_bytes();
  report.target = to_hex(made.digest.view());
  report.checked = trailer.has_value() || expected.has_value();
  report.seconds = clock.seconds();
  return report;
}

}  // namespace dcdn
