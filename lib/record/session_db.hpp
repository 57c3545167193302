// session_db.hpp - sessions that outlive a process: one SQLite file (WAL) in the state directory.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::record {

enum class SessionState {
  pending,
  preparing,
  active,
  paused,
  completing,
  completed,
  failed,
  cancelled,
  expired
};
enum class Direction { send, receive };

const char* name_of(SessionState state);
std::optional<SessionState> state_of(std::string_view name);

/// Whether `from` may become `to`:
///   pending -> preparing; preparing -> active; active -> paused, completing, preparing (reconnect);
///   paused -> active, preparing; completing -> completed, preparing (reconnect);
///   failed -> preparing (resume);
///   any but completed, cancelled, expired -> failed, cancelled;
///   any but active, completing, preparing -> expired
/// A state may always become itself; nothing leaves completed, cancelled and expired.
bool may_become(SessionState from, SessionState to);

struct SessionRow {
  std::string id;  ///< 16 hexadecimal digits
  Direction direction = Direction::send;
  SessionState state = SessionState::pending;
  std::string peer;               ///< node id text, or empty while unknown
  std::string address;            ///< where to (send) or from (receive)
  std::string name;               ///< what, for the list: "photos, report.pdf"
  std::string arguments;          ///< JSON: what --resume needs to start it again; no secrets
  std::string work;               ///< equal: the same is sent to the same; empty: not known
  std::uint64_t bytes_total = 0;  ///< 0: unknown
  std::uint64_t bytes_done = 0;
  std::int64_t created_s = 0;
  std::int64_t updated_s = 0;
  std::int64_t pid = 0;  ///< of the process that runs it, 0 if none
  std::string error;     ///< why it failed
};

/// Nothing follows on it.
bool has_ended(SessionState state);
/// It has not ended, and its process is there. A number may be somebody else's by now: who must know asks the
/// process.
bool is_running(const SessionRow& row);

/// Threads  one at a time; any number of processes.
class SessionDb {
 public:
  /// Makes the file (0600) and its directory (0700) when needed. error corrupt: not a session database (the
  /// message names the file, the hint the way out); unsupported: of a newer dcdn; locked: busy for longer
  /// than 5 s, which is what every other call may say as well.
  static Result<std::unique_ptr<SessionDb>> open(const std::string& path);
  /// One that is gone with the process and that no other sees: for a list that has no place on disk.
  static Result<std::unique_ptr<SessionDb>> in_memory();
  ~SessionDb();
  /// error usage: not an id; exists.
  Result<void> insert(const SessionRow& row);
  /// error not_found.
  Result<SessionRow> get(const std::string& id) const;
  /// A unique prefix of an id will do. error not_found, usage (several match).
  Result<SessionRow> find(const std::string& id_prefix) const;
  Result<std::vector<SessionRow>> list(std::optional<Direction> direction) const;
  /// In one transaction, on disk when this returns: reads the state, checks may_become, writes. error
  /// not_found; usage: "session 1a2b... is completed and cannot be paused".
  Result<void> change_state(const std::string& id, SessionState to, const std::string& error,
                            std::int64_t now_s);
  Result<void> set_progress(const std::string& id, std::uint64_t done, std::uint64_t total,
                            std::int64_t now_s);
  Result<void> set_peer(const std::string& id, const std::string& peer, const std::string& address);
  Result<void> set_name(const std::string& id, const std::string& name);
  Result<void> set_pid(const std::string& id, std::int64_t pid);
  Result<void> remove(const std::string& id);

 private:
  struct Impl;
  explicit SessionDb(std::unique_ptr<Impl> impl);
  static Result<std::unique_ptr<SessionDb>> open_at(const std::string& path);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dcdn::record
