#include "dcdn-delta/delta_args.hpp"

namespace dcdn::tool {

namespace {

constexpr std::uint64_t kLeastBlock = 64;
constexpr std::uint64_t kMostBlock = 64u << 20;
constexpr std::uint64_t kMostStrong = 32;
constexpr std::uint64_t kMostThreads = 256;
constexpr std::uint64_t kMostLevel = 19;

void add_usual(Command& command, DeltaArgs& args) {
  command.flag("overwrite", args.common.overwrite, "replace an output file that is there")
      .command_line_only();
  command.integer("jobs", args.common.threads, 0, kMostThreads, "threads to work with; 0: one for each core")
      .formerly("threads");
  command.flag("stats", args.stats, "print what was found, on standard error").command_line_only();
  command.flag("force", args.force, "write binary data even to a terminal")
      .with_short('f')
      .command_line_only();
}

void add_output(Command& command, DeltaArgs& args, const std::string& name) {
  command.positional(name, args.common.output, "where it goes; standard output if not given", false)
      .completes(Complete::file);
}

void add_signature(Command& root, DeltaArgs& args) {
  SignatureOptions& options = args.signature;
  Command& command = root.subcommand("signature", "makes the signature of an old file");
  command.usage("OLD [SIGNATURE]");
  command.size("block-size", options.block_bytes, kLeastBlock, kMostBlock,
               "bytes of a block; without it, by the size of OLD");
  command.integer("hash-bytes", options.strong_bytes, 1, kMostStrong,
                  "bytes of each strong sum; 16, or what suffices with --compact");
  command.choice("hash", options.strong, {{"blake2", StrongHash::blake2}, {"md4", StrongHash::md4}},
                 "the strong sum");
  command.choice("rolling", options.weak,
                 {{"rabinkarp", WeakHash::rabin_karp}, {"rollsum", WeakHash::rollsum}}, "the weak sum");
  command.flag("compact", options.compact, "a third of the size, with the digest of OLD; not for rdiff")
      .command_line_only();
  add_usual(command, args);
  command.positional("OLD", options.old_file, "the old file, - for standard input", true)
      .completes(Complete::file);
  add_output(command, args, "SIGNATURE");
  command.example("dcdn-delta signature old.img > img.sig", "as rdiff signature");
}

void add_delta(Command& root, DeltaArgs& args) {
  Command& command = root.subcommand("delta", "makes a delta: what the new file has that the old one lacks");
  command.usage("SIGNATURE NEW [DELTA]");
  command.flag("plain", args.plain, "without the digest of NEW at the end").command_line_only();
  add_usual(command, args);
  command.positional("SIGNATURE", args.delta.signature, "of the old file, - for standard input", true)
      .completes(Complete::file);
  command.positional("NEW", args.delta.new_file, "the new file, - for standard input", true)
      .completes(Complete::file);
  add_output(command, args, "DELTA");
  command.example("dcdn-delta delta img.sig new.img > img.delta", "needs the signature, not the old file");
}

void add_patch(Command& root, DeltaArgs& args) {
  Command& command = root.subcommand("patch", "makes the new file out of the old one and a delta");
  command.usage("OLD DELTA [NEW]");
  command.text("expect", args.patch.expect, "DIGEST", "the BLAKE3 that NEW must have").command_line_only();
  add_usual(command, args);
  command.positional("OLD", args.patch.old_file, "the old file, - for standard input", true)
      .completes(Complete::file);
  command.positional("DELTA", args.patch.delta, "the delta, - for standard input", true)
      .completes(Complete::file);
  add_output(command, args, "NEW");
  command.example("dcdn-delta patch old.img img.delta new.img", "new.img appears when it is whole and right");
}

void add_make(Command& root, DeltaArgs& args) {
  MakeOptions& options = args.make;
  Command& command = root.subcommand("make", "makes a delta as a chunk stream");
  command.usage("--basis OLD NEW [STREAM]").usage("--signature SIGNATURE NEW [STREAM]");
  command.text("basis", options.old_file, "OLD", "the old file")
      .completes(Complete::file)
      .command_line_only();
  command.text("signature", options.signature, "SIGNATURE", "its compact signature, if it is not here")
      .completes(Complete::file)
      .command_line_only();
  command.choice("method", options.method,
                 {{"auto", DeltaMethod::automatic},
                  {"reference", DeltaMethod::reference},
                  {"blocks", DeltaMethod::blocks}},
                 "how; auto takes the smaller delta");
  command.integer("level", options.level, 1, kMostLevel, "of zstd: smaller deltas, or faster");
  add_usual(command, args);
  command.positional("NEW", options.new_file, "the new file, - for standard input", true)
      .completes(Complete::file);
  add_output(command, args, "STREAM");
  command.example("dcdn-delta make --basis old.img new.img | dcdn-sign sign > img.dcs",
                  "signed as any other stream");
}

void add_apply(Command& root, DeltaArgs& args) {
  Command& command = root.subcommand("apply", "makes the new file out of the old one and a chunk stream");
  command.usage("--basis OLD [STREAM [NEW]]");
  command.text("basis", args.apply.old_file, "OLD", "the old file")
      .completes(Complete::file)
      .command_line_only();
  add_usual(command, args);
  command.positional("STREAM", args.apply.stream, "what make wrote; standard input if not given", false)
      .completes(Complete::file);
  add_output(command, args, "NEW");
  command.example("dcdn-sign verify < img.dcs | dcdn-delta apply --basis old.img - new.img",
                  "only what was signed");
}

void add_basis(Command& command, std::string& old_file) {
  command.text("basis", old_file, "OLD", "the old file").completes(Complete::file).command_line_only();
}

void add_needs(Command& root, DeltaArgs& args) {
  Command& command = root.subcommand("needs", "lists the ranges of a published file that an old one lacks");
  command.usage("--basis OLD SIGNATURE [RANGES]");
  add_basis(command, args.needs.old_file);
  add_usual(command, args);
  command
      .positional("SIGNATURE", args.needs.signature, "compact, of the new file; - for standard input", true)
      .completes(Complete::file);
  add_output(command, args, "RANGES");
  command.example("dcdn-delta needs --basis old.img new.img.sig", "FIRST-LAST on a line each");
}

void add_cut(Command& root, DeltaArgs& args) {
  Command& command = root.subcommand("cut", "writes ranges of a file, one after another");
  command.usage("FILE [RANGES [BYTES]]");
  add_usual(command, args);
  command.positional("FILE", args.cut.file, "the published file", true).completes(Complete::file);
  command.positional("RANGES", args.cut.ranges, "what needs printed; standard input if not given", false)
      .completes(Complete::file);
  add_output(command, args, "BYTES");
}

void add_assemble(Command& root, DeltaArgs& args) {
  Command& command =
      root.subcommand("assemble", "makes a published file out of an old one and the ranges that it lacks");
  command.usage("--basis OLD SIGNATURE [BYTES [NEW]]");
  add_basis(command, args.assemble.old_file);
  add_usual(command, args);
  command.positional("SIGNATURE", args.assemble.signature, "compact, of the new file", true)
      .completes(Complete::file);
  command.positional("BYTES", args.assemble.fetched, "of the ranges; standard input if not given", false)
      .completes(Complete::file);
  add_output(command, args, "NEW");
  command.example("dcdn-delta needs --basis old.img new.img.sig | ssh hq dcdn-delta cut new.img |",
                  "only what is needed travels");
  command.example("  dcdn-delta assemble --basis old.img new.img.sig - new.img", "");
}

}  // namespace

Result<Parsed> parse_delta_args(int argc, const char* const* argv, Report& report, DeltaArgs& args) {
  CliApp app("dcdn-delta", "makes and applies differences between files");
  Command& root = app.root();
  root.usage("COMMAND");
  root.example("dcdn-delta signature old.img img.sig", "where the old file is");
  root.example("dcdn-delta delta img.sig new.img img.delta", "where the new file is");
  root.example("dcdn-delta patch old.img img.delta new.img",
               "where the old file is: now the new one is there");
  add_signature(root, args);
  add_delta(root, args);
  add_patch(root, args);
  add_make(root, args);
  add_apply(root, args);
  add_needs(root, args);
  add_cut(root, args);
  add_assemble(root, args);
  DCDN_TRY(const Parsed parsed, app.parse(argc, argv, report));
  args.command = app.command();
  args.delta.trailer = !args.plain;
  if (parsed == Parsed::run && args.command.empty())
    return Error(Errc::usage, "no command given").with_hint("dcdn-delta --help lists them");
  return parsed;
}

}  // namespace dcdn::tool
