// dcdn/trust.hpp - whom this user trusts, for what, what became of their keys, and the log of it.
//
// Spec     dcdn-sign(1), dcdn-format(5) "KEY ROTATION"
// Threads  calls share nothing but the files of the home; processes that change those take turns (a lock on
//          the folder)
// Cost     each call reads trusted_keys and key_statements, and verifies what was not when it was written; a
//          change writes the one anew, beside and renamed over, and adds lines to the other; synced
// No call asks a clock to decide anything: epochs and the statements of keys do. Times are there to be shown.
//
// Errors of every call: config (a line of the home's files is wrong: names it), permission (others may write
// them, or they are another user's), io, no_space.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dcdn/home.hpp"

namespace dcdn {

/// A line of trusted_keys, and what its key stands for by now.
struct TrustedName {
  std::string name;    ///< [A-Za-z0-9._-]{1,64}
  std::string id;      ///< node id text: the key that was added
  std::string scopes;  ///< "send,relay,project:x" or "all"
  /// Node id text of the key it stands for now, after rotations; empty if it stands for none.
  std::string now;
  std::uint64_t epoch = 0;  ///< of that key
  std::string problem;      ///< why it stands for none: revoked, two successors, rolled back
};

/// A key to be trusted.
struct TrustRequest {
  std::string name;
  std::string id;  ///< node id text
  std::string scopes = "all";
  /// The nine words that its owner read out (fingerprint_words); empty: not compared.
  std::string words;
};
/// Adds it. True if it is new, false if it was there just so.
///
/// error usage      a bad name, id or scope
/// error exists     the name stands for another key
/// error untrusted  the words are those of another key, or the key is revoked
DCDN_API Result<bool> trust_key(const Home& home, const TrustRequest& request);

/// Every entry, in the order of the file.
DCDN_API Result<std::vector<TrustedName>> trusted_keys(const Home& home);

/// Takes out a name, or every name of a key when given its id; returns how many. What its key said about
/// itself stays known. error not_found.
DCDN_API Result<int> distrust_key(const Home& home, const std::string& name_or_id);

/// The entries of these names (none: all) and the statements about their keys, a line each, as text to mail
/// or print.
///
/// qr  in the characters of a QR code's alphanumeric mode, a code for each line
/// error not_found  a name is not there
DCDN_API Result<std::string> export_trust(const Home& home, const std::vector<std::string>& names, bool qr);

struct ImportReport {
  int added = 0;       ///< names that are new or have other scopes or a higher epoch
  int statements = 0;  ///< that were not known
};
/// Takes in text that export_trust wrote, all of it or nothing. Whoever gives it decides whom is trusted: it
/// is not signed. Or a chunk stream with statements, as announce_keys and make_key write them.
///
/// error corrupt    names the line
/// error usage      a chunk stream without statements
/// error exists     a name stands for another key
/// error untrusted  an entry has a lower epoch than the one here
DCDN_API Result<ImportReport> import_trust(const Home& home, const std::string& text);

/// Nine words to read out over a telephone (dcdn-sign(1), FORMAT), the first 128 bits of a digest of the key
/// and a check. Pure. error usage: not a node id.
DCDN_API Result<std::string> fingerprint_words(const std::string& id);

/// Every statement known here, as frames of a chunk stream on `output_fd`, which stays the caller's. Returns
/// how many. error closed_pipe.
DCDN_API Result<int> announce_keys(const Home& home, int output_fd);

/// What the audit log is worth.
struct AuditReport {
  std::uint64_t lines = 0;
  /// Hash of the last line, 64 hexadecimal digits: noted elsewhere, it proves later that no end was cut off.
  std::string head;
};
/// Checks every line of the home's audit log against the hash of the one before.
///
/// head   a hash noted earlier that must be there, or empty
/// show   gets each line that is good, without its newline, as it is read; may be empty
/// cost   reads the log once; holds one line, at most 16 KiB
/// error corrupt    names the first line that was altered, left out or moved; or `head` is not there
/// error not_found  there is no log
DCDN_API Result<AuditReport> read_audit(const Home& home, const std::string& head,
                                        const std::function<void(const std::string&)>& show);

}  // namespace dcdn
