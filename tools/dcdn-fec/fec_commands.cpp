#include "dcdn-fec/fec_commands.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "common/terminal.hpp"

namespace dcdn::tool {

namespace {

Result<void> check_pipe(bool reads_stdin, bool writes, const FecArgs& args) {
  if (reads_stdin && is_terminal(STDIN_FILENO))
    return Error(Errc::usage, "standard input is a terminal")
        .with_hint("give a FILE, or a pipe: dcdn-fec " + args.command + " < FILE");
  if (!writes) return {};
  return refuse_binary_on_terminal(STDOUT_FILENO, "binary data", args.force);
}

bool reads_stdin(const FecArgs& args) {
  if (args.files.empty()) return true;
  for (const std::string& file : args.files)
    if (file == "-") return true;
  return false;
}

// Said before the work begins when a goal chose the numbers, else on demand.
void say_plan(const FecPlan& plan, const FecArgs& args, Report& report) {
  const bool chosen = !args.goals.policy.empty() || !args.goals.survive.empty() || args.goals.burst;
  const FecGeometry& shape = plan.geometry;
  report.note(
      chosen ? 0 : 1,
      fmt::format("k = {}, m = {}, {} blocks interleaved: a block fails less than once in a million up "
                  "to a random loss of {:.1f} %; a burst of {} symbols is survived",
                  shape.sources, shape.repairs, shape.interleave,
                  std::floor(plan.survivable_loss * 1000) / 10, plan.tolerance * shape.interleave));
  report.json("plan", {{"sources", shape.sources},
                       {"repairs", shape.repairs},
                       {"interleave", shape.interleave},
                       {"codec", shape.codec},
                       {"tolerance", plan.tolerance},
                       {"survivable_loss", plan.survivable_loss}});
}

Result<int> encode(FecArgs& args, Report& report) {
  report.stdout_carries_data();
  const bool piped = args.input.empty() || args.input == "-";
  DCDN_CHECK(check_pipe(piped, true, args));
  if (!piped) {
    // Closed when the process ends.
    args.encode.input_fd = ::open(args.input.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    args.encode.input_name = escape(args.input);
    if (args.encode.input_fd < 0) return errno_error(errno, escape(args.input) + ": open");
  }
  DCDN_TRY(const FecPlan plan, plan_fec(args.encode.geometry, args.goals));
  args.encode.geometry = plan.geometry;
  say_plan(plan, args, report);
  DCDN_TRY(const FecEncodeReport done, fec_encode(args.encode));
  report.note(1, fmt::format("{} symbols in {} blocks, {} repair shards; {} bytes became {}", done.symbols,
                             done.blocks, done.shards, done.source_bytes, done.bytes));
  report.json("summary", {{"raw", done.raw},
                          {"frames", done.frames},
                          {"groups", done.groups},
                          {"blocks", done.blocks},
                          {"symbols", done.symbols},
                          {"shards", done.shards},
                          {"source_bytes", done.source_bytes},
                          {"bytes", done.bytes}});
  return 0;
}

/// Symbols that came late were computed as well, and are no loss.
std::uint64_t lost_bytes(const FecReadReport& done, std::uint64_t lost) {
  if (done.recovered_symbols == 0) return 0;
  const double share = static_cast<double>(lost) / static_cast<double>(done.recovered_symbols);
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(done.recovered_bytes) * share));
}

void say_damage(const FecReadReport& done, Report& report) {
  const std::uint64_t lost = done.recovered_symbols - std::min(done.recovered_symbols, done.late_symbols);
  if (done.missing_inputs > 0)
    report.warning(fmt::format("{} of the inputs could not be opened", done.missing_inputs));
  if (done.unreadable_bytes > 0)
    report.warning(fmt::format("{} bytes of the input could not be read", done.unreadable_bytes));
  if (lost > 0 || done.damaged_bytes > 0 || done.bad_frames > 0)
    report.warning(
        fmt::format("the input was damaged ({} bytes in no intact frame, {} bad frames); {} were lost and "
                    "recovered ({} {})",
                    done.damaged_bytes, done.bad_frames, format_size(lost_bytes(done, lost)), lost,
                    lost == 1 ? "symbol" : "symbols"));
  if (done.late_symbols > 0)
    report.note(1, fmt::format("{} symbols were computed before they came: the input is out of order",
                               done.late_symbols));
  if (done.unclaimed_frames > 0)
    report.note(0, fmt::format("left out {} frames that are in no block", done.unclaimed_frames));
  report.note(1, fmt::format("{} blocks, {} bytes written", done.blocks, done.bytes));
  report.json("summary", {{"raw", done.raw},
                          {"encodings", done.encodings},
                          {"groups", done.groups},
                          {"blocks", done.blocks},
                          {"recovered_symbols", done.recovered_symbols},
                          {"recovered_bytes", done.recovered_bytes},
                          {"late_symbols", done.late_symbols},
                          {"damaged_bytes", done.damaged_bytes},
                          {"bad_frames", done.bad_frames},
                          {"unclaimed_frames", done.unclaimed_frames},
                          {"unreadable_bytes", done.unreadable_bytes},
                          {"missing_inputs", done.missing_inputs},
                          {"bytes", done.bytes}});
}

Result<int> split(FecArgs& args, Report& report) {
  DCDN_CHECK(check_pipe(reads_stdin(args), false, args));
  args.split.on_promise = [&report](const std::string& text) { report.note(0, text); };
  args.split.on_written = [&report](const std::string& path, std::uint64_t bytes) {
    report.json("output", {{"path", path}, {"bytes", bytes}});
  };
  DCDN_TRY(const FecReadReport done, fec_split(args.split));
  say_damage(done, report);
  return 0;
}

Result<int> read(const FecArgs& args, Report& report) {
  report.stdout_carries_data();
  DCDN_CHECK(check_pipe(reads_stdin(args), true, args));
  DCDN_TRY(const FecReadReport done,
           args.command == "decode" ? fec_decode(args.read) : fec_repair(args.read));
  say_damage(done, report);
  return 0;
}

/// ": 3.1 % of all".
std::string said_of_loss(const FecEncoding& encoding) {
  const std::uint64_t lost = encoding.lost_symbols + encoding.lost_shards;
  const std::uint64_t all = encoding.symbols + encoding.shards;
  if (lost == 0 || all == 0) return "";
  return fmt::format(": {:.1f} % of all", 100 * static_cast<double>(lost) / static_cast<double>(all));
}

void say_encoding(const FecEncoding& encoding, std::size_t number, Report& report) {
  report.line(fmt::format("encoding {}: {}, {} + {} symbols of up to {} bytes, {} blocks interleaved, {}",
                          number, encoding.raw ? "bytes" : "chunk stream", encoding.sources, encoding.repairs,
                          encoding.symbol_bytes, encoding.interleave, encoding.codec));
  report.line(fmt::format("  {} groups, {} blocks, {} bytes of source frames{}", encoding.groups,
                          encoding.blocks, encoding.source_bytes,
                          encoding.ended ? "" : ", the end is missing"));
  report.line(fmt::format("  {} of {} source symbols and {} of {} repair shards are lost{}",
                          encoding.lost_symbols, encoding.symbols, encoding.lost_shards, encoding.shards,
                          said_of_loss(encoding)));
  if (encoding.absent_groups > 0)
    report.line(fmt::format("  of {} groups no shard is here", encoding.absent_groups));
}

Fields fields_of(const FecEncoding& encoding, std::size_t number) {
  return {{"number", number},
          {"raw", encoding.raw},
          {"codec", encoding.codec},
          {"ended", encoding.ended},
          {"groups", encoding.groups},
          {"absent_groups", encoding.absent_groups},
          {"blocks", encoding.blocks},
          {"sources", encoding.sources},
          {"repairs", encoding.repairs},
          {"interleave", encoding.interleave},
          {"symbol_bytes", encoding.symbol_bytes},
          {"symbols", encoding.symbols},
          {"lost_symbols", encoding.lost_symbols},
          {"shards", encoding.shards},
          {"lost_shards", encoding.lost_shards},
          {"source_bytes", encoding.source_bytes}};
}

void say_block(const FecBlockState& block, Report& report) {
  const std::string where =
      fmt::format("encoding {}, group {}, block {}", block.encoding, block.group, block.block);
  if (block.symbols == 0)
    report.line(where + ": none of its repair shards is here");
  else
    report.line(fmt::format("{}: {} of {} symbols and {} of {} shards are lost: {}", where,
                            block.lost_symbols, block.symbols, block.lost_shards, block.shards,
                            block.recoverable ? "recoverable" : "not recoverable"));
  report.json("block", {{"encoding", block.encoding},
                        {"group", block.group},
                        {"block", block.block},
                        {"symbols", block.symbols},
                        {"lost_symbols", block.lost_symbols},
                        {"shards", block.shards},
                        {"lost_shards", block.lost_shards},
                        {"recoverable", block.recoverable}});
}

const char* verdict_of(const FecSurvey& survey) {
  if (survey.intact()) return "intact";
  return survey.recoverable() ? "recoverable" : "not_recoverable";
}

Result<int> survey(const FecArgs& args, Report& report) {
  DCDN_CHECK(check_pipe(reads_stdin(args), false, args));
  DCDN_TRY(const FecSurvey found, fec_survey(args.read));
  const bool info = args.command == "info";
  for (std::size_t i = 0; i < found.encodings.size(); ++i) {
    if (info) say_encoding(found.encodings[i], i, report);
    report.json("encoding", fields_of(found.encodings[i], i));
  }
  for (const FecBlockState& block : found.damaged) say_block(block, report);
  if (found.damaged_bytes > 0 || found.bad_frames > 0)
    report.line(fmt::format("{} bytes belong to no intact frame, {} frames are not what their digest says",
                            found.damaged_bytes, found.bad_frames));
  if (found.missing_inputs > 0)
    report.line(fmt::format("{} of the inputs could not be opened", found.missing_inputs));
  if (found.unreadable_bytes > 0)
    report.line(fmt::format("{} bytes could not be read", found.unreadable_bytes));
  if (found.unclaimed_frames > 0)
    report.line(fmt::format("{} frames are in no block", found.unclaimed_frames));
  report.json("summary", {{"verdict", verdict_of(found)},
                          {"damaged_blocks", found.damaged.size()},
                          {"damaged_bytes", found.damaged_bytes},
                          {"bad_frames", found.bad_frames},
                          {"unclaimed_frames", found.unclaimed_frames},
                          {"unreadable_bytes", found.unreadable_bytes},
                          {"missing_inputs", found.missing_inputs}});
  if (found.intact()) {
    report.line("intact: every frame and every repair shard is here");
    return 0;
  }
  report.line(found.recoverable() ? "damaged: everything can be recovered"
                                  : "damaged: not everything can be recovered");
  if (info) return 0;
  return exit_status(found.recoverable() ? Errc::corrupt : Errc::incomplete);
}

}  // namespace

Result<int> run_fec_command(FecArgs& args, Report& report) {
  args.read.on_note = [&report](const std::string& text) { report.warning(text); };
  args.split.read.on_note = args.read.on_note;
  if (args.command == "encode") return encode(args, report);
  if (args.command == "verify" || args.command == "info") return survey(args, report);
  if (args.command == "split") return split(args, report);
  return read(args, report);
}

}  // namespace dcdn::tool
