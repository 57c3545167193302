// The list of sessions, and commands to those that run in another process.
#include "dcdn/sessions.hpp"

#include "base/clock.hpp"
#include "node/console_commands.hpp"
#include "record/session_db.hpp"
#include "sign/ed25519.hpp"
#include "trust/keyring_file.hpp"

namespace dcdn {

namespace {

using record::SessionState;

// What is wrong with the keys is no reason to hide the sessions: they are then told by their node ids.
sign::Keyring known_keys(const Home& home) {
  auto ring = trust::load_keyring(home);
  return ring ? *std::move(ring) : sign::Keyring();
}

SessionInfo info_of(const record::SessionRow& row, const sign::Keyring& ring) {
  SessionInfo info;
  info.id = row.id;
  info.direction = row.direction == record::Direction::send ? "send" : "receive";
  info.state = record::name_of(row.state);
  info.peer = row.peer;
  if (const auto key = sign::parse_node_id(row.peer)) info.peer_name = ring.name_of(*key).value_or("");
  info.address = row.address;
  info.name = row.name;
  info.error = row.error;
  info.arguments = row.arguments;
  info.bytes_total = row.bytes_total;
  info.bytes_done = row.bytes_done;
  info.created_s = row.created_s;
  info.updated_s = row.updated_s;
  info.running = record::is_running(row);
  return info;
}

// A process that runs the session answers on its socket; the pid alone may be somebody else's by now.
Result<std::string> tell_process(const Home& home, const record::SessionRow& row,
                                 const std::string& command) {
  DCDN_TRY(const node::Fields answer, node::ask_process(home.control_path(row.id), command, row.id));
  (void)answer;  // it was done: these commands answer nothing else
  return "session " + row.id + ": " + (command == "cancel" ? "cancelled" : command + "d");
}

}  // namespace

Result<std::vector<SessionInfo>> list_sessions(const Home& home) {
  DCDN_TRY(const auto db, record::SessionDb::open(home.sessions_path()));
  DCDN_TRY(const auto rows, db->list(std::nullopt));
  std::vector<SessionInfo> all;
  const sign::Keyring ring = known_keys(home);
  for (const auto& row : rows) all.push_back(info_of(row, ring));
  return all;
}

Result<SessionInfo> find_session(const Home& home, const std::string& id) {
  DCDN_TRY(const auto db, record::SessionDb::open(home.sessions_path()));
  DCDN_TRY(const auto row, db->find(id));
  return info_of(row, known_keys(home));
}

Result<std::string> command_session(const Home& home, const std::string& id, const std::string& command) {
  DCDN_TRY(const auto db, record::SessionDb::open(home.sessions_path()));
  DCDN_TRY(const auto row, db->find(id));
  auto told = tell_process(home, row, command);
  if (told || told.error().code != Errc::not_found) return told;
  const std::int64_t now = now_s();
  if (command == "resume") {
    if (!record::may_become(row.state, SessionState::preparing))
      return Error(Errc::usage,
                   "session " + row.id + " is " + record::name_of(row.state) + " and cannot be resumed");
    return Error(Errc::not_found, "no process runs session " + row.id)
        .with_hint("dcdn-send --resume " + row.id);
  }
  // Nobody runs it: an active row is left from a process that died.
  const bool left_over = !record::has_ended(row.state) && row.state != SessionState::paused;
  if (command == "pause" && left_over)
    DCDN_CHECK(db->change_state(row.id, SessionState::failed, "its process ended", now));
  if (command == "pause" && left_over) return "session " + row.id + ": not running; it can be resumed";
  const record::SessionState to = command == "cancel" ? SessionState::cancelled : SessionState::paused;
  DCDN_CHECK(db->change_state(row.id, to, "", now));
  return "session " + row.id + ": " + (command == "cancel" ? "cancelled" : "paused");
}

Result<int> clean_sessions(const Home& home, std::chrono::milliseconds older_than) {
  DCDN_TRY(const auto db, record::SessionDb::open(home.sessions_path()));
  DCDN_TRY(const auto rows, db->list(std::nullopt));
  const std::int64_t limit = now_s() - std::chrono::duration_cast<std::chrono::seconds>(older_than).count();
  int removed = 0;
  for (const auto& row : rows) {
    if (row.updated_s > limit || record::is_running(row)) continue;
    DCDN_CHECK(db->remove(row.id));
    ++removed;
  }
  return removed;
}

}  // namespace dcdn
