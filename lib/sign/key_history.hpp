// key_history.hpp - a set of key statements, and what becomes of a key under them. Pure.
//
// Statements are only ever added, and what follows from them does not depend on the order in which they came,
// nor on any clock:
//   - a key that has a successor is replaced by it; chains are followed;
//   - a revoked key ends its chain: it and every key that follows it are accepted no longer;
//   - a key that names two successors ends its chain too: its secret is in two hands;
//   - a successor whose epoch does not rise, or that was in the chain before, is no successor.
// So whoever gets hold of a secret in a chain can end the chain, and never take it over.
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sign/key_statement.hpp"

namespace dcdn::sign {

class KeyHistory {
 public:
  /// Kept about keys that nobody asked to keep; the oldest goes first.
  static constexpr std::size_t kMaxStatements = 4096;

  enum class State { good, revoked, forked };
  struct Standing {
    State state = State::good;
    NodeId current;            ///< the end of the chain
    std::uint64_t epoch = 0;   ///< of `current`
    NodeId cause;              ///< revoked, forked: the key that was withdrawn or has two successors
    std::vector<NodeId> past;  ///< from the first key to the one before `current`
  };

  /// Text as to_text() writes it. error config: names the line.
  static Result<KeyHistory> parse(std::string_view text);
  /// One statement a line: "rotation" or "revocation" and the frame body in base32.
  [[nodiscard]] std::string to_text() const;
  /// True if it was not known. error bad_signature. limit: there are kMaxStatements already.
  Result<bool> learn(const KeyStatement& statement);
  [[nodiscard]] Standing standing_of(const NodeId& first) const;
  /// Epoch that the rotations which name this key give it; 0 for a first key.
  [[nodiscard]] std::uint64_t epoch_of(const NodeId& key) const;
  /// In the order they were learned.
  [[nodiscard]] const std::vector<KeyStatement>& statements() const { return statements_; }
  /// Those about this key, the keys it follows and the keys that follow it.
  [[nodiscard]] std::vector<KeyStatement> about(const NodeId& key) const;

 private:
  void insert(const KeyStatement& statement);
  [[nodiscard]] bool has(const KeyStatement& statement) const;

  std::vector<KeyStatement> statements_;
  std::unordered_map<NodeId, std::vector<KeyRotation>, Name32Hash> successors_;
  std::unordered_map<NodeId, KeyRevocation, Name32Hash> revoked_;
};

/// One line of KeyHistory::to_text without its end, and back. error corrupt.
std::string statement_text(const KeyStatement& statement);
Result<KeyStatement> parse_statement(std::string_view line);

}  // namespace dcdn::sign
