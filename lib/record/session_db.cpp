#include "record/session_db.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <thread>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "record/sqlite_statement.hpp"

namespace dcdn::record {

namespace {

constexpr std::chrono::milliseconds kBusyTimeout{5000};
constexpr std::int64_t kSchemaVersion = 2;
constexpr std::int64_t kApplicationId = 0x44434453;  // "DCDS": tells our file from any other SQLite file
constexpr std::size_t kIdDigits = 16;

constexpr const char* kSchema =
    "CREATE TABLE session ("
    " id TEXT PRIMARY KEY, direction INTEGER NOT NULL, state TEXT NOT NULL, peer TEXT NOT NULL,"
    " address TEXT NOT NULL, name TEXT NOT NULL, arguments TEXT NOT NULL,"
    " bytes_total INTEGER NOT NULL, bytes_done INTEGER NOT NULL,"
    " created_s INTEGER NOT NULL, updated_s INTEGER NOT NULL, pid INTEGER NOT NULL, error TEXT NOT NULL,"
    " work TEXT NOT NULL DEFAULT ''"
    ") WITHOUT ROWID;";

constexpr const char* kFromVersion1 = "ALTER TABLE session ADD COLUMN work TEXT NOT NULL DEFAULT ''";

#define DCDN_SESSION_COLUMNS                                                                              \
  "id, direction, state, peer, address, name, arguments, bytes_total, bytes_done, created_s, updated_s, " \
  "pid, "                                                                                                 \
  "error, work"

// What cannot be done to a session, for "... is completed and cannot be paused".
const char* verb_of(SessionState to) {
  switch (to) {
    case SessionState::pending:
      return "wait again";
    case SessionState::preparing:
      return "be started";
    case SessionState::active:
      return "become active";
    case SessionState::paused:
      return "be paused";
    case SessionState::completing:
      return "be brought to its end";
    case SessionState::completed:
      return "be completed";
    case SessionState::failed:
      return "fail";
    case SessionState::cancelled:
      return "be cancelled";
    case SessionState::expired:
      return "expire";
  }
  return "change";
}

bool is_session_id(std::string_view text) {
  return text.size() == kIdDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::int64_t to_column(std::uint64_t value) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(value, kMost));
}

std::uint64_t from_column(std::int64_t value) {
  return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

Error no_such(const std::string& id) {
  return Error(Errc::not_found, "no session " + escape_for_display(id))
      .with_hint("--list shows the sessions there are");
}

// SQLite would make the file with the umask; and opening and closing an existing one here would drop the
// locks that another connection of this process holds on it (POSIX locks), so only a new file is touched.
Result<void> create_private_file(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) DCDN_CHECK(make_directories(path.substr(0, slash), 0700));
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid() && errno != EEXIST) return errno_error(errno, escape_for_display(path) + ": create");
  return {};
}

}  // namespace

struct SessionDb::Impl {
  std::string path;
  SqliteConnection connection;
  std::vector<SqliteStatement> statements;  // in the order of Use

  enum class Use {
    begin,
    commit,
    rollback,
    durable,
    relaxed,
    insert,
    get,
    find,
    list,
    list_one,
    set_state,
    set_progress,
    set_peer,
    set_pid,
    set_name,
    remove
  };

  SqliteStatement& use(Use which) { return statements[static_cast<std::size_t>(which)]; }

