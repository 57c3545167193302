// sqlite_statement.hpp - the only place that talks to SQLite's C interface: a connection, prepared
// statements, and its result codes turned into errors.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dcdn/result.hpp"

namespace dcdn::record {

struct SqliteClose {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
using SqliteConnection = std::unique_ptr<sqlite3, SqliteClose>;

/// The last failure of `connection` on the database file `path`.
/// NOTADB, CORRUPT corrupt (with the way out); BUSY, LOCKED locked; FULL no_space; CANTOPEN, PERM, AUTH,
/// READONLY permission; CONSTRAINT exists; all else io.
Error sqlite_error(sqlite3* connection, int code, const std::string& path, const std::string& during);

/// A prepared statement, used again and again. Reset before each use by bind_all().
class SqliteStatement {
 public:
  static Result<SqliteStatement> prepare(sqlite3* connection, const char* sql, const std::string& path);

  /// Values for ?1, ?2, ... in order: std::int64_t or text.
  template <class... Values>
  SqliteStatement& bind_all(const Values&... values) {
    restart();
    int at = 0;
    (bind(++at, values), ...);
    return *this;
  }
  /// True: a row is there to be read. False: done.
  Result<bool> step();
  /// For statements that give no rows.
  Result<void> run();
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  [[nodiscard]] std::string text(int column) const;
  /// Ends a use early, so that the statement holds no lock.
  void restart();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  SqliteStatement(sqlite3_stmt* handle, const std::string& path) : handle_(handle), path_(path) {}
  void bind(int at, std::int64_t value) { sqlite3_bind_int64(handle_.get(), at, value); }
  void bind(int at, std::string_view value);

  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  std::string path_;
};

}  // namespace dcdn::record
