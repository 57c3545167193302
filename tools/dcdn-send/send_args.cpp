#include "dcdn-send/send_args.hpp"

#include <fnmatch.h>
#include <unistd.h>

#include "common/terminal.hpp"
#include "common/transport_args.hpp"
#include "dcdn-send/file_list.hpp"

namespace dcdn::tool {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kYear{std::chrono::hours(24 * 365)};

const std::vector<std::pair<std::string, SendPriority>> kPriorities{
    {"critical", SendPriority::critical}, {"high", SendPriority::high}, {"normal", SendPriority::normal}};

void add_examples(Command& root) {
  root.usage("PATH... [HOST:PORT]").usage("- --name NAME HOST:PORT").usage("--stdout PATH... > STREAM");
  root.usage("--list | --pause ID | --resume ID | --cancel ID | --clean");
  root.example("dcdn-send --peer-id \"$HQ_ID\" photos/ report.pdf hq.example:4433", "a tree and a file");
  root.example("dcdn-send --peer-id \"$HQ_ID\" --from-command 'pg_dump ops' --name ops.sql hq.example",
               "what a command writes, if it ends well");
  root.example("dcdn-send --stdout tree/ | dcdn-sign sign > usb/tree.dcs", "no network at all");
  root.example("dcdn-send --encrypt-to hq --peer-id relay plan.pdf relay.example",
               "the relay keeps it for hq and cannot read it");
  root.example("dcdn-send --resume 1f3a", "goes on after an interruption");
  root.example("dcdn-send --dry-run --link loss=33%,rtt=600ms,rate=1mbit map.pdf", "how long it would take");
}

void add_what(Command& root, SendArgs& args) {
  root.group("What");
  root.positionals("PATH", args.paths,
                   "files, trees, - for standard input; the last one is the destination, unless --to is used",
                   false)
      .completes(Complete::file);
  root.list("to", args.to, "HOST:PORT", "a destination; several get the same in one go")
      .completes(Complete::host);
  root.text("name", args.options.name, "NAME", "name at the receiver (for - or a single PATH)")
      .command_line_only();
  root.choice("priority", args.priority, kPriorities, "class of everything sent");
  root.list("priority-for", args.priority_for, "GLOB=CLASS", "class of the paths that match")
      .command_line_only();
  root.choice("symlinks", args.options.symlinks,
              {{"inside", SendOptions::Symlinks::inside},
               {"keep", SendOptions::Symlinks::keep},
               {"follow", SendOptions::Symlinks::follow},
               {"skip", SendOptions::Symlinks::skip}},
              "symlinks in trees; inside refuses those that leave the tree");
  const auto no_hard_links = [&args](const std::vector<std::string>&) -> Result<void> {
    args.options.hard_links = false;
    return {};
  };
  root.custom("no-hard-links", Arity::flag, "", "send a file once for each of its names in a tree",
              no_hard_links);
  root.flag("owner", args.options.owner, "say who owns what is sent; the receiver sets it with its --owner");
  root.choice("xattrs", args.options.attributes,
              {{"none", Attributes::none}, {"common", Attributes::common}, {"all", Attributes::all}},
              "attributes to send; common: user.* and ACLs, all: security.* and trusted.*, too");
  root.flag("strict", args.options.strict, "a tree of which something cannot be read is not sent at all");
  root.flag("delete", args.options.mirror,
            "what is not in the tree any more goes at the receiver, if it says --allow-delete");
  root.list("exclude", args.options.exclude, "PATTERN",
            "pass over what is called so in trees; with a slash, the path in the tree");
  root.text("files-from", args.files_from, "FILE",
            "of the one directory, only what FILE lists, a path a line")
      .completes(Complete::file)
      .command_line_only();
  root.flag("null", args.ends_with_nul,
            "with --files-from: each path ends with a zero byte, as of find -print0")
      .with_short('0')
      .command_line_only();
  root.text("from-command", args.options.command, "CMD",
            "send what CMD writes; if CMD fails, the receiver gets nothing under a name")
      .command_line_only();
  root.list("encrypt-to", args.options.encrypt_to, "KEY",
            "only these can read it: a trusted name, a node id or a public key file; repeated")
      .completes(Complete::file);
  root.text("compress", args.options.compress, "auto|best|0-6|none|lz4|zstd[:LEVEL][,alone]",
            "how much to spend on it; decided anew for each chunk");
  root.size("chunk-size", args.options.chunk_bytes, 4096, 4u << 20,
            "content of a chunk; unset adapts to the path");
  root.flag("whole", args.options.whole, "no differences to an older version that the receiver has");
  root.flag("checksum", args.options.checksum, "read everything, also what looks as it did when it was sent");
  root.flag("no-index", args.options.no_index, "do not remember what was sent: read everything each time");
  root.list("index-ignore", args.options.index_ignore, "inode|ctime",
            "what of a file may differ although it is the same");
}

void add_peer(Command& root, SendArgs& args) {
  root.group("Whom to trust");
  root.list("peer-id", args.options.peer_ids, "ID",
            "the destination's node id or trusted name; one for all or one each");
  root.flag("accept-new", args.options.trust_on_first_use, "remember the key of a destination not known yet");
  root.text("ca", args.options.ca_file, "FILE", "the destination's certificate must chain to this authority")
      .completes(Complete::file);
  root.text("cert", args.options.cert_file, "FILE", "show this certificate over our key")
      .completes(Complete::file);
  root.flag("insecure", args.options.insecure, "send to whoever answers").command_line_only();
  root.text("key", args.options.key_name, "NAME", "which of our keys");
  root.integer("passphrase-fd", args.passphrase_fd, 0, 1u << 20,
               "read the key's passphrase from this descriptor")
      .with_default("")
      .command_line_only();
  root.text("receipt", args.options.receipt_file, "FILE", "store the signed delivery receipts here")
      .completes(Complete::file)
      .command_line_only();
}

void add_paths(Command& root, SendArgs& args) {
  root.group("Paths");
  root.list("path", args.options.paths, "IFACE|auto",
            "use this network interface, several at once; auto: all");
}

void add_limits(Command& root, SendArgs& args) {
  SendOptions& options = args.options;
  root.group("Limits and retries");
  root.rate("rate", options.rate_bytes_per_s, "no faster than this: 800kbit, 2MB");
  root.integer("chunk-rate", options.chunk_rate_per_s, 0, 1'000'000, "chunks a second; 0 is no limit");
  root.duration("max-time", options.max_time, milliseconds(0), kYear, "stop after this, resumable", true);
  root.duration("retry-for", options.retry.total, milliseconds(0), kYear,
                "give up after this long without progress", true);
  root.duration("retry-first", options.retry.first, milliseconds(10), milliseconds(60000),
                "wait before the second try");
  root.duration("retry-longest", options.retry.longest, milliseconds(10), milliseconds(3600000),
                "longest wait between tries");
  root.flag("retry-forever", options.retry.forever, "never give up: for cron and boats");
}

void add_sessions(Command& root, SendArgs& args) {
  const auto action = [&args](SendAction what) {
    return [&args, what](const std::vector<std::string>& values) -> Result<void> {
      args.action = what;
      if (what == SendAction::pause || what == SendAction::resume || what == SendAction::cancel)
        args.session = values.back();
      return {};
    };
  };
  root.group("Sessions");
  root.custom("stdout", Arity::flag, "", "write a chunk stream to standard output, no network",
              action(SendAction::pack))
      .command_line_only();
  root.flag("force", args.force, "write the chunk stream even to a terminal")
      .with_short('f')
      .command_line_only();
  root.custom("dry-run", Arity::flag, "", "say what would be sent, and how long it would take; no network",
              action(SendAction::dry_run))
      .with_short('n')
      .command_line_only();
  root.flag("report", args.say_paths, "afterwards say what was useful, repaired, duplicate and wasted");
  root.text("link", args.link, "NAME=VALUE,...",
            "with --dry-run: the link, as loss=33%,rtt=600ms,rate=1mbit,jitter=100ms")
      .command_line_only();
  root.custom("list", Arity::flag, "", "show the sessions and their progress", action(SendAction::list))
      .command_line_only();
  root.custom("pause", Arity::one, "ID", "pause a running session", action(SendAction::pause))
      .command_line_only();
  root.custom("resume", Arity::one, "ID", "let it go on, or start it again", action(SendAction::resume))
      .command_line_only();
  root.custom("cancel", Arity::one, "ID", "end it; the receiver forgets it", action(SendAction::cancel))
      .command_line_only();
  root.custom("clean", Arity::flag, "", "forget sessions that ended", action(SendAction::clean))
      .command_line_only();
  root.duration("older-than", args.older_than, milliseconds(0), 100 * kYear,
                "with --clean: untouched for this long", true)
      .command_line_only();
}

Result<SendPriority> class_of(const std::string& word) {
  for (const auto& [name, priority] : kPriorities)
    if (name == word) return priority;
  return Error(Errc::usage, "--priority-for: '" + word + "' is none of critical|high|normal");
}

Result<void> read_list(SendArgs& args) {
  if (args.files_from.empty() && args.ends_with_nul)
    return Error(Errc::usage, "--null tells how the paths of --files-from end");
  if (args.files_from.empty()) return {};
  if (args.paths.size() != 1)
    return Error(Errc::usage, "--files-from chooses from one directory, and there are " +
                                  std::to_string(args.paths.size()) + " sources")
        .with_hint("dcdn-send --files-from LIST DIRECTORY HOST:PORT");
  if (args.paths.front() == "-")
    return Error(Errc::usage, "--files-from chooses from a directory, not from -");
  DCDN_TRY(args.options.only, read_file_list(args.files_from, args.ends_with_nul));
  return {};
}

Result<void> fill_sources(SendArgs& args) {
  if (!args.options.command.empty()) {
    if (!args.paths.empty() || !args.files_from.empty())
      return Error(Errc::usage, "with --from-command nothing else is sent");
    args.paths = {"-"};
  }
  DCDN_CHECK(read_list(args));
  if (args.options.mirror && (args.options.only || !args.options.exclude.empty()))
    return Error(Errc::usage, "--delete goes with a whole tree, not with --exclude or --files-from");
  for (const std::string& path : args.paths) {
    SendSource source{path, args.priority};
    for (const std::string& rule : args.priority_for) {
      const std::size_t equals = rule.rfind('=');
      if (equals == std::string::npos)
        return Error(Errc::usage, "--priority-for " + rule + ": must be GLOB=CLASS");
      DCDN_TRY(const SendPriority priority, class_of(rule.substr(equals + 1)));
      if (::fnmatch(rule.substr(0, equals).c_str(), path.c_str(), 0) == 0) source.priority = priority;
    }
    args.options.sources.push_back(std::move(source));
  }
  return {};
}

// A host has no slash in its name, and a file rarely has a port.
bool looks_like_file(const std::string& word) {
  if (word.find('/') != std::string::npos) return true;
  const std::size_t colon = word.rfind(':');
  const bool has_port = colon != std::string::npos && colon + 1 < word.size() &&
                        word.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  return !has_port && ::access(word.c_str(), F_OK) == 0;
}

// The last PATH is the destination, as with cp and scp, unless --to named it.
Result<void> split_destination(SendArgs& args) {
  args.options.destinations = args.to;
  const bool by_command = !args.options.command.empty();
  const bool needs_none = args.action == SendAction::dry_run && args.paths.size() == 1;
  if (args.to.empty() && !needs_none) {
    if (args.paths.size() < (by_command ? 1 : 2))
      return Error(Errc::usage,
                   args.paths.empty() ? "nothing to send" : "a PATH and a destination are needed")
          .with_hint("dcdn-send PATH... HOST:PORT, or dcdn-send --help");
    if (looks_like_file(args.paths.back()))
      return Error(Errc::usage,
                   escape(args.paths.back()) + ": looks like a file, and the last word says where to send to")
          .with_hint("dcdn-send PATH... HOST:PORT; if it is a host all the same: --to " +
                     escape(args.paths.back()));
    args.options.destinations.push_back(args.paths.back());
    args.paths.pop_back();
  }
  if (args.paths.empty() && !by_command)
    return Error(Errc::usage, "nothing to send").with_hint("dcdn-send PATH... HOST:PORT");
  return {};
}

}  // namespace

