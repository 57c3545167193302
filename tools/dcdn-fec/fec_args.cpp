#include "dcdn-fec/fec_args.hpp"

namespace dcdn::tool {

namespace {

constexpr std::uint64_t kLeastChunk = 4u << 10;
constexpr std::uint64_t kMostChunk = 4u << 20;
constexpr std::uint64_t kLeastHold = 1u << 20;
constexpr std::uint64_t kMostHold = 1ull << 40;
constexpr std::uint64_t kMostBurst = 1u << 20;
constexpr std::uint64_t kMostThreads = 256;

void add_jobs(Command& command, FecArgs& args) {
  command.integer("jobs", args.threads, 0, kMostThreads, "threads to work with; 0: one for each core")
      .with_short('j')
      .with_default("0");
}

void add_force(Command& command, FecArgs& args) {
  command.flag("force", args.force, "write binary data to a terminal").command_line_only();
}

void add_encode(Command& root, FecArgs& args) {
  Command& command = root.subcommand("encode", "adds repair shards to bytes or to a chunk stream");
  command.usage("[-k N] [-m N] [FILE] > ENCODED");
  command.integer("sources", args.encode.geometry.sources, 1, 254, "source symbols of a block: k")
      .with_short('k');
  command.integer("repairs", args.encode.geometry.repairs, 1, 254, "repair symbols of a block: m")
      .with_short('m');
  command.integer("interleave", args.encode.geometry.interleave, 1, 256,
                  "blocks that share a run of frames; a burst of m times as many is survived");
  command.text("codec", args.encode.geometry.codec, "CODEC",
               "isa-l, or liberasurecode:BACKEND for k + m up to 32");
  command.text("policy", args.goals.policy, "POLICY", "k and m by a policy: latency:MS,loss:P or adaptive");
  command.text("survive", args.goals.survive, "LOSS",
               "m for this random loss: a block fails once in a million at most");
  const auto burst = [&args](const std::vector<std::string>& values) -> Result<void> {
    DCDN_TRY(args.goals.burst, parse_integer(values.back(), 1, kMostBurst));
    return {};
  };
  command.custom("for-bursts", Arity::one, "N", "interleave for N symbols lost in a row", burst);
  command.size("chunk-size", args.encode.chunk_bytes, kLeastChunk, kMostChunk,
               "cut bytes into chunks of this size, instead of 256KiB or less");
  command.flag("raw", args.raw, "the input is bytes, whatever it looks like").command_line_only();
  command.flag("stream", args.stream, "the input is a chunk stream").command_line_only();
  add_jobs(command, args);
  add_force(command, args);
  command.positional("FILE", args.input, "what to encode, - or nothing for standard input", false)
      .completes(Complete::file);
  command.example("dcdn-fec encode -k 50 -m 10 big.bin > big.dcs", "any 10 of every 60 frames may be lost");
  command.example("dcdn-send --stdout tree/ | dcdn-sign sign | dcdn-fec encode > tree.dcs",
                  "the parity covers manifest and signatures too");
}

void add_reader(Command& command, FecArgs& args, bool required) {
  command.size("hold", args.read.hold_bytes, kLeastHold, kMostHold,
               "how much may wait in memory for what it belongs to");
  add_jobs(command, args);
  command
      .positionals("FILE", args.files, "what is left of it, in any order; - or nothing for standard input",
                   required)
      .completes(Complete::file);
}

void add_split(Command& root, FecArgs& args) {
  Command& command = root.subcommand("split", "spreads an encoded stream over files, disks or sticks");
  command.usage("[--lose N] OUTPUT... < ENCODED");
  command.integer("lose", args.split.lose, 1, 254, "how many outputs may be lost, whichever they are");
  command.text("from", args.split_input, "FILE", "the encoded stream, instead of standard input")
      .completes(Complete::file)
      .command_line_only();
  command.flag("overwrite", args.split.overwrite, "replace outputs that are there").command_line_only();
  command.size("hold", args.read.hold_bytes, kLeastHold, kMostHold,
               "how much may wait in memory for what it belongs to");
  add_jobs(command, args);
  command.positionals("OUTPUT", args.files, "files, or folders in which part.dcs is made", true)
      .completes(Complete::file);
  command.example("dcdn-fec encode -k 50 -m 25 big.bin | dcdn-fec split a.dcs b.dcs c.dcs",
                  "any one of the three may be lost");
}

void add_readers(Command& root, FecArgs& args) {
  Command& decode = root.subcommand("decode", "gives back what was encoded, from what is left of it");
  decode.usage("[FILE...] > DECODED");
  add_reader(decode, args, false);
  add_force(decode, args);
  decode.example("dcdn-fec decode < big.dcs > big.bin", "raw in, raw out; stream in, stream out");
  decode.example("dcdn-fec decode /media/*/part.dcs > big.bin", "any sticks that are left, in any order");
  Command& repair = root.subcommand("repair", "writes the encoded stream again, with all its shards");
  repair.usage("[FILE...] > REPAIRED");
  add_reader(repair, args, false);
  add_force(repair, args);
  repair.example("dcdn-fec repair damaged.dcs > whole.dcs", "the same bytes as before the damage");
  Command& join = root.subcommand("join", "the same from several files: any order, duplicates, mixed media");
  join.usage("FILE... > JOINED");
  add_reader(join, args, true);
  add_force(join, args);
  join.example("dcdn-fec join a/part.dcs c/part.dcs > whole.dcs", "two of three sticks");
  Command& verify = root.subcommand("verify", "tells what is damaged and whether it can be recovered");
  verify.usage("[FILE...]");
  add_reader(verify, args, false);
  verify.example("dcdn-fec verify big.dcs",
                 "0: all is there, 4: damaged but recoverable, 3: not recoverable");
  Command& info = root.subcommand("info", "prints the geometry and the losses of every block");
  info.usage("[FILE...]");
  add_reader(info, args, false);
  info.example("dcdn-fec info --json big.dcs", "one JSON object an encoding and a damaged block");
}

}  // namespace

Result<Parsed> parse_fec_args(int argc, const char* const* argv, Report& report, FecArgs& args) {
  CliApp app("dcdn-fec", "adds repair shards to data at rest and in pipes, and recovers what was lost");
  Command& root = app.root();
  root.usage("COMMAND");
  root.example("dcdn-fec encode -k 50 -m 10 < big.bin > big.dcs", "adds 20 % of parity");
  root.example("dcdn-fec decode < big.dcs > big.bin", "also when 10 of every 60 frames are lost");
  add_encode(root, args);
  add_readers(root, args);
  add_split(root, args);
  DCDN_TRY(const Parsed parsed, app.parse(argc, argv, report));
  args.command = app.command();
  if (parsed == Parsed::finished) return parsed;
  if (args.raw && args.stream) return Error(Errc::usage, "--raw and --stream are two kinds of input");
  if (args.raw) args.encode.input = FecInput::raw;
  if (args.stream) args.encode.input = FecInput::stream;
  const bool shaped = app.was_given("sources") || app.was_given("repairs");
  if (!args.goals.policy.empty() && (shaped || !args.goals.survive.empty()))
    return Error(Errc::usage, "--policy chooses k and m itself")
        .with_hint("leave out -k, -m and --survive, or --policy");
  if (!args.goals.survive.empty() && app.was_given("repairs"))
    return Error(Errc::usage, "--survive chooses m itself").with_hint("leave out -m");
  if (args.goals.burst && app.was_given("interleave"))
    return Error(Errc::usage, "--for-bursts chooses the interleaving itself")
        .with_hint("leave out --interleave");
  if (args.encode.geometry.sources + args.encode.geometry.repairs > 255)
    return Error(Errc::usage, "k + m is more than the 255 symbols of a block")
        .with_hint("for example -k 200 -m 55");
  args.encode.threads = args.read.threads = args.threads;
  if (args.command == "split") {
    args.split.outputs = args.files;
    args.files.clear();
    if (!args.split_input.empty()) args.files = {args.split_input};
  }
  args.read.paths = args.files;
  args.split.read = args.read;
  return parsed;
}

}  // namespace dcdn::tool
