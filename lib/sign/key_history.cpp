#include "sign/key_history.hpp"

#include <algorithm>

#include "sign/base32.hpp"

namespace dcdn::sign {

namespace {

constexpr std::string_view kRotation = "rotation ";
constexpr std::string_view kRevocation = "revocation ";

/// An Ed25519 signer may make several signatures of one message; what counts is what is said.
bool same_claim(const KeyRotation& a, const KeyRotation& b) {
  return a.old_key == b.old_key && a.new_key == b.new_key && a.epoch == b.epoch;
}

}  // namespace

std::string statement_text(const KeyStatement& statement) {
  const bool rotation = std::holds_alternative<KeyRotation>(statement);
  return std::string(rotation ? kRotation : kRevocation) + to_base32(encode(statement));
}

Result<KeyStatement> parse_statement(std::string_view line) {
  const bool rotation = line.starts_with(kRotation);
  if (!rotation && !line.starts_with(kRevocation))
    return Error(Errc::corrupt, "neither a rotation nor a revocation");
  const auto body = from_base32(line.substr((rotation ? kRotation : kRevocation).size()));
  if (!body) return Error(Errc::corrupt, "not base32");
  if (rotation) {
    DCDN_TRY(KeyRotation parsed, parse_rotation(*body));
    return KeyStatement(parsed);
  }
  DCDN_TRY(KeyRevocation parsed, parse_revocation(*body));
  return KeyStatement(parsed);
}

Result<KeyHistory> KeyHistory::parse(std::string_view text) {
  KeyHistory history;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const auto statement = parse_statement(line);
    const auto learned = statement ? history.learn(*statement) : Result<bool>(statement.error());
    if (!learned)
      return Error(Errc::config, "line " + std::to_string(number) + ": " + learned.error().message);
  }
  return history;
}

std::string KeyHistory::to_text() const {
  std::string text = "# what keys said about themselves; each line proves itself\n";
  for (const KeyStatement& statement : statements_) text += statement_text(statement) + "\n";
  return text;
}

bool KeyHistory::has(const KeyStatement& statement) const {
  if (const auto* rotation = std::get_if<KeyRotation>(&statement)) {
    const auto known = successors_.find(rotation->old_key);
    return known != successors_.end() &&
           std::any_of(known->second.begin(), known->second.end(),
                       [&](const KeyRotation& other) { return same_claim(*rotation, other); });
  }
  return revoked_.contains(std::get<KeyRevocation>(statement).key);
}

void KeyHistory::insert(const KeyStatement& statement) {
  if (const auto* rotation = std::get_if<KeyRotation>(&statement)) {
    successors_[rotation->old_key].push_back(*rotation);
  } else {
    const auto& revocation = std::get<KeyRevocation>(statement);
    revoked_.emplace(revocation.key, revocation);
  }
  statements_.push_back(statement);
}

Result<bool> KeyHistory::learn(const KeyStatement& statement) {
  if (has(statement)) return false;
  DCDN_CHECK(verify(statement));
  if (statements_.size() >= kMaxStatements) return Error(Errc::limit, "more key statements than can be kept");
  insert(statement);
  return true;
}

KeyHistory::Standing KeyHistory::standing_of(const NodeId& first) const {
  Standing standing{State::good, first, 0, {}, {}};
  for (;;) {
    if (revoked_.contains(standing.current)) {
      standing.state = State::revoked;
      standing.cause = standing.current;
      return standing;
    }
    const auto known = successors_.find(standing.current);
    if (known == successors_.end()) return standing;
    const KeyRotation* next = nullptr;
    for (const KeyRotation& rotation : known->second) {
      const bool again = rotation.new_key == first || std::find(standing.past.begin(), standing.past.end(),
                                                                rotation.new_key) != standing.past.end();
      if (again || rotation.epoch <= standing.epoch) continue;
      if (next != nullptr && next->new_key != rotation.new_key) {
        standing.state = State::forked;
        standing.cause = standing.current;
        return standing;
      }
      if (next == nullptr || rotation.epoch > next->epoch) next = &rotation;
    }
    if (next == nullptr) return standing;
    standing.past.push_back(standing.current);
    standing.current = next->new_key;
    standing.epoch = next->epoch;
  }
}

std::uint64_t KeyHistory::epoch_of(const NodeId& key) const {
  std::uint64_t epoch = 0;
  for (const auto& [old_key, rotations] : successors_)
    for (const KeyRotation& rotation : rotations)
      if (rotation.new_key == key) epoch = std::max(epoch, rotation.epoch);
  return epoch;
}

std::vector<KeyStatement> KeyHistory::about(const NodeId& key) const {
  std::vector<NodeId> chain{key};
  const auto in_chain = [&](const NodeId& id) {
    return std::find(chain.begin(), chain.end(), id) != chain.end();
  };
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [old_key, rotations] : successors_) {
      for (const KeyRotation& rotation : rotations) {
        if (in_chain(old_key) == in_chain(rotation.new_key)) continue;
        chain.push_back(in_chain(old_key) ? rotation.new_key : old_key);
        grew = true;
      }
    }
  }
  std::vector<KeyStatement> found;
  for (const KeyStatement& statement : statements_) {
    const auto* rotation = std::get_if<KeyRotation>(&statement);
    if (in_chain(rotation != nullptr ? rotation->old_key : std::get<KeyRevocation>(statement).key))
      found.push_back(statement);
  }
  return found;
}

}  // namespace dcdn::sign
