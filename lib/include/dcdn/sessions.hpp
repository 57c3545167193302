// dcdn/sessions.hpp - the list of sessions of a home, and commands to those that run in another process.
//
// Spec     dcdn-send(1), SESSIONS; dcdn-recv(1)
// Threads  any; every call opens the list anew and closes it. One that asks a running process waits up to 5 s
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "dcdn/export.hpp"
#include "dcdn/home.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// One transfer, sent or received; its row outlives its process.
struct SessionInfo {
  std::string id;         ///< 16 hexadecimal digits
  std::string direction;  ///< send, receive
  /// pending, preparing, active, paused, completing, completed, failed, cancelled, expired
  std::string state;
  std::string peer;                               ///< node id text; empty: unknown
  std::string peer_name;                          ///< under which it is trusted; empty: under none
  std::string address;                            ///< where to, or from; escape before showing
  std::string name;                               ///< what, for a list; escaped
  std::string error;                              ///< why it failed; escape before showing
  std::string arguments;                          ///< of send(): SendOptions::arguments_json
  std::uint64_t bytes_total = 0, bytes_done = 0;  ///< of content; total 0: unknown
  std::int64_t created_s = 0, updated_s = 0;      ///< since 1970
  bool running = false;                           ///< a process works on it now
};
/// All sessions of this home, newest first; a home without any gives an empty list.
/// error io, permission, corrupt: the list cannot be read.
DCDN_API Result<std::vector<SessionInfo>> list_sessions(const Home& home);

/// One of them. A unique prefix of its id is enough.
/// error not_found; usage: the prefix fits several.
DCDN_API Result<SessionInfo> find_session(const Home& home, const std::string& id);

/// Tells a session to pause, resume or cancel; returns a sentence for a person.
///
/// id       a unique prefix is enough
/// command  pause, resume, cancel
/// A running process is told through its control socket. For a session without a process pause and cancel
/// change its row; resume answers not_found with the command that goes on (the tool then calls send()).
/// error not_found; usage: a state from which that is not possible; temporary: the process does not answer.
DCDN_API Result<std::string> command_session(const Home& home, const std::string& id,
                                             const std::string& command);

/// Removes sessions that no process runs and that have not changed for so long; returns how many. What is
/// unfinished of them in the receiver's staging folder stays: clean_staging of dcdn/recv.hpp.
DCDN_API Result<int> clean_sessions(const Home& home, std::chrono::milliseconds older_than);

}  // namespace dcdn
