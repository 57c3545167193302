#include "dcdn-sign/trust_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

#include "common/passphrase.hpp"
#include "common/terminal.hpp"

namespace dcdn::tool {

namespace {

constexpr std::size_t kMaxImport = 4u << 20;

Result<void> trust_add(const SignArgs& args, Report& report) {
  DCDN_TRY(const Home home, find_home());
  DCDN_TRY(const bool added, trust_key(home, {args.name, args.id, args.scopes, args.spoken}));
  report.note(0, args.name + (added ? " is trusted now" : " is trusted already"));
  report.json("trusted_key",
              {{"name", args.name}, {"id", args.id}, {"scope", args.scopes}, {"added", added}});
  return {};
}

Result<void> trust_list(Report& report) {
  DCDN_TRY(const Home home, find_home());
  DCDN_TRY(const auto keys, trusted_keys(home));
  for (const TrustedName& key : keys) {
    std::string line = key.name + " " + key.id;
    if (key.scopes != "all") line += " scope=" + key.scopes;
    if (key.epoch > 0) line += fmt::format(" epoch={}", key.epoch);
    if (!key.now.empty() && key.now != key.id) line += " now=" + key.now;
    if (key.now.empty()) line += " refused";
    report.line(line);
    if (key.now.empty()) report.note(0, key.name + ": " + key.problem);
    report.json("trusted_key", {{"name", key.name},
                                {"id", key.id},
                                {"scope", key.scopes},
                                {"epoch", key.epoch},
                                {"now", key.now},
                                {"problem", key.problem}});
  }
  return {};
}

Result<void> trust_remove(const SignArgs& args, Report& report) {
  DCDN_TRY(const Home home, find_home());
  DCDN_TRY(const int removed, distrust_key(home, args.name_or_id));
  report.note(0, fmt::format("{} is trusted no longer", args.name_or_id));
  report.json("trusted_key", {{"removed", args.name_or_id}, {"names", removed}});
  return {};
}

Result<void> trust_export(const SignArgs& args, Report& report) {
  DCDN_TRY(const Home home, find_home());
  DCDN_TRY(std::string text, export_trust(home, args.names, args.qr));
  while (text.ends_with('\n')) text.pop_back();
  report.line(text);
  report.json("trust", {{"text", text}});
  return {};
}

Result<std::string> read_text(int fd) {
  std::string text;
  char block[4096];
  for (;;) {
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, "standard input: read");
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > kMaxImport) return Error(Errc::limit, "standard input: longer than 4 MiB");
  }
}

Result<void> trust_import(Report& report) {
  DCDN_TRY(const Home home, find_home());
  DCDN_TRY(const std::string text, read_text(STDIN_FILENO));
  DCDN_TRY(const ImportReport done, import_trust(home, text));
  report.note(0, fmt::format("{} names and {} statements are new", done.added, done.statements));
  report.json("trust", {{"added", done.added}, {"statements", done.statements}});
  return {};
}

Result<void> rotate(const SignArgs& args, Report& report) {
  KeyChoice choice;
  DCDN_TRY(choice.home, find_home());
  choice.name = args.name;
  DCDN_CHECK(unlock(choice, args.passphrase_fd));
  DCDN_TRY(const RotationInfo done, rotate_key(choice));
  report.note(0, fmt::format("{} is replaced, epoch {}; the old secret is in {}", done.old_id, done.epoch,
                             done.old_path));
  report.note(
      0, "the new key's revocation is in " + done.key.revocation + ": keep it in another place than the key");
  report.note(0, "others learn of it from your next signed stream or session, or from: dcdn-sign announce");
  report.line(done.key.id);
  report.json("key",
              {{"id", done.key.id}, {"old", done.old_id}, {"epoch", done.epoch}, {"path", done.key.path}});
  return {};
}

Result<void> revoke(const SignArgs& args, Report& report) {
  KeyChoice choice;
  DCDN_TRY(choice.home, find_home());
  choice.name = args.name;
  choice.file = args.file;
  if (args.revocation.empty()) DCDN_CHECK(unlock(choice, args.passphrase_fd));
  DCDN_TRY(const std::string id, revoke_key(choice, args.revocation));
  report.note(
      0, "revoked for ever, with every key that follows it; others learn of it from: dcdn-sign announce");
  report.line(id);
  report.json("key", {{"id", id}, {"revoked", true}});
  return {};
}

Result<void> announce(Report& report) {
  report.stdout_carries_data();
  DCDN_CHECK(refuse_binary_on_terminal(STDOUT_FILENO, "a chunk stream", false));
  DCDN_TRY(const Home home, find_home());
  DCDN_TRY(const int count, announce_keys(home, STDOUT_FILENO));
  report.note(0, fmt::format("{} statements of keys", count));
  report.json("summary", {{"statements", count}});
  return {};
}

Result<void> audit_verify(const SignArgs& args, Report& report) {
  DCDN_TRY(const Home home, find_home());
  DCDN_TRY(const AuditReport good, read_audit(home, args.head, {}));
  report.line(fmt::format("{} lines, whole; head {}", good.lines, good.head));
  report.json("audit", {{"lines", good.lines}, {"head", good.head}});
  return {};
}

Result<void> audit_show(Report& report) {
  DCDN_TRY(const Home home, find_home());
  const auto show = [&](const std::string& line) {
    report.line(line);
    report.json("audit_line", {{"line", line}});
  };
  DCDN_CHECK(read_audit(home, "", show));
  return {};
}

}  // namespace

Result<void> run_trust_command(const SignArgs& args, Report& report) {
  if (args.command == "trust add") return trust_add(args, report);
  if (args.command == "trust list") return trust_list(report);
  if (args.command == "trust remove") return trust_remove(args, report);
  if (args.command == "trust export") return trust_export(args, report);
  if (args.command == "trust import") return trust_import(report);
  if (args.command == "rotate") return rotate(args, report);
  if (args.command == "revoke") return revoke(args, report);
  if (args.command == "announce") return announce(report);
  if (args.command == "audit verify") return audit_verify(args, report);
  if (args.command == "audit show") return audit_show(report);
  return Error(Errc::internal, "command without work: " + args.command);
}

}  // namespace dcdn::tool
