#include "trust/audit_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "digest/hasher.hpp"

namespace dcdn::trust {

namespace {

constexpr std::size_t kMaxFact = 1024;
constexpr std::string_view kHashStart = R"(,"hash":")";
constexpr std::string_view kHashEnd = R"("})";
constexpr std::size_t kHashDigits = 64;
constexpr mode_t kMode = 0600;
const std::string kNoLine(kNoAuditLine);

/// Over the line up to the member "hash".
std::string hash_of(std::string_view said) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn audit 1\n"));
  hasher.update(as_bytes(said));
  return to_hex(hasher.digest().view());
}

struct Tail {
  std::uint64_t number = 0;  // of the last whole line
  std::string hash = kNoLine;
  off_t end = 0;        // of the last whole line
  off_t cut_short = 0;  // bytes behind it
};

Error not_a_log(const std::string& path) {
  return Error(Errc::corrupt, path + ": its last line is not one of an audit log")
      .with_hint("move it away; dcdn-sign audit verify says what is wrong with it");
}

Result<Tail> read_tail(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return errno_error(errno, path);
  Tail tail;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  Bytes block(std::min<std::uint64_t>(size, 2 * kMaxAuditLine));
  DCDN_TRY(const std::size_t got, read_full_at(fd, block, size - block.size(), path));
  const std::string_view text = as_text(ByteView(block).first(got));
  const std::size_t last = text.rfind('\n');
  const std::size_t whole = last == std::string_view::npos ? 0 : last + 1;
  if (whole == 0 && size > kMaxAuditLine) return not_a_log(path);
  tail.cut_short = static_cast<off_t>(text.size() - whole);
  tail.end = info.st_size - tail.cut_short;
  if (whole == 0) return tail;
  const std::string_view before = text.substr(0, last);
  const std::size_t start = before.rfind('\n');
  const std::string_view line = before.substr(start == std::string_view::npos ? 0 : start + 1);
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("n") || !parsed["n"].is_number_unsigned() ||
      !parsed.contains("hash") || !parsed["hash"].is_string())
    return not_a_log(path);
  tail.number = parsed["n"].get<std::uint64_t>();
  tail.hash = parsed["hash"].get<std::string>();
  return tail;
}

std::string line_of(const AuditEvent& event, const Tail& tail, std::uint64_t time_s) {
  nlohmann::ordered_json line;
  line["n"] = tail.number + 1;
  line["time"] = time_s;
  line["event"] = event.event;
  for (const auto& [name, text] : event.facts) line[name] = text.substr(0, kMaxFact);
  line["prev"] = tail.hash;
  std::string said = line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  said.pop_back();  // the brace: the hash comes behind all that it covers
  return said + std::string(kHashStart) + hash_of(said) + std::string(kHashEnd) + "\n";
}

/// The line, which is the last one from here on.
std::string next_line(const AuditEvent& event, Tail& tail, std::uint64_t time_s) {
  std::string line = line_of(event, tail, time_s);
  tail.hash = line.substr(line.size() - 1 - kHashEnd.size() - kHashDigits, kHashDigits);
  ++tail.number;
  return line;
}

Result<UniqueFd> open_log(const Home& home, int flags) {
  UniqueFd fd(::open(home.audit_path().c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kMode));
  if (!fd.valid()) return errno_error(errno, home.audit_path());
  return fd;
}

Error wrong(std::uint64_t number, const std::string& why) {
  return {Errc::corrupt, "line " + std::to_string(number) + ": " + why};
}

}  // namespace

Result<void> append_audit(const Home& home, std::span<const TimedAuditEvent> events) {
  if (events.empty()) return {};
  DCDN_CHECK(make_directories(home.state_dir, 0700));
  const std::string path = home.audit_path();
  DCDN_TRY(const UniqueFd fd, open_log(home, O_RDWR | O_CREAT));
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) return errno_error(errno, path + ": lock");
  DCDN_TRY(Tail tail, read_tail(fd.get(), path));
  std::string lines;
  if (tail.cut_short > 0) {
    if (::ftruncate(fd.get(), tail.end) != 0) return errno_error(errno, path + ": take off half a line");
    const std::string much = std::to_string(tail.cut_short);
    lines = next_line({"repair", {{"what", "a line was cut short: " + much + " bytes taken off"}}}, tail,
                      events.front().time_s);
  }
  for (const auto& [event, time_s] : events) lines += next_line(event, tail, time_s);
  DCDN_CHECK(write_all_at(fd.get(), as_bytes(lines), static_cast<std::uint64_t>(tail.end), path));
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return errno_error(errno, path + ": fsync");
  return tail.end == 0 ? sync_folder(folder_of(path)) : Result<void>();  // the first line: the name is new
}

Result<void> append_audit(const Home& home, const AuditEvent& event, std::uint64_t time_s) {
  const TimedAuditEvent one{event, time_s};
  return append_audit(home, std::span(&one, 1));
}

void audit(const Home& home, const AuditEvent& event, const std::function<void(const std::string&)>& warn) {
  const auto done = append_audit(home, event, static_cast<std::uint64_t>(now_s()));
  if (!done && warn) warn("not in the audit log: " + done.error().message);
}

Result<std::string> check_audit_line(std::string_view line, std::uint64_t number,
                                     const std::string& previous) {
  const std::size_t tail = kHashStart.size() + kHashDigits + kHashEnd.size();
  if (line.size() < tail || line.substr(line.size() - tail, kHashStart.size()) != kHashStart ||
      !line.ends_with(kHashEnd))
    return wrong(number, "does not end with a hash");
  const std::string_view said = line.substr(0, line.size() - tail);
  const std::string hash(line.substr(line.size() - kHashEnd.size() - kHashDigits, kHashDigits));
  if (hash_of(said) != hash) return wrong(number, "was altered");
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  if (!parsed.is_object()) return wrong(number, "is not a JSON object");
  if (parsed.value("n", nlohmann::json()) != nlohmann::json(number))
    return wrong(number, "has another number: a line was taken out, put in or moved");
  if (parsed.value("prev", nlohmann::json()) != nlohmann::json(previous))
    return wrong(number, "does not follow the line before");
  return hash;
}

}  // namespace dcdn::trust
