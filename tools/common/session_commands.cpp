#include "common/session_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "common/terminal.hpp"
#include "dcdn/units.hpp"

namespace dcdn::tool {

namespace {

std::string progress_text(const SessionInfo& session) {
  if (session.bytes_total == 0) return format_size(session.bytes_done);
  const double share = static_cast<double>(session.bytes_done) / static_cast<double>(session.bytes_total);
  return fmt::format("{:.0f}% of {}", std::min(100.0, 100 * share), format_size(session.bytes_total));
}

// Who it is, as far as that was proved; an address proves nothing.
std::string peer_text(const SessionInfo& session) {
  const std::string& who = session.peer_name.empty() ? session.peer : session.peer_name;
  return who.empty() ? escape(session.address) : who + " (" + escape(session.address) + ")";
}

bool has_ended(const SessionInfo& session) {
  const std::string& state = session.state;
  return state == "completed" || state == "failed" || state == "cancelled" || state == "expired";
}

Fields fields_of(const SessionInfo& session) {
  return {{"id", session.id},
          {"direction", session.direction},
          {"state", session.state},
          {"running", session.running},
          {"peer", session.peer},
          {"peer_name", session.peer_name},
          {"address", session.address},
          {"name", session.name},
          {"bytes_done", session.bytes_done},
          {"bytes_total", session.bytes_total},
          {"created", session.created_s},
          {"updated", session.updated_s},
          {"error", session.error}};
}

}  // namespace

Result<int> list_sessions_command(const Home& home, Report& report) {
  DCDN_TRY(const auto sessions, list_sessions(home));
  for (const SessionInfo& session : sessions) {
    report.json("session", fields_of(session));
    const auto age = std::chrono::seconds(std::max<std::int64_t>(0, std::time(nullptr) - session.updated_s));
    const bool left_over = !session.running && !has_ended(session);
    const std::string state = session.state + (left_over ? " (not running)" : "");
    report.line(fmt::format("{}  {:7}  {:12}  {:>18}  {:>8} ago  {}  {}", session.id, session.direction,
                            state, progress_text(session), format_duration(age), peer_text(session),
                            session.name));
    if (!session.error.empty()) report.line("                  " + escape(session.error));
  }
  if (sessions.empty()) report.note(0, "no sessions");
  return 0;
}

Result<int> clean_sessions_command(const Home& home, std::chrono::milliseconds older_than, Report& report) {
  DCDN_TRY(const int removed, clean_sessions(home, older_than));
  report.note(0, fmt::format("{} sessions forgotten", removed));
  report.json("clean", {{"removed", removed}});
  return 0;
}

Result<int> tell_session_command(const Home& home, const std::string& session, const std::string& command,
                                 Report& report) {
  DCDN_TRY(const std::string said, command_session(home, session, command));
  report.note(0, said);
  report.json("session_command", {{"command", command}, {"message", said}});
  return 0;
}

}  // namespace dcdn::tool
