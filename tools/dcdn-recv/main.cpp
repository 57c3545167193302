// dcdn-recv - receives what dcdn-send sends, or unpacks a chunk stream. See dcdn-recv(1).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "common/passphrase.hpp"
#include "common/progress_text.hpp"
#include "common/progress_view.hpp"
#include "common/run_tool.hpp"
#include "common/secrets.hpp"
#include "common/session_commands.hpp"
#include "common/signals.hpp"
#include "common/terminal.hpp"
#include "dcdn-recv/recv_args.hpp"
#include "dcdn/sessions.hpp"
#include "dcdn/units.hpp"

namespace dcdn::tool {

namespace {

std::string counted(std::uint64_t objects) {
  return objects == 1 ? "1 object" : fmt::format("{} objects", objects);
}

void say_summary(const RecvReport& received, Report& report) {
  // Holes and what was compressed away did not come: no more than the link carried, or the stream held.
  const auto came = static_cast<double>(std::min(received.bytes, received.wire_bytes));
  report.note(0, fmt::format("{} received and verified, {}{}", counted(received.objects),
                             format_size(received.bytes), speed_text(came, received.seconds)));
  if (received.damaged_bytes > 0)
    report.warning(format_size(received.damaged_bytes) +
                   " of the input were damaged; everything was recovered from the rest");
  report.json("summary", {{"objects", received.objects},
                          {"bytes", received.bytes},
                          {"wire_bytes", received.wire_bytes},
                          {"damaged_bytes", received.damaged_bytes},
                          {"left_out", received.left_out},
                          {"kept", received.kept},
                          {"seconds", received.seconds},
                          {"verified", received.verified_unix_s},
                          {"paths", received.paths}});
}

/// What came is right, and not all that there is at its sender's, or in its stream.
Result<int> outcome_of(const RecvReport& received) {
  if (received.left_out == 0 && received.kept == 0) return 0;
  if (received.left_out == 0)
    return Error(Errc::nothing,
                 counted(received.kept) + " not taken, or not wholly: something else is there and was kept")
        .with_hint("--overwrite replaces it");
  return Error(Errc::partial,
               fmt::format("{} could not be read by {} and {} not in what was received; all the rest is",
                           received.left_out == 1 ? "1 entry" : fmt::format("{} entries", received.left_out),
                           received.objects == 1 ? "its sender" : "their senders",
                           received.left_out == 1 ? "is" : "are"))
      .with_hint("once they can be read there, the same dcdn-send brings what is missing");
}

Result<int> receive_command(RecvArgs& args, Report& report) {
  if (args.options.sink != Sink::directory) {
    report.stdout_carries_data();
    DCDN_CHECK(refuse_binary_on_terminal(STDOUT_FILENO, "received data", args.force));
  }
  ProgressView view(report, "received");
  if (args.action == RecvAction::unpack) {
    if (is_terminal(STDIN_FILENO))
      return Error(Errc::usage, "--stdin: standard input is a terminal, not a chunk stream");
    DCDN_TRY(const RecvReport unpacked, unpack_from_fd(args.options, view));
    say_summary(unpacked, report);
    return outcome_of(unpacked);
  }
  KeyChoice key{args.options.home, args.options.key_name, "", ""};
  DCDN_CHECK(unlock(key, args.passphrase_fd));
  args.options.passphrase = key.passphrase;
  args.options.on_listening = [&report](const std::string& address) {
    report.json("listening", {{"address", address}});
  };
  DCDN_TRY(const RecvReport received, recv(args.options, view));
  say_summary(received, report);
  return outcome_of(received);
}

std::string said_of_signers(const StreamContent& content) {
  if (content.signers.empty()) return "not signed";
  std::string all;
  for (std::size_t i = 0; i < content.signers.size(); ++i)
    all += (i == 0 ? "signed by " : ", ") +
           (content.signer_names[i].empty() ? content.signers[i] : content.signer_names[i]);
  return all;
}

Result<int> list_content_command(const RecvArgs& args, Report& report) {
  if (is_terminal(STDIN_FILENO))
    return Error(Errc::usage, "--stdin: standard input is a terminal, not a chunk stream");
  DCDN_TRY(const auto contents, list_content(args.options));
  bool whole = true;
  for (const StreamContent& content : contents) {
    whole = whole && content.whole;
    const std::string left_out =
        content.left_out == 0 ? "" : fmt::format("; {} left out by its sender", content.left_out);
    report.line(fmt::format("{}  {}, {} {}, {}, {}{}{}", escape(content.name), content.kind, content.entries,
                            content.entries == 1 ? "entry" : "entries", format_size(content.bytes),
                            said_of_signers(content), left_out,
                            content.whole ? "" : "; its end is not here"));
    report.json("content", {{"name", content.name},
                            {"kind", content.kind},
                            {"entries", content.entries},
                            {"bytes", content.bytes},
                            {"left_out", content.left_out},
                            {"whole", content.whole},
                            {"signers", content.signers},
                            {"signer_names", content.signer_names}});
  }
  if (!whole) return Error(Errc::incomplete, "the end of what is in it is not here");
  return 0;
}

Result<int> clean_command(const RecvArgs& args, Report& report) {
  DCDN_TRY(const int staged, clean_staging(args.options.directory, args.older_than));
  report.note(0,
              fmt::format("{} unfinished objects forgotten in {}", staged, escape(args.options.directory)));
  return clean_sessions_command(args.options.home, args.older_than, report);
}

/// What a stream holds becomes files without keys, and without a memory of what was delivered.
bool needs_home(const RecvArgs& args) {
  if (args.action == RecvAction::list_content) return false;
  return args.action != RecvAction::unpack || args.options.require_signature || !args.options.signers.empty();
}

Result<int> work(int argc, const char* const* argv, Report& report) {
  RecvArgs args;
  DCDN_TRY(const Parsed parsed, parse_recv_args(argc, argv, report, args));
  if (parsed == Parsed::finished) return 0;
  auto home = find_home();
  if (!home && needs_home(args)) return home.error();
  if (home) args.options.home = *std::move(home);
  args.options.interrupt_fd = interrupt_fd();
  switch (args.action) {
    case RecvAction::list:
      return list_sessions_command(args.options.home, report);
    case RecvAction::pause:
      return tell_session_command(args.options.home, args.session, "pause", report);
    case RecvAction::resume:
      return tell_session_command(args.options.home, args.session, "resume", report);
    case RecvAction::cancel:
      return tell_session_command(args.options.home, args.session, "cancel", report);
    case RecvAction::clean:
      return clean_command(args, report);
    case RecvAction::list_content:
      return list_content_command(args, report);
    case RecvAction::listen:
    case RecvAction::unpack:
      break;
  }
  return receive_command(args, report);
}

}  // namespace

}  // namespace dcdn::tool

int main(int argc, char** argv) {
  dcdn::tool::forbid_core_dumps();
  return dcdn::tool::run_tool("dcdn-recv", argc, argv, dcdn::tool::work);
}
