// session_table.hpp - the rows of the sessions that run in this process: for the list, for other terminals,
// and for what goes on after a break.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "record/session_db.hpp"

namespace dcdn::node {

/// A database that goes bad must not stop a transfer that works: what gives no Result tells `note` (level 1)
/// and goes on. So does a state that may not follow (level 2): the peer may have made it so.
/// Threads  one
class SessionTable {
 public:
  using Note = std::function<void(int level, const std::string& text)>;
  /// A disk that is full, read only or failing costs the list and no transfer: a note says so, and what
  /// follows is only known to this process. error: as SessionDb::open for the rest.
  static Result<std::unique_ptr<SessionTable>> open(const std::string& path, Note note);

  /// A new row by an id of its own, which is given back; nobody runs it yet.
  Result<std::string> add(record::SessionRow row);
  /// This process runs it from now on, and prepares it. `id`: a unique prefix will do; the whole is given
  /// back. error not_found, usage: there is none, several, or it has ended.
  Result<std::string> begin(const std::string& id);
  /// A session that a peer began, or goes on with; active at once.
  void begin_received(const std::string& id, const std::string& peer, const std::string& address);

  /// What a person asked for. error usage: the state may not follow.
  Result<void> command(const std::string& id, record::SessionState to);
  void change_state(const std::string& id, record::SessionState to, const std::string& error = "");
  /// The last state that was written; pending before begin() and after the end.
  [[nodiscard]] record::SessionState state(const std::string& id) const;
  /// As set_progress() said last; 0: nothing, or it does not run here.
  [[nodiscard]] std::uint64_t bytes_done(const std::string& id) const;
  /// Written at most once a second and at the end. An empty name leaves the one that is there.
  void set_progress(const std::string& id, std::uint64_t done, std::uint64_t total,
                    const std::string& name = "");
  /// From time to time: writes what is due.
  void tick();
  /// Everything was delivered; from any state that may still get there. See end(). Rows of the same work that
  /// a kill left unfinished go.
  bool complete(const std::string& id);
  /// It ends here, by `to`. False: it goes on, by another connection that began it meanwhile, and stays as it
  /// is.
  bool end(const std::string& id, record::SessionState to, const std::string& error = "");

 private:
  using Clock = std::chrono::steady_clock;
  struct Running {
    record::SessionState state = record::SessionState::pending;
    int times_begun = 0;  ///< and not ended
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::string name;  ///< still to be written
    bool changed = false;
    Clock::time_point written{};
  };
  SessionTable(std::unique_ptr<record::SessionDb> db, Note note);
  Result<void> do_without_disk(const Error& why);
  Result<void> mark_begun(const std::string& id);
  void forget_superseded(const std::string& id);
  void write(const std::string& id, Running& running);
  bool let_go(const std::string& id);
  void note(const Result<void>& done);

  std::unique_ptr<record::SessionDb> db_;
  Note note_;
  std::string noted_;  // last: one that is said every second is told once
  std::map<std::string, Running> running_;
};

}  // namespace dcdn::node
