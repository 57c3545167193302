// dcdn-send - sends files, trees, pipes and chunk streams. See dcdn-send(1).
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
#include "dcdn-send/dry_run.hpp"
#include "dcdn-send/send_args.hpp"
#include "dcdn-send/send_arguments.hpp"
#include "dcdn/sessions.hpp"
#include "dcdn/units.hpp"

namespace dcdn::tool {

namespace {

// What did not have to travel was there already, or comes several times: which, nobody counts apart.
void say_summary(const SendReport& sent, Report& report) {
  const std::uint64_t travelled = sent.bytes - std::min(sent.bytes, sent.bytes_skipped);
  // Nor did holes, and what was compressed away: no more than the link carried.
  const auto carried = static_cast<double>(std::min(travelled, sent.wire_bytes));
  std::string how = speed_text(carried, sent.seconds);
  if (travelled == 0 && sent.bytes > 0)
    how = ", none of which had to travel";
  else if (sent.bytes_skipped > 0)
    how += ", " + format_size(sent.bytes_skipped) + " of it did not have to travel";
  report.note(0, fmt::format("{} delivered and verified, {}{}",
                             sent.objects == 1 ? "1 object" : fmt::format("{} objects", sent.objects),
                             format_size(sent.bytes), how));
  report.json("summary", {{"session", sent.session},
                          {"objects", sent.objects},
                          {"object_ids", sent.object_ids},
                          {"bytes", sent.bytes},
                          {"bytes_skipped", sent.bytes_skipped},
                          {"left_out", sent.left_out},
                          {"wire_bytes", sent.wire_bytes},
                          {"wire_bytes_received", sent.wire_bytes_received},
                          {"seconds", sent.seconds},
                          {"opened", sent.opened_unix_s},
                          {"receiver", sent.receiver}});
}

void say_path(const PathReport& path, Report& report) {
  const std::string by = path.interface.empty() ? "" : " by " + path.interface;
  const std::string critical = path.critical > 0 ? ", critical " + format_size(path.critical) : "";
  report.note(
      0, fmt::format(
             "to {}{}{}: {} sent, useful {}, repaired {}, duplicate {}, wasted {}{}; {} of {} packets lost",
             path.destination, by, path.coded ? ", coded" : "", format_size(path.sent),
             format_size(path.useful), format_size(path.repaired), format_size(path.duplicate),
             format_size(path.wasted), critical, path.packets_lost, path.packets));
  report.json("path_report", {{"destination", path.destination},
                              {"interface", path.interface},
                              {"carrier", path.coded ? "coded" : "streams"},
                              {"sent", path.sent},
                              {"useful", path.useful},
                              {"repaired", path.repaired},
                              {"duplicate", path.duplicate},
                              {"wasted", path.wasted},
                              {"critical", path.critical},
                              {"packets", path.packets},
                              {"packets_lost", path.packets_lost}});
}

/// Success, unless something could not be read.
Result<int> outcome_of(const SendReport& sent, const char* done) {
  if (sent.left_out == 0) return 0;
  return Error(Errc::partial,
               fmt::format("{} could not be read and {} left out; all the rest was {}",
                           sent.left_out == 1 ? "1 entry" : fmt::format("{} entries", sent.left_out),
                           sent.left_out == 1 ? "was" : "were", done))
      .with_hint("--strict sends all of a tree or nothing of it");
}

Result<int> send_command(SendArgs& args, Report& report) {
  KeyChoice key{args.options.home, args.options.key_name, "", ""};
  DCDN_CHECK(unlock(key, args.passphrase_fd));
  args.options.passphrase = key.passphrase;
  if (args.options.insecure) report.warning("--insecure: the receiver is not authenticated");
  ProgressView view(report, "sent");
  DCDN_TRY(const SendReport sent, send(args.options, view));
  if (args.say_paths)
    for (const PathReport& path : sent.paths) say_path(path, report);
  say_summary(sent, report);
  return outcome_of(sent, "delivered");
}

Result<int> pack_command(SendArgs& args, Report& report) {
  report.stdout_carries_data();
  DCDN_CHECK(refuse_binary_on_terminal(STDOUT_FILENO, "a chunk stream", args.force));
  ProgressView view(report, "packed");
  DCDN_TRY(const SendReport packed, pack_to_fd(args.options, STDOUT_FILENO, view));
  report.json("summary", {{"objects", packed.objects},
                          {"object_ids", packed.object_ids},
                          {"bytes", packed.bytes},
                          {"bytes_skipped", packed.bytes_skipped},
                          {"left_out", packed.left_out},
                          {"seconds", packed.seconds}});
  return outcome_of(packed, "packed");
}

// A session that a process still runs is told to go on; otherwise it is started again with its own arguments.
Result<int> resume_command(const SendArgs& args, Report& report) {
  auto told = tell_session_command(args.options.home, args.session, "resume", report);
  if (told || told.error().code != Errc::not_found) return told;
  DCDN_TRY(const SessionInfo session, find_session(args.options.home, args.session));
  if (session.id.empty() || session.direction != "send")
    return Error(Errc::usage, "session " + session.id + " was received; its sender resumes it");
  DCDN_TRY(const std::vector<std::string> arguments, recall_arguments(session));
  std::vector<const char*> argv{"dcdn-send"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  SendArgs again;
  DCDN_TRY(const Parsed parsed, parse_send_args(static_cast<int>(argv.size()), argv.data(), report, again));
  if (parsed == Parsed::finished || again.action != SendAction::send)
    return Error(Errc::usage, "session " + session.id + " does not say how it was started");
  again.options.home = args.options.home;
  again.options.interrupt_fd = args.options.interrupt_fd;
  again.options.resume_session = session.id;
  again.options.arguments_json = session.arguments;
  return send_command(again, report);
}

/// Packing for everybody needs no keys, and saying what would be sent neither.
bool needs_home(const SendArgs& args) {
  if (args.action == SendAction::dry_run) return false;
  return args.action != SendAction::pack || !args.options.encrypt_to.empty();
}

Result<int> work(int argc, const char* const* argv, Report& report) {
  SendArgs args;
  DCDN_TRY(const Parsed parsed, parse_send_args(argc, argv, report, args));
  if (parsed == Parsed::finished) return 0;
  auto home = find_home();
  if (!home && needs_home(args)) return home.error();
  if (home) args.options.home = *std::move(home);
  args.options.interrupt_fd = interrupt_fd();
  args.options.arguments_json = remember_arguments(argc, argv);
  switch (args.action) {
    case SendAction::list:
      return list_sessions_command(args.options.home, report);
    case SendAction::clean:
      return clean_sessions_command(args.options.home, args.older_than, report);
    case SendAction::pause:
      return tell_session_command(args.options.home, args.session, "pause", report);
    case SendAction::cancel:
      return tell_session_command(args.options.home, args.session, "cancel", report);
    case SendAction::resume:
      return resume_command(args, report);
    case SendAction::pack:
      return pack_command(args, report);
    case SendAction::dry_run:
      return dry_run_command(args, report);
    case SendAction::send:
      break;
  }
  return send_command(args, report);
}

}  // namespace

}  // namespace dcdn::tool

int main(int argc, char** argv) {
  dcdn::tool::forbid_core_dumps();
  return dcdn::tool::run_tool("dcdn-send", argc, argv, dcdn::tool::work);
}
