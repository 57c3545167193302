// The keyring of dcdn/trust.hpp: add, list, remove, export, import.
#include "dcdn/trust.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "sign/qr_text.hpp"
#include "sign/spoken.hpp"
#include "trust/audit_log.hpp"
#include "trust/keyring_file.hpp"
#include "trust/trust_ledger.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn {

namespace {

constexpr std::string_view kEntryWord = "trust ";
constexpr std::size_t kMaxImport = 4u << 20;

std::array<std::uint8_t, sign::kFingerprintBytes> fingerprint_of(const NodeId& key) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn fingerprint 1\n"));
  hasher.update(key.view());
  std::array<std::uint8_t, sign::kFingerprintBytes> first{};
  std::copy_n(hasher.digest().bytes.begin(), first.size(), first.begin());
  return first;
}

std::string entry_line(const sign::TrustedKey& entry) {
  sign::Keyring one;
  (void)one.add(entry);  // it comes from a keyring
  const std::string text = one.to_text();
  const std::size_t start = text.find('\n') + 1;  // after the comment
  return std::string(kEntryWord) + text.substr(start, text.size() - start - 1);
}

Error in_line(const Error& error, std::size_t number) {
  return error.during("line " + std::to_string(number));
}

Result<void> import_entry(sign::Keyring& ring, std::string_view line, ImportReport& report) {
  auto parsed = sign::Keyring::parse(line);
  if (!parsed || parsed->keys().size() != 1) return Error(Errc::corrupt, "not an entry of a keyring");
  const sign::TrustedKey& entry = parsed->keys().front();
  const auto& keys = ring.keys();
  const auto here = std::find_if(keys.begin(), keys.end(),
                                 [&](const sign::TrustedKey& other) { return other.name == entry.name; });
  if (here != keys.end() && here->key == entry.key && entry.epoch < here->epoch)
    return Error(Errc::untrusted, entry.name + " has epoch " + std::to_string(here->epoch) +
                                      " here already, and epoch " + std::to_string(entry.epoch) +
                                      " in this text")
        .with_hint("this is an old export");
  const bool same = here != keys.end() && *here == entry;
  DCDN_CHECK(ring.add(entry));
  report.added += same ? 0 : 1;
  return {};
}

/// A chunk stream: a revocation made by keygen, or what announce wrote.
Result<void> import_stream(sign::Keyring& ring, ByteView stream, ImportReport& report) {
  BufferPool pool(kMaxImport);
  wire::FrameReader reader(wire::OnDamage::strict, pool);
  reader.push(stream);
  std::size_t found = 0;
  for (;;) {
    DCDN_TRY(const auto step, reader.next());
    const auto* frame = std::get_if<wire::Frame>(&step);
    if (frame == nullptr) break;
    if (!trust::TrustLedger::is_statement(frame->type)) continue;
    DCDN_TRY(const sign::KeyStatement statement, trust::statement_of(*frame));
    DCDN_TRY(const bool news, ring.learn(statement, true));
    ++found;
    report.statements += news ? 1 : 0;
  }
  DCDN_CHECK(reader.finish());
  if (found > 0) return {};
  return Error(Errc::usage, "this is a chunk stream without statements about keys")
      .with_hint("to check and use what it carries: dcdn-sign verify, dcdn-recv --stdin");
}

Result<void> import_line(sign::Keyring& ring, std::string_view line, ImportReport& report) {
  std::string plain(line);
  if (line.starts_with(sign::kQrPrefix) || line.starts_with("dcdn:trust:")) {
    DCDN_TRY(plain, sign::from_qr_text(line));
  }
  if (plain.starts_with(kEntryWord))
    return import_entry(ring, std::string_view(plain).substr(kEntryWord.size()), report);
  DCDN_TRY(const sign::KeyStatement statement, sign::parse_statement(plain));
  DCDN_TRY(const bool news, ring.learn(statement, true));
  report.statements += news ? 1 : 0;
  return {};
}

Result<void> import_text(sign::Keyring& ring, std::string_view rest, ImportReport& report) {
  for (std::size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    if (auto taken = import_line(ring, line, report); !taken) return in_line(taken.error(), number);
  }
  return {};
}

}  // namespace

