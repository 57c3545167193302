#include "dcdn-recv/recv_args.hpp"

#include "common/transport_args.hpp"

namespace dcdn::tool {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kYear{std::chrono::hours(24 * 365)};
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;

void add_examples(Command& root) {
  root.usage("[--listen HOST:PORT] --allow ID -o DIR").usage("--allow ID --once --stdout > FILE");
  root.usage("--stdin -o DIR < STREAM")
      .usage("--list | --pause ID | --resume ID | --cancel ID | --clean -o DIR");
  root.example("dcdn-recv --allow \"$FIELD_ID\" -o inbox", "takes what the field sends, until interrupted");
  root.example("dcdn-recv --allow \"$FIELD_ID\" --once --stdout | psql ops", "one object into a pipe");
  root.example("dcdn-recv --stdin -o out < tree.dcs", "unpacks a chunk stream, no network");
}

void add_where(Command& root, RecvArgs& args) {
  RecvOptions& options = args.options;
  root.group("From and to");
  root.text("listen", options.listen, "HOST:PORT", "where to listen; port 0 takes a free one");
  root.text("output", options.directory, "DIR", "directory to receive into")
      .with_short('o')
      .completes(Complete::directory);
  root.flag("stdout", args.to_stdout, "write the content to standard output, verified, in order")
      .command_line_only();
  root.flag("stream", args.to_stream, "write a chunk stream to standard output").command_line_only();
  root.flag("stdin", args.from_stdin, "unpack a chunk stream from standard input").command_line_only();
  root.flag("list-content", args.list_content,
            "with --stdin: say what is in it and who signed it, write nothing")
      .command_line_only();
  root.flag("force", args.force, "write binary data even to a terminal").with_short('f').command_line_only();
  root.flag("once", options.once, "end after the first session that delivered something");
  root.duration("wait", options.wait_time, milliseconds(0), kYear, "end if nobody comes within this", true);
  root.duration("max-time", options.max_time, milliseconds(0), kYear, "end after this", true);
}

void add_trust(Command& root, RecvArgs& args) {
  RecvOptions& options = args.options;
  root.group("Whom to trust");
  root.list("allow", options.allow, "ID",
            "node id or trusted name that may send; without it every trusted key");
  root.flag("allow-any", options.allow_any, "anybody may send").command_line_only();
  root.list("signer", options.signers, "ID", "with --stdin: only what this key signed").command_line_only();
  root.flag("require-signature", options.require_signature, "with --stdin: only what a trusted key signed");
  root.text("ca", options.ca_file, "FILE", "senders' certificates must chain to this authority")
      .completes(Complete::file);
  root.text("cert", options.cert_file, "FILE", "show this certificate over our key")
      .completes(Complete::file);
  root.list("key", args.keys, "NAME", "which of our keys")
      .formerly("identity")
      .with_default(options.key_name);
  root.integer("passphrase-fd", args.passphrase_fd, 0, 1u << 20,
               "read the key's passphrase from this descriptor")
      .with_default("")
      .command_line_only();
}

void add_files(Command& root, RecvArgs& args) {
  RecvOptions& options = args.options;
  root.group("Files and limits");
  root.flag("overwrite", args.overwrite, "replace what has the same name");
  root.flag("update", args.update, "the same, but keep what was edited here since it was delivered");
  root.flag("rename", args.rename, "give the new one another name");
  root.flag("skip", args.skip, "keep what has the same name");
  root.choice(
      "allow-delete", options.allow_delete,
      {{"none", AllowDelete::none}, {"delivered", AllowDelete::delivered}, {"all", AllowDelete::all}},
      "what goes of a tree when its sender mirrors it (dcdn-send --delete): what was delivered and nobody "
      "touched, or all that is not in it");
  root.integer("max-delete", options.max_delete, 0, std::uint64_t{1} << 40,
               "at most so many entries go at once")
      .with_default("half, or 100");
  root.choice("links", options.links, {{"inside", Links::inside}, {"any", Links::any}},
              "symbolic links in trees; inside refuses an object with one that may lead out of it");
  root.flag("owner", options.owner, "give files to the owners that came along; only root can");
  root.flag("numeric-ids", options.numeric_ids, "with --owner: by number, whatever the names are here");
  root.choice("xattrs", options.attributes,
              {{"none", Attributes::none}, {"common", Attributes::common}, {"all", Attributes::all}},
              "attributes to set; common: user.* and ACLs, all: security.* and trusted.*, too");
  root.flag("keep-encrypted", options.keep_encrypted, "do not decrypt what is encrypted to a key of ours");
  root.list("basis", options.basis, "PATH", "file or directory whose content may come again, changed")
      .completes(Complete::file);
  root.flag("checksum", options.checksum, "read again what was delivered before, whatever it looks like");
  root.flag("whole", options.whole, "look at no older files: everything comes whole");
  root.size("quota", options.quota_bytes, 0, kMostBytes,
            "the directory may hold this much in all; 0 is no limit");
  root.size("reserve", options.reserve_bytes, 0, kMostBytes, "leave this much of the disk free");
  root.size("max-object", options.max_object_bytes, 0, kMostBytes, "refuse larger objects; 0 is no limit");
  const auto no_fsync = [&args](const std::vector<std::string>&) -> Result<void> {
    args.options.fsync = false;
    return {};
  };
  root.custom("no-fsync", Arity::flag, "", "do not wait for the disk: faster, not safe against power failure",
              no_fsync);
}

void add_sessions(Command& root, RecvArgs& args) {
  const auto action = [&args](RecvAction what) {
    return [&args, what](const std::vector<std::string>& values) -> Result<void> {
      args.action = what;
      if (what != RecvAction::list && what != RecvAction::clean) args.session = values.back();
      return {};
    };
  };
  root.group("Sessions");
  root.custom("list", Arity::flag, "", "show the sessions and their progress", action(RecvAction::list))
      .command_line_only();
  root.custom("pause", Arity::one, "ID", "ask the sender of a session to pause", action(RecvAction::pause))
      .command_line_only();
  root.custom("resume", Arity::one, "ID", "ask it to go on", action(RecvAction::resume)).command_line_only();
  root.custom("cancel", Arity::one, "ID", "end it and forget what came", action(RecvAction::cancel))
      .command_line_only();
  root.custom("clean", Arity::flag, "", "forget sessions and unfinished objects", action(RecvAction::clean))
      .command_line_only();
  root.duration("older-than", args.older_than, milliseconds(0), 100 * kYear,
                "with --clean: untouched for this long", true)
      .command_line_only();
}

/// --key named a signer once, where a stream was unpacked: whoever still says so must not get it unchecked.
Result<void> settle_keys(RecvArgs& args, Report& report) {
  if (args.keys.empty()) return {};
  if (args.action == RecvAction::unpack) {
    report.warning("--key with --stdin is called --signer now; the next release knows that only");
    args.options.signers.insert(args.options.signers.end(), args.keys.begin(), args.keys.end());
  } else if (args.keys.size() > 1) {
    return Error(Errc::usage, "--key: one of our keys receives");
  } else {
    args.options.key_name = args.keys.back();
  }
  return {};
}

Result<void> settle(RecvArgs& args) {
  if (args.list_content && !args.from_stdin) return Error(Errc::usage, "--list-content goes with --stdin");
  if (args.list_content && (args.to_stdout || args.to_stream))
    return Error(Errc::usage, "--list-content writes no content: --stdout and --stream have none");
  if (args.from_stdin) args.action = args.list_content ? RecvAction::list_content : RecvAction::unpack;
  if (args.to_stdout && args.to_stream) return Error(Errc::usage, "--stdout and --stream exclude each other");
  if (args.to_stdout) args.options.sink = Sink::raw_stdout;
  if (args.to_stream) args.options.sink = Sink::chunk_stream;
  if (args.overwrite + args.update + args.rename + args.skip > 1)
    return Error(Errc::usage, "--overwrite, --update, --rename and --skip exclude each other");
  if (args.overwrite) args.options.on_collision = OnCollision::overwrite;
  if (args.update) args.options.on_collision = OnCollision::update;
  if (args.rename) args.options.on_collision = OnCollision::rename;
  if (args.skip) args.options.on_collision = OnCollision::skip;
  const bool replaces = args.overwrite || args.update;
  if (args.options.allow_delete != AllowDelete::none && !replaces)
    return Error(Errc::usage, "--allow-delete goes with --overwrite or --update");
  const bool unpack = args.action == RecvAction::unpack;
  if (!args.options.basis.empty() && (unpack || args.to_stdout || args.to_stream || args.options.whole))
    return Error(Errc::usage, "--basis goes with receiving into a directory, and not with --whole");
  if (!unpack && (!args.options.signers.empty() || args.options.require_signature))
    return Error(Errc::usage,
                 "--signer and --require-signature go with --stdin; over the network --allow decides");
  return {};
}

}  // namespace

Result<Parsed> parse_recv_args(int argc, const char* const* argv, Report& report, RecvArgs& args) {
  CliApp app("dcdn-recv", "receives files, trees and pipes from those it was told to trust");
  Command& root = app.root();
  add_examples(root);
  add_where(root, args);
  add_trust(root, args);
  add_files(root, args);
  add_sessions(root, args);
  add_transport_options(root, args.options.transport);
  root.integer("max-connections", args.options.transport.max_connections, 100, 10000,
               "senders connected at once");
  DCDN_TRY(const Parsed parsed, app.parse(argc, argv, report));
  if (parsed == Parsed::finished) return parsed;
  DCDN_CHECK(settle_keys(args, report));
  DCDN_CHECK(settle(args));
  return parsed;
}

}  // namespace dcdn::tool