Result<Parsed> parse_send_args(int argc, const char* const* argv, Report& report, SendArgs& args) {
  CliApp app("dcdn-send", "sends files, trees and pipes, whole or resumable, to those it can authenticate");
  Command& root = app.root();
  add_examples(root);
  add_what(root, args);
  add_peer(root, args);
  add_limits(root, args);
  add_sessions(root, args);
  add_paths(root, args);
  add_transport_options(root, args.options.transport);
  DCDN_TRY(const Parsed parsed, app.parse(argc, argv, report));
  if (parsed == Parsed::finished) return parsed;
  const bool sends = args.action == SendAction::send || args.action == SendAction::dry_run;
  if (sends) DCDN_CHECK(split_destination(args));
  if (sends || args.action == SendAction::pack) DCDN_CHECK(fill_sources(args));
  if (args.action == SendAction::pack && args.options.sources.empty())
    return Error(Errc::usage, "--stdout: nothing to pack");
  if (args.action != SendAction::dry_run && !args.link.empty())
    return Error(Errc::usage, "--link describes a link for --dry-run")
        .with_hint("dcdn-send --dry-run --link ...");
  const bool none_left = !sends && args.action != SendAction::pack && !args.paths.empty();
  if (none_left) return Error(Errc::usage, "'" + args.paths.front() + "' does not go with a session command");
  return parsed;
}

}  // namespace dcdn::tool
