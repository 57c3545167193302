#include "dcdn/error.hpp"

#include <cerrno>
#include <cstring>

namespace dcdn {

namespace {

struct CodeRow {
  Errc code;
  int status;
  const char* name;
};

constexpr CodeRow kCodes[] = {
    {Errc::internal, 1, "internal"},
    {Errc::other, 1, "other"},
    {Errc::usage, 2, "usage"},
    {Errc::incomplete, 3, "incomplete"},
    {Errc::corrupt, 4, "corrupt"},
    {Errc::bad_signature, 4, "bad_signature"},
    {Errc::unsupported, 4, "unsupported"},
    {Errc::temporary, 5, "temporary"},
    {Errc::unreachable, 6, "unreachable"},
    {Errc::untrusted, 7, "untrusted"},
    {Errc::limit, 8, "limit"},
    {Errc::nothing, 9, "nothing"},
    {Errc::no_space, 10, "no_space"},
    {Errc::config, 11, "config"},
    {Errc::locked, 12, "locked"},
    {Errc::refused, 13, "refused"},
    {Errc::io, 14, "io"},
    {Errc::not_found, 14, "not_found"},
    {Errc::permission, 14, "permission"},
    {Errc::exists, 14, "exists"},
    {Errc::changed, 14, "changed"},
    {Errc::partial, 14, "partial"},
    {Errc::interrupted, 130, "interrupted"},
    {Errc::closed_pipe, 141, "closed_pipe"},
};

const CodeRow& row_of(Errc code) {
  for (const CodeRow& row : kCodes)
    if (row.code == code) return row;
  return kCodes[0];
}

Errc code_of_errno(int errnum) {
  switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Errc::no_space;
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::permission;
    case EEXIST:
      return Errc::exists;
    case EPIPE:
      return Errc::closed_pipe;
    default:
      return Errc::io;
  }
}

}  // namespace

Error errno_error(int errnum, const std::string& what) {
  const std::error_code cause(errnum, std::generic_category());
  const Error error(code_of_errno(errnum), what + ": " + cause.message(), cause);
  return errnum == EFBIG ? error.with_hint("ulimit -f says how long a file may be") : error;
}

int exit_status(Errc code) {
  return row_of(code).status;
}
const char* name_of(Errc code) {
  return row_of(code).name;
}

}  // namespace dcdn
