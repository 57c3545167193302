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

bool names_too_many(const std::vector<KeyRotation>& rotations) {
  if (rotations.size() <= KeyHistory::kMostSuccessors) return false;
  std::unordered_set<NodeId, Name32Hash> named;
  for (const KeyRotation& rotation : rotations) named.insert(rotation.new_key);
  return named.size() > KeyHistory::kMostSuccessors;
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

const NodeId& speaker_of(const KeyStatement& statement) {
  const auto* rotation = std::get_if<KeyRotation>(&statement);
  return rotation != nullptr ? rotation->old_key : std::get<KeyRevocation>(statement).key;
}

Result<KeyHistory> KeyHistory::parse(std::string_view text, std::size_t verified) {
  KeyHistory history;
  const char* const begin = text.data();
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const bool known_good = static_cast<std::size_t>(line.data() - begin) < verified;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const auto statement = parse_statement(line);
    const auto good = statement && !known_good ? verify(*statement) : Result<void>();
    if (!statement || !good)
      return Error(Errc::config, "line " + std::to_string(number) + ": " +
                                     (statement ? good.error() : statement.error()).message);
    const auto* rotation = std::get_if<KeyRotation>(&*statement);
    if (!history.has(*statement) && (rotation == nullptr || history.fits_chain(*rotation)))
      history.insert(*statement);
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
           (names_too_many(known->second) ||
            std::any_of(known->second.begin(), known->second.end(),
                        [&](const KeyRotation& other) { return same_claim(*rotation, other); }));
  }
  return revoked_.contains(std::get<KeyRevocation>(statement).key);
}

void KeyHistory::insert(const KeyStatement& statement) {
  if (const auto* rotation = std::get_if<KeyRotation>(&statement)) {
    successors_[rotation->old_key].push_back(*rotation);
    origins_[rotation->new_key].push_back(*rotation);
  } else {
    const auto& revocation = std::get<KeyRevocation>(statement);
    revoked_.emplace(revocation.key, revocation);
  }
  statements_.push_back(statement);
}

Result<bool> KeyHistory::learn(const KeyStatement& statement, Room room) {
  if (has(statement)) return false;
  // Room first: what cannot be kept is not worth a verification.
  if (statements_.size() >= static_cast<std::size_t>(room))
    return Error(Errc::limit, "more key statements than can be kept");
  const auto* rotation = std::get_if<KeyRotation>(&statement);
  if (rotation != nullptr && !fits_chain(*rotation))
    return Error(Errc::limit, "the chain of the key " + dcdn::sign::to_text(rotation->old_key) + " has " +
                                  std::to_string(kMostInChain) + " rotations, and no more are kept")
        .with_hint("make a new key with dcdn-sign keygen, and have it trusted like the first");
  DCDN_CHECK(verify(statement));
  insert(statement);
  return true;
}

void KeyHistory::merge(const KeyHistory& other) {
  for (const KeyStatement& statement : other.statements_)
    if (!has(statement)) insert(statement);
}

std::unordered_set<NodeId, Name32Hash> KeyHistory::joined(const NodeId& key, std::size_t most) const {
  std::unordered_set<NodeId, Name32Hash> found{key};
  std::vector<NodeId> next{key};
  while (!next.empty() && found.size() <= most) {
    const NodeId at = next.back();
    next.pop_back();
    const auto after = successors_.find(at);
    const auto before = origins_.find(at);
    if (after != successors_.end())
      for (const KeyRotation& rotation : after->second)
        if (found.insert(rotation.new_key).second) next.push_back(rotation.new_key);
    if (before != origins_.end())
      for (const KeyRotation& rotation : before->second)
        if (found.insert(rotation.old_key).second) next.push_back(rotation.old_key);
  }
  return found;
}

// Only who has the secrets of both can join two chains, so nobody else uses up the room of one.
bool KeyHistory::fits_chain(const KeyRotation& rotation) const {
  const auto rotations_at = [&](const NodeId& key) {
    std::size_t count = 0;
    for (const NodeId& id : joined(key, kMostInChain + 1))
      if (const auto known = successors_.find(id); known != successors_.end()) count += known->second.size();
    return count;
  };
  const std::size_t here = rotations_at(rotation.old_key);
  if (joined(rotation.old_key, kMostInChain + 1).contains(rotation.new_key)) return here < kMostInChain;
  return here + rotations_at(rotation.new_key) < kMostInChain;
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
    if (names_too_many(known->second)) {
      standing.state = State::forked;
      standing.cause = standing.current;
      return standing;
    }
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
  if (const auto known = origins_.find(key); known != origins_.end())
    for (const KeyRotation& rotation : known->second) epoch = std::max(epoch, rotation.epoch);
  return epoch;
}

std::vector<KeyRotation> KeyHistory::chain_to(const NodeId& key, std::size_t most) const {
  std::vector<KeyRotation> chain;
  std::unordered_set<NodeId, Name32Hash> seen{key};
  for (NodeId at = key; chain.size() < most;) {
    const auto known = origins_.find(at);
    if (known == origins_.end()) break;
    const auto latest =
        std::max_element(known->second.begin(), known->second.end(),
                         [](const KeyRotation& a, const KeyRotation& b) { return a.epoch < b.epoch; });
    if (!seen.insert(latest->old_key).second) break;
    chain.push_back(*latest);
    at = latest->old_key;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

std::vector<KeyStatement> KeyHistory::about(const NodeId& key) const {
  const auto chain = joined(key, statements_.size() + 1);
  std::vector<KeyStatement> found;
  for (const KeyStatement& statement : statements_)
    if (chain.contains(speaker_of(statement))) found.push_back(statement);
  return found;
}

}  // namespace dcdn::sign