Result<bool> trust_key(const Home& home, const TrustRequest& request) {
  DCDN_TRY(const NodeId key, sign::parse_node_id(request.id));
  DCDN_TRY(const auto scopes, sign::parse_scopes(request.scopes));
  if (!request.words.empty()) {
    DCDN_TRY(const auto heard, sign::parse_spoken_words(request.words));
    if (heard != fingerprint_of(key))
      return Error(Errc::untrusted, "the words are those of another key")
          .with_hint("compare the node id as well: dcdn-sign id");
  }
  bool added = false;
  const auto change = [&](sign::Keyring& ring) -> Result<void> {
    const auto before = ring.keys();
    // Nobody is to believe that a key counts which does not: it is not even written down.
    DCDN_CHECK(ring.current(key));
    DCDN_CHECK(ring.add({request.name, key, scopes}));
    added = ring.keys() != before;
    return {};
  };
  DCDN_CHECK(trust::change_keyring(home, change));
  if (added)
    DCDN_CHECK(
        trust::append_audit(home,
                            {trust::kAuditKey,
                             {{"what", "trusted as " + request.name + ", scope " + sign::scopes_text(scopes)},
                              {"key", sign::to_text(key)}}},
                            now_s()));
  return added;
}

Result<std::vector<TrustedName>> trusted_keys(const Home& home) {
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(home));
  std::vector<TrustedName> names;
  for (const sign::TrustedKey& entry : ring.keys()) {
    TrustedName name{entry.name, sign::to_text(entry.key), sign::scopes_text(entry.scopes), {}, entry.epoch,
                     {}};
    const auto now = ring.current(entry);
    if (now) name.now = sign::to_text(*now);
    if (!now) name.problem = now.error().message;
    names.push_back(std::move(name));
  }
  return names;
}

Result<int> distrust_key(const Home& home, const std::string& name_or_id) {
  int removed = 0;
  const auto change = [&](sign::Keyring& ring) -> Result<void> {
    const std::size_t before = ring.keys().size();
    DCDN_CHECK(ring.remove(name_or_id));
    removed = static_cast<int>(before - ring.keys().size());
    return {};
  };
  DCDN_CHECK(trust::change_keyring(home, change));
  DCDN_CHECK(
      trust::append_audit(home, {trust::kAuditKey, {{"what", "no longer trusted: " + name_or_id}}}, now_s()));
  return removed;
}

Result<std::string> export_trust(const Home& home, const std::vector<std::string>& names, bool qr) {
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(home));
  std::vector<std::string> lines;
  std::vector<std::string> statements;
  std::size_t found = 0;
  for (const sign::TrustedKey& entry : ring.keys()) {
    const bool wanted = std::find(names.begin(), names.end(), entry.name) != names.end();
    if (!names.empty() && !wanted) continue;
    ++found;
    lines.push_back(entry_line(entry));
    for (const sign::KeyStatement& statement : ring.history().about(entry.key))
      if (const std::string line = statement_text(statement);
          std::find(statements.begin(), statements.end(), line) == statements.end())
        statements.push_back(line);
  }
  if (found < names.size() || found == 0)
    return Error(Errc::not_found, "not all of these names are trusted")
        .with_hint("dcdn-sign trust list shows them");
  lines.insert(lines.end(), statements.begin(), statements.end());
  std::string text;
  for (const std::string& line : lines) text += (qr ? sign::to_qr_text(line) : line) + "\n";
  return text;
}

Result<ImportReport> import_trust(const Home& home, const std::string& text) {
  if (text.size() > kMaxImport)
    return Error(Errc::limit, "more than " + std::to_string(kMaxImport) + " bytes");
  ImportReport report;
  const auto change = [&](sign::Keyring& ring) -> Result<void> {
    return wire::FrameReader::looks_like_stream(as_bytes(text)) ? import_stream(ring, as_bytes(text), report)
                                                                : import_text(ring, text, report);
  };
  DCDN_CHECK(trust::change_keyring(home, change));
  const std::string what = std::to_string(report.added) + " names and " + std::to_string(report.statements) +
                           " statements imported";
  DCDN_CHECK(trust::append_audit(home, {trust::kAuditKey, {{"what", what}}}, now_s()));
  return report;
}

Result<std::string> fingerprint_words(const std::string& id) {
  DCDN_TRY(const NodeId key, sign::parse_node_id(id));
  return sign::spoken_words(fingerprint_of(key));
}

}  // namespace dcdn
