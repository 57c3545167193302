#include "record/sqlite_statement.hpp"

#include "base/text.hpp"

namespace dcdn::record {

Error sqlite_error(sqlite3* connection, int code, const std::string& path, const std::string& during) {
  const std::string name = escape_for_display(path);
  const std::string reason = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  const std::string message = name + ": " + during + ": " + reason;
  switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return Error(Errc::corrupt, name + ": is damaged or not a session database (" + reason + ")")
          .with_hint("move it away (mv " + name + " " + name +
                     ".broken): a new one is made, sessions in it are forgotten, partial files are kept");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(Errc::locked, name + ": is kept busy by another process")
          .with_hint("try again in a moment");
    case SQLITE_FULL:
      return {Errc::no_space, message};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return {Errc::permission, message};
    case SQLITE_CONSTRAINT:
      return {Errc::exists, message};
    default:
      return {Errc::io, message};
  }
}

Result<SqliteStatement> SqliteStatement::prepare(sqlite3* connection, const char* sql,
                                                 const std::string& path) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return sqlite_error(connection, code, path, "prepare");
  return SqliteStatement(handle, path);
}

void SqliteStatement::bind(int at, std::string_view value) {
  sqlite3_bind_text64(handle_.get(), at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void SqliteStatement::restart() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_.get());
    return false;
  }
  Error failure = sqlite_error(sqlite3_db_handle(handle_.get()), code, path_, "write or read");
  sqlite3_reset(handle_.get());
  return failure;
}

Result<void> SqliteStatement::run() {
  DCDN_TRY(const bool row, step());
  if (row) restart();
  return {};
}

std::string SqliteStatement::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  if (bytes == nullptr || size <= 0) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

}  // namespace dcdn::record
