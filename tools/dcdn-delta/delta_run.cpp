#include "dcdn-delta/delta_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "common/progress_view.hpp"
#include "common/signals.hpp"
#include "common/terminal.hpp"
#include "dcdn/units.hpp"

namespace dcdn::tool {

namespace {

int level_of(const DeltaArgs& args) {
  return args.stats ? 0 : 1;
}

Result<void> signature(DeltaArgs& args, Report& report) {
  args.signature.common = args.common;
  DCDN_TRY(const SignatureReport made, write_signature(args.signature));
  report.note(level_of(args),
              fmt::format("signature: {} for {}: {} blocks of {} bytes, strong sums of {} bytes, {:.2f} s",
                          format_size(made.signature_bytes), format_size(made.old_bytes), made.blocks,
                          made.block_bytes, made.strong_bytes, made.seconds));
  report.json("summary", {{"old_bytes", made.old_bytes},
                          {"signature_bytes", made.signature_bytes},
                          {"blocks", made.blocks},
                          {"block_bytes", made.block_bytes},
                          {"strong_bytes", made.strong_bytes},
                          {"seconds", made.seconds}});
  return {};
}

Result<void> delta(DeltaArgs& args, Report& report) {
  args.delta.common = args.common;
  DCDN_TRY(const DeltaReport made, write_delta(args.delta));
  report.note(
      level_of(args),
      fmt::format("delta: {} for {}: {} copied ({} commands), {} new ({} commands), {:.2f} s",
                  format_size(made.delta_bytes), format_size(made.new_bytes), format_size(made.copied_bytes),
                  made.copies, format_size(made.literal_bytes), made.literals, made.seconds));
  report.json("summary", {{"new_bytes", made.new_bytes},
                          {"delta_bytes", made.delta_bytes},
                          {"signature_bytes", made.signature_bytes},
                          {"copies", made.copies},
                          {"copied_bytes", made.copied_bytes},
                          {"literals", made.literals},
                          {"literal_bytes", made.literal_bytes},
                          {"blake3", made.target},
                          {"seconds", made.seconds}});
  return {};
}

void say_patched(const PatchReport& made, const DeltaArgs& args, Report& report) {
  if (!made.checked)
    report.note(
        0, "the delta does not say what the result must be; compare its BLAKE3 yourself: " + made.target);
  // A zstd reference has no copies that could be counted.
  std::string parts;
  if (made.copied_bytes + made.literal_bytes > 0)
    parts =
        fmt::format("{} copied, {} new, ", format_size(made.copied_bytes), format_size(made.literal_bytes));
  report.note(level_of(args), fmt::format("{}: {}: {}BLAKE3 {}, {:.2f} s", args.command,
                                          format_size(made.new_bytes), parts, made.target, made.seconds));
  report.json("summary", {{"new_bytes", made.new_bytes},
                          {"copied_bytes", made.copied_bytes},
                          {"literal_bytes", made.literal_bytes},
                          {"blake3", made.target},
                          {"checked", made.checked},
                          {"seconds", made.seconds}});
}

Result<void> patch(DeltaArgs& args, Report& report) {
  args.patch.common = args.common;
  DCDN_TRY(const PatchReport made, apply_delta(args.patch));
  say_patched(made, args, report);
  return {};
}

Result<void> apply(DeltaArgs& args, Report& report) {
  args.apply.common = args.common;
  DCDN_TRY(args.apply.home, find_home());
  DCDN_TRY(const PatchReport made, apply_delta_stream(args.apply));
  say_patched(made, args, report);
  return {};
}

Result<void> make(DeltaArgs& args, Report& report) {
  args.make.common = args.common;
  DCDN_TRY(const MakeReport made, make_delta_stream(args.make));
  report.note(level_of(args),
              fmt::format("make: {} for {}, method {}, BLAKE3 {}, {:.2f} s", format_size(made.stream_bytes),
                          format_size(made.new_bytes), made.method, made.target, made.seconds));
  report.json("summary", {{"new_bytes", made.new_bytes},
                          {"stream_bytes", made.stream_bytes},
                          {"method", made.method},
                          {"basis", made.basis},
                          {"blake3", made.target},
                          {"seconds", made.seconds}});
  return {};
}

Result<void> needs(DeltaArgs& args, Report& report) {
  args.needs.common = args.common;
  if (args.needs.old_file.empty()) return Error(Errc::usage, "needs: --basis OLD is missing");
  DCDN_TRY(const NeedsReport made, write_needs(args.needs));
  report.note(level_of(args),
              fmt::format("needs: {} of {} in {} ranges, signature {}, BLAKE3 {}, {:.2f} s",
                          format_size(made.needed_bytes), format_size(made.new_bytes), made.ranges,
                          format_size(made.signature_bytes), made.target, made.seconds));
  report.json("summary", {{"new_bytes", made.new_bytes},
                          {"needed_bytes", made.needed_bytes},
                          {"ranges", made.ranges},
                          {"signature_bytes", made.signature_bytes},
                          {"blake3", made.target},
                          {"seconds", made.seconds}});
  return {};
}

Result<void> cut(DeltaArgs& args, Report& report) {
  args.cut.common = args.common;
  DCDN_TRY(const CutReport made, write_cut(args.cut));
  report.note(level_of(args), fmt::format("cut: {} in {} ranges, {:.2f} s", format_size(made.bytes),
                                          made.ranges, made.seconds));
  report.json("summary", {{"bytes", made.bytes}, {"ranges", made.ranges}, {"seconds", made.seconds}});
  return {};
}

Result<void> assemble_command(DeltaArgs& args, Report& report) {
  args.assemble.common = args.common;
  if (args.assemble.old_file.empty()) return Error(Errc::usage, "assemble: --basis OLD is missing");
  DCDN_TRY(const PatchReport made, assemble(args.assemble));
  say_patched(made, args, report);
  return {};
}

Result<void> run(DeltaArgs& args, Report& report) {
  if (args.command == "signature") return signature(args, report);
  if (args.command == "delta") return delta(args, report);
  if (args.command == "patch") return patch(args, report);
  if (args.command == "make") return make(args, report);
  if (args.command == "apply") return apply(args, report);
  if (args.command == "needs") return needs(args, report);
  if (args.command == "cut") return cut(args, report);
  if (args.command == "assemble") return assemble_command(args, report);
  return Error(Errc::internal, "command without work: " + args.command);
}

}  // namespace

Result<int> run_delta_command(DeltaArgs& args, Report& report) {
  if (args.common.output == "-") {
    report.stdout_carries_data();
    const bool text = args.command == "needs";
    DCDN_CHECK(refuse_binary_on_terminal(STDOUT_FILENO, "binary data", args.force || text));
  }
  ProgressView view(report, "made");
  args.common.interrupt_fd = interrupt_fd();
  args.common.progress = &view;
  DCDN_CHECK(run(args, report));
  return 0;
}

}  // namespace dcdn::tool
