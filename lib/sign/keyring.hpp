// keyring.hpp - keys this user trusts, by name, and what became of them. A text file, one "name node-id" a
// line, with "scope=..." and "epoch=N" after it where they are needed; '#' comments.
//
// An entry names a key that the user has trusted by hand. Whom it stands for now follows from the KeyHistory:
// the end of its chain, or nobody. Nothing here knows a clock.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "sign/key_history.hpp"

namespace dcdn::sign {

inline constexpr std::string_view kScopeSend = "send";    ///< what it signs is accepted
inline constexpr std::string_view kScopeRelay = "relay";  ///< it may bring what others signed

struct TrustedKey {
  std::string name;  ///< [A-Za-z0-9._-]{1,64}
  NodeId key;        ///< as the user gave it: the first of its chain
  /// "send", "relay", "project:NAME"; ascending, none twice. None at all: everything.
  std::vector<std::string> scopes = {};
  std::uint64_t epoch = 0;  ///< highest ever seen: a chain that ends below it was rolled back
  bool operator==(const TrustedKey&) const = default;
};

/// "send,relay,project:x" to what TrustedKey has; "all" to none. error usage: names the word.
Result<std::vector<std::string>> parse_scopes(std::string_view text);
std::string scopes_text(const std::vector<std::string>& scopes);

/// Pure: text in, text out; the caller reads and writes the files.
class Keyring {
 public:
  /// error config: names the line.
  static Result<Keyring> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;
  /// error exists: the name stands for another key already. A name with the same key takes the new scopes;
  /// its epoch never falls.
  Result<void> add(TrustedKey key);
  /// By name or by node id text. error not_found.
  Result<void> remove(std::string_view name_or_id);

  /// Whether it is what a name stands for now.
  [[nodiscard]] bool trusts(const NodeId& key) const;
  /// The same, and one of the names has this scope.
  [[nodiscard]] bool allows(const NodeId& key, std::string_view scope) const;
  /// Every key that is allowed that.
  [[nodiscard]] std::set<NodeId> allowed(std::string_view scope) const;
  [[nodiscard]] std::optional<std::string> name_of(const NodeId& key) const;
  /// A trusted name, or node id text; the end of its chain. error untrusted: it is revoked, forked or rolled
  /// back.
  [[nodiscard]] Result<NodeId> find(std::string_view name_or_id) const;
  /// What became of a key; error untrusted as find().
  [[nodiscard]] Result<NodeId> current(const NodeId& key) const;
  /// The same for an entry, and whether its chain has lost its end.
  [[nodiscard]] Result<NodeId> current(const TrustedKey& entry) const;
  [[nodiscard]] const std::vector<TrustedKey>& keys() const { return keys_; }

  /// As KeyHistory::learn, in the room that it has by whom it is about; `said_here`: the user himself says
  /// it. Raises the epochs of the entries.
  Result<bool> learn(const KeyStatement& statement, bool said_here = false);
  /// Whether it is about a key in the chain of an entry, or of one that is watched.
  [[nodiscard]] bool concerns(const KeyStatement& statement) const;
  /// The user names this key, though no entry does: what is said about it counts like what is said about
  /// those.
  void watch(const NodeId& key) { watched_.insert(key); }
  /// The entries of `fresh`, which was read again, and what it knows. Nothing that was known here is
  /// forgotten: statements stay, and epochs of entries that are in both.
  void refresh(Keyring fresh);
  [[nodiscard]] const KeyHistory& history() const { return history_; }
  void set_history(KeyHistory history);

 private:
  void raise_epochs();
  [[nodiscard]] bool in_chain(const NodeId& first, const NodeId& key) const;
  [[nodiscard]] bool ends_a_good_chain(const NodeId& revoked) const;
  std::vector<TrustedKey> keys_;
  std::set<NodeId> watched_;
  KeyHistory history_;
};

}  // namespace dcdn::sign
