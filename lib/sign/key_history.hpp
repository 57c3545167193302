// key_history.hpp - a set of key statements, and what becomes of a key under them. Pure.
//
// Statements are only ever added, and what follows from them does not depend on the order in which they came,
// nor on any clock:
//   - a key that has a successor is replaced by it; chains are followed;
//   - a revoked key ends its chain: it and every key that follows it are accepted no longer;
//   - a key that names two successors ends its chain too: its secret is in two hands;
//   - a successor whose epoch does not rise, or that was in the chain before, is no successor.
// So whoever gets hold of a secret in a chain can end the chain, and never take it over.
//
// What one owner can put here is bounded, so that nobody fills the list: rotations of one chain, successors
// of one key, and in all a room for each that others cannot use up.
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sign/key_statement.hpp"

namespace dcdn::sign {

class KeyHistory {
 public:
  /// Rotations that hang together: ten years of a key that is renewed each month.
  static constexpr std::size_t kMostInChain = 128;
  /// A key that names more than this has ended its chain, whatever else is said.
  static constexpr std::size_t kMostSuccessors = 4;
  /// How many statements there may be for another one to be taken: each room begins where the one before
  /// ends.
  enum class Room : std::size_t {
    strangers = 1024,  ///< about keys that nobody here trusts
    trusted = 4096,    ///< about keys that somebody does
    kept_free = 8192,  ///< what ends such a key, and what the user himself says
  };

  enum class State { good, revoked, forked };
  struct Standing {
    State state = State::good;
    NodeId current;            ///< the end of the chain
    std::uint64_t epoch = 0;   ///< of `current`
    NodeId cause;              ///< revoked, forked: the key that was withdrawn or has two successors
    std::vector<NodeId> past;  ///< from the first key to the one before `current`
  };

  /// Text as to_text() writes it. What begins within the first `verified` bytes was verified when it was
  /// written, and is not again. Rotations that a chain has no room for are left out. error config: names the
  /// line.
  static Result<KeyHistory> parse(std::string_view text, std::size_t verified = 0);
  /// One statement a line: "rotation" or "revocation" and the frame body in base32.
  [[nodiscard]] std::string to_text() const;
  /// True if it was not known. A further successor of a key that named too many is no news. error
  /// bad_signature. limit: there is no room for it.
  Result<bool> learn(const KeyStatement& statement, Room room = Room::trusted);
  /// What the other knows and this one does not; it was verified there. Without regard to rooms.
  void merge(const KeyHistory& other);
  /// Whether the same has been said before.
  [[nodiscard]] bool has(const KeyStatement& statement) const;
  [[nodiscard]] Standing standing_of(const NodeId& first) const;
  /// Epoch that the rotations which name this key give it; 0 for a first key.
  [[nodiscard]] std::uint64_t epoch_of(const NodeId& key) const;
  /// The rotations that lead to this key, oldest first, the last `most` of them.
  [[nodiscard]] std::vector<KeyRotation> chain_to(const NodeId& key, std::size_t most) const;
  /// In the order they were learned.
  [[nodiscard]] const std::vector<KeyStatement>& statements() const { return statements_; }
  /// Those about this key, the keys it follows and the keys that follow it.
  [[nodiscard]] std::vector<KeyStatement> about(const NodeId& key) const;

 private:
  void insert(const KeyStatement& statement);
  /// The keys that rotations join with this one, itself too; at most `most` and a few.
  [[nodiscard]] std::unordered_set<NodeId, Name32Hash> joined(const NodeId& key, std::size_t most) const;
  [[nodiscard]] bool fits_chain(const KeyRotation& rotation) const;

  std::vector<KeyStatement> statements_;
  std::unordered_map<NodeId, std::vector<KeyRotation>, Name32Hash> origins_;  // by the new key
  std::unordered_map<NodeId, std::vector<KeyRotation>, Name32Hash> successors_;
  std::unordered_map<NodeId, KeyRevocation, Name32Hash> revoked_;
};

/// The key that speaks: the old one of a rotation.
const NodeId& speaker_of(const KeyStatement& statement);
/// One line of KeyHistory::to_text without its end, and back. error corrupt.
std::string statement_text(const KeyStatement& statement);
Result<KeyStatement> parse_statement(std::string_view line);

}  // namespace dcdn::sign
