// dcdn/error.hpp - what can go wrong, grouped by the exit status it ends in (dcdn(7), EXIT STATUS).
//
// Spec     dcdn(7), EXIT STATUS. A code may get more values, never another meaning or exit status.
// Threads  values; exit_status and name_of are pure
#pragma once
#include <string>
#include <system_error>
#include <utility>

#include "dcdn/export.hpp"

namespace dcdn {

/// What to branch on. Two codes of one exit status differ in what a program would do next.
enum class Errc {
  // exit 1
  internal,  ///< a broken invariant of our own
  other,     ///< anything without a better name
  // exit 2
  usage,  ///< the command line or an argument of a call is wrong
  // exit 3
  incomplete,  ///< stopped before the end; the session can be resumed
  // exit 4
  corrupt,        ///< bytes do not match their digest, check or format
  bad_signature,  ///< a signature or a key proof is wrong
  unsupported,    ///< a version, codec or feature that this build does not know
  // exit 5
  temporary,  ///< retry may help: connection lost, peer busy, timed out
  // exit 6
  unreachable,  ///< no peer, no route, name not resolved, nothing answers
  // exit 7
  untrusted,  ///< a key is unknown, not allowed, not the one expected, or revoked
  // exit 8
  limit,  ///< a stated limit was reached: quota, --max-time, --max-bytes
  // exit 9
  nothing,  ///< nothing to do, when asked to say so
  // exit 10
  no_space,  ///< the disk (here or at the peer) is full
  // exit 11
  config,  ///< a configuration file or environment value is wrong
  // exit 12
  locked,  ///< another instance holds it
  // exit 13
  refused,  ///< the peer refused the offer (collision policy, kind of object, paused for good)
  // exit 14
  io,          ///< read or write failed
  not_found,   ///< a named file, key, session or directory does not exist
  permission,  ///< the system said no
  exists,      ///< would overwrite something and was not told to
  changed,     ///< the source changed or vanished while it was read
  partial,     ///< all the rest was delivered: some of a tree could not be read and was left out
  // exit 128 + signal
  interrupted,  ///< stopped by a signal
  closed_pipe,  ///< the reader of our standard output went away
};

/// One error: a code to branch on, a message for a person (lower case, no full stop, names the thing),
/// an optional hint (the way out: a command or an option), and the system's own code where there is one.
struct Error {
  Error(Errc c, std::string m, std::error_code e = {}) : code(c), message(std::move(m)), cause(e) {}

  /// The same error with "during: " put in front, as it travels up.
  [[nodiscard]] Error during(const std::string& what) const {
    Error e = *this;
    e.message = what + ": " + e.message;
    return e;
  }
  /// The same error with another hint: a command or an option, ready to be typed.
  [[nodiscard]] Error with_hint(std::string h) const {
    Error e = *this;
    e.hint = std::move(h);
    return e;
  }

  Errc code;
  std::string message;    ///< names the thing, safe to show: what strangers wrote in it is escaped
  std::string hint;       ///< empty: no way out is known
  std::error_code cause;  ///< of the system, where there is one
};

/// Errno to Error: ENOSPC/EDQUOT no_space, ENOENT not_found, EACCES/EPERM/EROFS permission, EEXIST exists,
/// EPIPE closed_pipe, all else io. `what` names the thing: "photos/a.jpg: open".
DCDN_API Error errno_error(int errnum, const std::string& what);

/// Exit status of a code, by the table in dcdn(7). interrupted maps to 130; tools add the signal they saw.
DCDN_API int exit_status(Errc code);
/// Stable lower-case name, for --json: "bad_signature".
DCDN_API const char* name_of(Errc code);

}  // namespace dcdn