  Result<void> execute(const char* sql) {
    const int code = sqlite3_exec(connection.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_error(connection.get(), code, path, "open");
    return {};
  }

  Result<std::int64_t> ask(const char* sql) {
    DCDN_TRY(auto statement, SqliteStatement::prepare(connection.get(), sql, path));
    DCDN_TRY(const bool row, statement.step());
    return row ? statement.integer(0) : 0;
  }

  // Two processes that turn a new file into WAL at once may be told BUSY without waiting, so the waiting is
  // here.
  Result<void> switch_to_wal() {
    const auto until = std::chrono::steady_clock::now() + kBusyTimeout;
    for (;;) {
      auto done = execute("PRAGMA journal_mode=WAL");
      if (done || done.error().code != Errc::locked || std::chrono::steady_clock::now() > until) return done;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  Result<void> migrate() {
    DCDN_TRY(const std::int64_t version, ask("PRAGMA user_version"));
    DCDN_TRY(const std::int64_t application, ask("PRAGMA application_id"));
    if (application == kApplicationId && version == kSchemaVersion) return {};
    if (application == kApplicationId && version > kSchemaVersion)
      return Error(Errc::unsupported, escape_for_display(path) + ": was made by a newer version of dcdn")
          .with_hint("use that version, or another DCDN_HOME");
    if (application == kApplicationId && version == 1) {
      DCDN_CHECK(execute(kFromVersion1));
      return set_version();
    }
    DCDN_TRY(const std::int64_t tables, ask("SELECT count(*) FROM sqlite_schema"));
    if (tables != 0 || version != 0)
      return Error(Errc::corrupt, escape_for_display(path) + ": is an SQLite file but not a session database")
          .with_hint("move it away: a new one is made");
    DCDN_CHECK(execute(kSchema));
    DCDN_CHECK(execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str()));
    return set_version();
  }

  Result<void> set_version() {
    return execute(("PRAGMA user_version=" + std::to_string(kSchemaVersion)).c_str());
  }

  Result<void> prepare_all() {
    static constexpr const char* kSql[] = {
        "BEGIN IMMEDIATE",
        "COMMIT",
        "ROLLBACK",
        "PRAGMA synchronous=FULL",
        "PRAGMA synchronous=NORMAL",
        "INSERT INTO session (" DCDN_SESSION_COLUMNS
        ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
        "SELECT " DCDN_SESSION_COLUMNS " FROM session WHERE id=?1",
        "SELECT " DCDN_SESSION_COLUMNS " FROM session WHERE id>=?1 AND id<?1||'g' ORDER BY id LIMIT 2",
        "SELECT " DCDN_SESSION_COLUMNS " FROM session ORDER BY created_s, id",
        "SELECT " DCDN_SESSION_COLUMNS " FROM session WHERE direction=?1 ORDER BY created_s, id",
        "UPDATE session SET state=?2, error=?3, updated_s=?4 WHERE id=?1",
        "UPDATE session SET bytes_done=?2, bytes_total=?3, updated_s=?4 WHERE id=?1",
        "UPDATE session SET peer=?2, address=?3 WHERE id=?1",
        "UPDATE session SET pid=?2 WHERE id=?1",
        "UPDATE session SET name=?2 WHERE id=?1",
        "DELETE FROM session WHERE id=?1",
    };
    for (const char* sql : kSql) {
      DCDN_TRY(auto statement, SqliteStatement::prepare(connection.get(), sql, path));
      statements.push_back(std::move(statement));
    }
    return {};
  }

  Result<SessionRow> row_of(const SqliteStatement& statement) const {
    SessionRow row;
    row.id = statement.text(0);
    row.direction = statement.integer(1) == 0 ? Direction::send : Direction::receive;
    const auto state = state_of(statement.text(2));
    if (!state)
      return Error(Errc::corrupt,
                   escape_for_display(path) + ": session " + row.id + " is in an unknown state")
          .with_hint("move the file away: a new one is made");
    row.state = *state;
    row.peer = statement.text(3);
    row.address = statement.text(4);
    row.name = statement.text(5);
    row.arguments = statement.text(6);
    row.bytes_total = from_column(statement.integer(7));
    row.bytes_done = from_column(statement.integer(8));
    row.created_s = statement.integer(9);
    row.updated_s = statement.integer(10);
    row.pid = statement.integer(11);
    row.error = statement.text(12);
    row.work = statement.text(13);
    return row;
  }

  Result<std::vector<SessionRow>> rows_of(SqliteStatement& statement) const {
    std::vector<SessionRow> rows;
    for (;;) {
      DCDN_TRY(const bool more, statement.step());
      if (!more) return rows;
      auto row = row_of(statement);
      if (!row) statement.restart();
      DCDN_TRY(auto value, std::move(row));
      rows.push_back(std::move(value));
    }
  }

  // An update or delete that must have met a row.
  Result<void> run_on(const std::string& id, SqliteStatement& statement) {
    DCDN_CHECK(statement.run());
    if (sqlite3_changes(connection.get()) == 0) return no_such(id);
    return {};
  }

  /// `work` in one transaction that is on disk when this returns.
  template <class Work>
  Result<void> durably(Work work) {
    DCDN_CHECK(use(Use::durable).bind_all().run());
    auto done = use(Use::begin).bind_all().run();
    if (done) {
      done = work();
      if (done) done = use(Use::commit).bind_all().run();
      if (!done && sqlite3_get_autocommit(connection.get()) == 0)
        (void)use(Use::rollback).bind_all().run().has_value();
    }
    DCDN_CHECK(use(Use::relaxed).bind_all().run());
    return done;
  }
};

bool has_ended(SessionState state) {
  return state == SessionState::completed || state == SessionState::cancelled ||
         state == SessionState::expired || state == SessionState::failed;
}

bool is_running(const SessionRow& row) {
  if (row.pid <= 0 || has_ended(row.state)) return false;
  return ::kill(static_cast<pid_t>(row.pid), 0) == 0 || errno == EPERM;
}

SessionDb::SessionDb(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SessionDb::~SessionDb() = default;

Result<std::unique_ptr<SessionDb>> SessionDb::in_memory() {
  return open_at(":memory:");
}

Result<std::unique_ptr<SessionDb>> SessionDb::open(const std::string& path) {
  DCDN_CHECK(create_private_file(path));
  return open_at(path);
}

Result<std::unique_ptr<SessionDb>> SessionDb::open_at(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  impl->connection.reset(raw);
  if (code != SQLITE_OK) return sqlite_error(raw, code, path, "open");
  sqlite3_busy_timeout(raw, static_cast<int>(kBusyTimeout.count()));
  DCDN_CHECK(impl->switch_to_wal());
  DCDN_CHECK(impl->execute("PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE"));
  DCDN_CHECK(impl->migrate());  // on failure closing the connection rolls back
  DCDN_CHECK(impl->execute("COMMIT"));
  DCDN_CHECK(impl->prepare_all());
  return std::unique_ptr<SessionDb>(new SessionDb(std::move(impl)));
}

Result<void> SessionDb::insert(const SessionRow& row) {
  if (!is_session_id(row.id))
    return Error(Errc::usage, "a session id is 16 hexadecimal digits, not " + escape_for_display(row.id));
  return impl_->durably([&]() -> Result<void> {
    auto done =
        impl_->use(Impl::Use::insert)
            .bind_all(row.id, static_cast<std::int64_t>(row.direction), name_of(row.state), row.peer,
                      row.address, row.name, row.arguments, to_column(row.bytes_total),
                      to_column(row.bytes_done), row.created_s, row.updated_s, row.pid, row.error, row.work)
            .run();
    if (!done && done.error().code == Errc::exists)
      return Error(Errc::exists, "session " + row.id + " is there already");
    return done;
  });
}

Result<SessionRow> SessionDb::get(const std::string& id) const {
  DCDN_TRY(auto rows, impl_->rows_of(impl_->use(Impl::Use::get).bind_all(id)));
  if (rows.empty()) return no_such(id);
  return std::move(rows.front());
}

Result<SessionRow> SessionDb::find(const std::string& id_prefix) const {
  std::string prefix = id_prefix;
  for (char& c : prefix)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  const bool digits_only = prefix.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (prefix.empty() || prefix.size() > kIdDigits || !digits_only) return no_such(id_prefix);
  DCDN_TRY(auto rows, impl_->rows_of(impl_->use(Impl::Use::find).bind_all(prefix)));
  if (rows.empty()) return no_such(id_prefix);
  if (rows.size() > 1)
    return Error(Errc::usage, "several sessions start with " + prefix)
        .with_hint("give more digits: " + rows[0].id + " or " + rows[1].id);
  return std::move(rows.front());
}

Result<std::vector<SessionRow>> SessionDb::list(std::optional<Direction> direction) const {
  if (!direction) return impl_->rows_of(impl_->use(Impl::Use::list).bind_all());
  return impl_->rows_of(impl_->use(Impl::Use::list_one).bind_all(static_cast<std::int64_t>(*direction)));
}

Result<void> SessionDb::change_state(const std::string& id, SessionState to, const std::string& error,
                                     std::int64_t now_s) {
  return impl_->durably([&]() -> Result<void> {
    DCDN_TRY(const SessionRow row, get(id));
    if (!may_become(row.state, to))
      return Error(Errc::usage, "session " + id + " is " + name_of(row.state) + " and cannot " + verb_of(to));
    // Nothing leaves a state that is over, not even its error text.
    if (row.state == to && !may_become(to, SessionState::failed)) return {};
    return impl_->run_on(id, impl_->use(Impl::Use::set_state).bind_all(id, name_of(to), error, now_s));
  });
}

Result<void> SessionDb::set_progress(const std::string& id, std::uint64_t done, std::uint64_t total,
                                     std::int64_t now_s) {
  return impl_->run_on(
      id, impl_->use(Impl::Use::set_progress).bind_all(id, to_column(done), to_column(total), now_s));
}

Result<void> SessionDb::set_peer(const std::string& id, const std::string& peer, const std::string& address) {
  return impl_->run_on(id, impl_->use(Impl::Use::set_peer).bind_all(id, peer, address));
}

Result<void> SessionDb::set_pid(const std::string& id, std::int64_t pid) {
  return impl_->run_on(id, impl_->use(Impl::Use::set_pid).bind_all(id, pid));
}

Result<void> SessionDb::set_name(const std::string& id, const std::string& name) {
  return impl_->run_on(id, impl_->use(Impl::Use::set_name).bind_all(id, name));
}

Result<void> SessionDb::remove(const std::string& id) {
  return impl_->durably([&] { return impl_->run_on(id, impl_->use(Impl::Use::remove).bind_all(id)); });
}

}  // namespace dcdn::record
