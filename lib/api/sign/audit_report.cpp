// read_audit of dcdn/trust.hpp: the whole log, line by line.
#include <fcntl.h>

#include <cerrno>

#include "base/unique_fd.hpp"
#include "dcdn/trust.hpp"
#include "trust/audit_log.hpp"

namespace dcdn {

namespace {

Result<UniqueFd> open_log(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return errno_error(errno, path);
  return fd;
}

Error bad_line(std::uint64_t number, const std::string& why) {
  return {Errc::corrupt, "line " + std::to_string(number) + ": " + why};
}

}  // namespace

Result<AuditReport> read_audit(const Home& home, const std::string& head,
                               const std::function<void(const std::string&)>& show) {
  const std::string path = home.audit_path();
  DCDN_TRY(const UniqueFd fd, open_log(home.audit_path()));
  AuditReport report;
  report.head = trust::kNoAuditLine;
  bool head_seen = head.empty();
  std::string rest;
  Bytes block(256u << 10);
  for (;;) {
    DCDN_TRY(const std::size_t got, read_full(fd.get(), block, path));
    rest += as_text(ByteView(block).first(got));
    std::size_t at = 0;
    for (std::size_t end = 0; (end = rest.find('\n', at)) != std::string::npos; at = end + 1) {
      const std::string line = rest.substr(at, end - at);
      auto hash = trust::check_audit_line(line, report.lines + 1, report.head);
      if (!hash) return hash.error().during(path);
      report.head = *hash;
      ++report.lines;
      head_seen = head_seen || report.head == head;
      if (show) show(line);
    }
    rest.erase(0, at);
    if (rest.size() > trust::kMaxAuditLine) return bad_line(report.lines + 1, "is too long").during(path);
    if (got < block.size()) break;
  }
  if (!rest.empty()) return bad_line(report.lines + 1, "is cut short").during(path);
  if (!head_seen)
    return Error(Errc::corrupt, path + ": no line has the hash " + head + ": an end was cut off");
  return report;
}

}  // namespace dcdn
