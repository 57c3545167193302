// dcdn/trust.hpp - whom this user trusts, for what, what became of their keys, and the log of it.
//
// Spec     dcdn-sign(1), dcdn-format(5) "KEY ROTATION"
// Threads  calls share nothing but the files of the home
// No call asks a clock to decide anything: epochs and the statements of keys do. Times are there to be shown.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dcdn/home.hpp"

namespace dcdn {

struct TrustedName {
  std::string name;    ///< [A-Za-z0-9._-]{1,64}
  std::string id;      ///< node id text: the key that was added
  std::string scopes;  ///< "send,relay,project:x" or "all"
  std::string now;     ///< node id text of the key it stands for now; empty if it stands for none
  std::uint64_t epoch = 0;
  std::string problem;  ///< why it stands for none
};
struct TrustRequest {
  std::string name;
  std::string id;
  std::string scopes = "all";
  std::string words;  ///< the fingerprint that its owner read out; empty: not compared
};
/// error exists: the name stands for another key; untrusted: the words are those of another key. True if it
/// is new.
DCDN_API Result<bool> trust_key(const Home& home, const TrustRequest& request);
DCDN_API Result<std::vector<TrustedName>> trusted_keys(const Home& home);
/// Every name of a key when given its id; returns how many. error not_found.
DCDN_API Result<int> distrust_key(const Home& home, const std::string& name_or_id);

/// The entries of these names (none: all) and the statements about their keys, a line each; `qr`: in the
/// characters of a QR code, a code for each line. error not_found.
DCDN_API Result<std::string> export_trust(const Home& home, const std::vector<std::string>& names, bool qr);
struct ImportReport {
  int added = 0;       ///< names that are new or have other scopes or a higher epoch
  int statements = 0;  ///< that were not known
};
/// Text that export_trust wrote, all of it or nothing. error corrupt: names the line; exists: a name stands
/// for another key; untrusted: an entry has a lower epoch than the one here.
DCDN_API Result<ImportReport> import_trust(const Home& home, const std::string& text);

/// Nine words to read out (dcdn-sign(1), FORMAT). error usage: not a node id.
DCDN_API Result<std::string> fingerprint_words(const std::string& id);

/// Every statement known here, as frames of a chunk stream. Returns how many.
DCDN_API Result<int> announce_keys(const Home& home, int output_fd);

struct AuditReport {
  std::uint64_t lines = 0;
  std::string head;  ///< hash of the last line, 64 hexadecimal digits
};
/// Checks every line and gives it to `show`, which may be empty. `head`: a hash noted earlier that must be
/// there, or empty. error corrupt: names the line; not_found: there is no log.
DCDN_API Result<AuditReport> read_audit(const Home& home, const std::string& head,
                                        const std::function<void(const std::string&)>& show);

}  // namespace dcdn
