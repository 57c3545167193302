// The life of a session: names of its states, and which may follow which.
#include <array>
#include <string_view>

#include "record/session_db.hpp"

namespace dcdn::record {

namespace {

constexpr std::array<const char*, 9> kNames{"pending",   "preparing", "active",    "paused", "completing",
                                            "completed", "failed",    "cancelled", "expired"};

bool is_over(SessionState state) {
  return state == SessionState::completed || state == SessionState::cancelled ||
         state == SessionState::expired;
}

bool is_running(SessionState state) {
  return state == SessionState::preparing || state == SessionState::active ||
         state == SessionState::completing;
}

// Going forward, and back to preparing after a lost connection.
bool follows(SessionState from, SessionState to) {
  switch (to) {
    case SessionState::preparing:
      return true;  // from every state that is not over: first start, reconnect, resume
    case SessionState::active:
      return from == SessionState::preparing || from == SessionState::paused;
    case SessionState::paused:
    case SessionState::completing:
      return from == SessionState::active;
    case SessionState::completed:
      return from == SessionState::completing;
    default:
      return false;
  }
}

}  // namespace

const char* name_of(SessionState state) {
  return kNames.at(static_cast<std::size_t>(state));
}

std::optional<SessionState> state_of(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (name == kNames[i]) return static_cast<SessionState>(i);
  return std::nullopt;
}

bool may_become(SessionState from, SessionState to) {
  if (from == to) return true;
  if (is_over(from)) return false;
  if (to == SessionState::failed || to == SessionState::cancelled) return true;
  if (to == SessionState::expired) return !is_running(from);
  return follows(from, to);
}

}  // namespace dcdn::record
