// audit_log.hpp - what was accepted, refused and changed, one hash-chained JSON line each (dcdn-sign(1),
// FORMAT).
//
// A line holds the hash of the one before and its own, so that a line that is altered, dropped or moved
// shows. What shows nothing is an end that was cut off: `audit verify --head` compares with a hash that was
// noted elsewhere. Threads  any; processes that append at the same time take turns (flock). A line that a
// crash cut short is taken off by the next append, which says so.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dcdn/home.hpp"

namespace dcdn::trust {

inline constexpr const char* kAuditAccept = "accept";
inline constexpr const char* kAuditReject = "reject";
inline constexpr const char* kAuditKey = "key";
inline constexpr std::size_t kMaxAuditLine = 16u << 10;
/// What the first line names as the hash of the line before.
inline constexpr std::string_view kNoAuditLine =
    "0000000000000000000000000000000000000000000000000000000000000000";

struct AuditEvent {
  std::string event;
  std::vector<std::pair<std::string, std::string>> facts;  ///< name, text
};

struct TimedAuditEvent {
  AuditEvent event;
  std::uint64_t time_s = 0;
};

/// On stable storage when it returns. error io, permission, corrupt (the last line is not one of this log).
Result<void> append_audit(const Home& home, const AuditEvent& event, std::uint64_t time_s);
/// Several in turn, with one sync.
Result<void> append_audit(const Home& home, std::span<const TimedAuditEvent> events);
/// With the time of now; a log that cannot be written is told to `warn` and stops nothing.
void audit(const Home& home, const AuditEvent& event, const std::function<void(const std::string&)>& warn);

/// One line, checked against the hash of the line before; gives its own. Pure. error corrupt: names what is
/// wrong.
Result<std::string> check_audit_line(std::string_view line, std::uint64_t number,
                                     const std::string& previous);

}  // namespace dcdn::trust
