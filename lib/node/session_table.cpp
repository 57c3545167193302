#include "node/session_table.hpp"

#include <unistd.h>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace dcdn::node {

namespace {

using record::SessionState;

constexpr std::chrono::seconds kWriteEvery{1};

bool is_about_the_disk(const Error& error) {
  return error.code == Errc::no_space || error.code == Errc::io || error.code == Errc::permission;
}

/// Whether both are the same files for the same peer, begun anew, be it in another way.
bool is_same_work(const record::SessionRow& a, const record::SessionRow& b) {
  if (a.direction != b.direction) return false;
  if (a.direction == record::Direction::send) return !a.work.empty() && a.work == b.work;
  return a.name == b.name && a.peer == b.peer;
}

}  // namespace

SessionTable::SessionTable(std::unique_ptr<record::SessionDb> db, Note note)
    : db_(std::move(db)), note_(std::move(note)) {}

Result<std::unique_ptr<SessionTable>> SessionTable::open(const std::string& path, Note note) {
  auto db = record::SessionDb::open(path);
  if (!db && !is_about_the_disk(db.error())) return db.error();
  if (db) return std::unique_ptr<SessionTable>(new SessionTable(*std::move(db), std::move(note)));
  std::unique_ptr<SessionTable> table(new SessionTable(nullptr, std::move(note)));
  DCDN_CHECK(table->do_without_disk(db.error()));
  return table;
}

Result<void> SessionTable::do_without_disk(const Error& why) {
  note_(0, "not listed, and not to be resumed by its number: " + why.message);
  DCDN_TRY(db_, record::SessionDb::in_memory());
  return {};
}

Result<std::string> SessionTable::add(record::SessionRow row) {
  std::array<std::uint8_t, 8> raw;
  random_bytes(raw);
  row.id = to_hex(raw);
  row.created_s = row.updated_s = now_s();
  auto added = db_->insert(row);
  if (!added && is_about_the_disk(added.error())) {
    DCDN_CHECK(do_without_disk(added.error()));
    added = db_->insert(row);
  }
  DCDN_CHECK(added);
  return row.id;
}

Result<std::string> SessionTable::begin(const std::string& id) {
  DCDN_TRY(const record::SessionRow row, db_->find(id));
  auto begun = mark_begun(row.id);
  if (!begun && is_about_the_disk(begun.error())) {
    DCDN_CHECK(do_without_disk(begun.error()));
    DCDN_CHECK(db_->insert(row));
    begun = mark_begun(row.id);
  }
  DCDN_CHECK(begun);
  Running& running = running_[row.id];
  running.state = SessionState::preparing;
  ++running.times_begun;
  return row.id;
}

Result<void> SessionTable::mark_begun(const std::string& id) {
  DCDN_CHECK(db_->set_pid(id, ::getpid()));
  return db_->change_state(id, SessionState::preparing, "", now_s());
}

void SessionTable::begin_received(const std::string& id, const std::string& peer,
                                  const std::string& address) {
  if (!db_->get(id)) {
    record::SessionRow row;
    row.id = id;
    row.direction = record::Direction::receive;
    row.created_s = row.updated_s = now_s();
    note(db_->insert(row));
  }
  ++running_[id].times_begun;
  note(db_->set_peer(id, peer, address));
  note(db_->set_pid(id, ::getpid()));
  change_state(id, SessionState::preparing);
  change_state(id, SessionState::active);
}

Result<void> SessionTable::command(const std::string& id, SessionState to) {
  DCDN_CHECK(db_->change_state(id, to, "", now_s()));
  if (const auto known = running_.find(id); known != running_.end()) known->second.state = to;
  return {};
}

void SessionTable::change_state(const std::string& id, SessionState to, const std::string& error) {
  const auto changed = db_->change_state(id, to, error, now_s());
  note(changed);
  const auto known = running_.find(id);
  if (changed && known != running_.end()) known->second.state = to;
}

SessionState SessionTable::state(const std::string& id) const {
  const auto known = running_.find(id);
  return known == running_.end() ? SessionState::pending : known->second.state;
}

std::uint64_t SessionTable::bytes_done(const std::string& id) const {
  const auto known = running_.find(id);
  return known == running_.end() ? 0 : known->second.done;
}

void SessionTable::set_progress(const std::string& id, std::uint64_t done, std::uint64_t total,
                                const std::string& name) {
  const auto known = running_.find(id);
  if (known == running_.end()) return;
  Running& running = known->second;
  running.done = done;
  running.total = total;
  if (!name.empty()) running.name = name;
  running.changed = true;
  if (Clock::now() - running.written >= kWriteEvery) write(id, running);
}

void SessionTable::tick() {
  const auto due = Clock::now() - kWriteEvery;
  for (auto& [id, running] : running_)
    if (running.changed && running.written <= due) write(id, running);
}

void SessionTable::write(const std::string& id, Running& running) {
  if (!std::exchange(running.changed, false)) return;
  running.written = Clock::now();
  if (const std::string name = std::exchange(running.name, {}); !name.empty()) note(db_->set_name(id, name));
  note(db_->set_progress(id, running.done, running.total, now_s()));
}

// Only an active one may complete: whatever is shown of the way there is true for a moment.
bool SessionTable::complete(const std::string& id) {
  const SessionState from = state(id);
  const bool over = let_go(id);
  if (from == SessionState::preparing || from == SessionState::paused) change_state(id, SessionState::active);
  change_state(id, SessionState::completing);
  change_state(id, SessionState::completed);
  if (over) forget_superseded(id);
  return over;
}

// A sender that was killed and started again is another session here, and the connection of the first may end
// before or after the second has completed.
void SessionTable::forget_superseded(const std::string& id) {
  const auto ended = db_->get(id);
  if (!ended || ended->name.empty()) return;
  const auto rows = db_->list(ended->direction);
  if (!rows) return note(rows.error());
  const bool completed = ended->state == SessionState::completed;
  for (const record::SessionRow& row : *rows) {
    if (row.id == id || running_.contains(row.id) || !is_same_work(row, *ended)) continue;
    if (!completed && row.state == SessionState::completed && row.created_s >= ended->created_s)
      return note(db_->remove(id));
    const bool kept = row.state == SessionState::completed || row.state == SessionState::cancelled;
    if (completed && !kept && !record::is_running(row)) note(db_->remove(row.id));
  }
}

bool SessionTable::end(const std::string& id, SessionState to, const std::string& error) {
  const bool over = let_go(id);
  if (over) change_state(id, to, error);
  if (over && to == SessionState::failed) forget_superseded(id);
  return over;
}

bool SessionTable::let_go(const std::string& id) {
  const auto known = running_.find(id);
  if (known == running_.end()) return true;
  write(id, known->second);
  if (--known->second.times_begun > 0) return false;
  note(db_->set_pid(id, 0));
  running_.erase(known);
  return true;
}

void SessionTable::note(const Result<void>& done) {
  if (done || noted_ == done.error().message) return;
  noted_ = done.error().message;
  note_(done.error().code == Errc::usage ? 2 : 1, noted_);
}

}  // namespace dcdn::node
