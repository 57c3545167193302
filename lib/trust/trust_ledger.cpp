#include "trust/trust_ledger.hpp"

#include <algorithm>

#include "trust/audit_log.hpp"
#include "trust/keyring_file.hpp"

namespace dcdn::trust {

namespace {
constexpr std::ptrdiff_t kMostStatements = 128;  // sent ahead of a session
}  // namespace

Result<sign::KeyStatement> statement_of(const wire::Frame& frame) {
  if (frame.type == wire::FrameType::key_rotation) {
    DCDN_TRY(sign::KeyRotation rotation, sign::parse_rotation(frame.body.view()));
    return sign::KeyStatement(rotation);
  }
  DCDN_TRY(sign::KeyRevocation revocation, sign::parse_revocation(frame.body.view()));
  return sign::KeyStatement(revocation);
}

wire::FrameType frame_type_of(const sign::KeyStatement& statement) {
  return std::holds_alternative<sign::KeyRotation>(statement) ? wire::FrameType::key_rotation
                                                              : wire::FrameType::key_revocation;
}

std::string describe_statement(const sign::KeyStatement& statement, const sign::Keyring& ring) {
  const auto* rotation = std::get_if<sign::KeyRotation>(&statement);
  const NodeId& key = rotation != nullptr ? rotation->old_key : std::get<sign::KeyRevocation>(statement).key;
  std::string who = sign::to_text(key);
  for (const sign::TrustedKey& entry : ring.keys()) {
    const auto standing = ring.history().standing_of(entry.key);
    bool in_chain = standing.current == key;
    for (const NodeId& past : standing.past) in_chain = in_chain || past == key;
    if (in_chain) who = entry.name + " " + who;
  }
  if (rotation == nullptr) return "the key " + who + " is revoked";
  return "the key " + who + " is replaced by " + sign::to_text(rotation->new_key) + ", epoch " +
         std::to_string(rotation->epoch);
}

Result<TrustLedger> TrustLedger::open(const Home& home, Warn warn) {
  DCDN_TRY(sign::Keyring ring, load_keyring(home));
  return TrustLedger(home, std::move(ring), std::move(warn));
}

Result<bool> TrustLedger::take(const wire::Frame& frame) {
  DCDN_TRY(const sign::KeyStatement statement, statement_of(frame));
  return take(statement);
}

Result<bool> TrustLedger::take(const sign::KeyStatement& statement) {
  const bool asked = ring_.concerns(statement);
  if (!asked && ring_.history().statements().size() >= kMaxUnasked) {
    DCDN_CHECK(verify(statement));
    return false;
  }
  const std::string says = describe_statement(statement, ring_);
  DCDN_TRY(const bool news, ring_.learn(statement));
  if (!news) return false;
  const auto kept = change_keyring(home_, [&](sign::Keyring& ring) -> Result<void> {
    DCDN_CHECK(ring.learn(statement));
    return {};
  });
  if (!kept && warn_) warn_("not kept: " + kept.error().message);
  if (!asked) return false;
  if (warn_) warn_(says);
  audit(home_, {kAuditKey, {{"what", says}}}, warn_);
  return true;
}

Bytes statement_frames(const sign::Keyring& ring, const NodeId& own) {
  std::vector<sign::KeyStatement> chosen = ring.history().about(own);
  if (std::ssize(chosen) > kMostStatements) chosen.erase(chosen.begin(), chosen.end() - kMostStatements);
  // Then what was learned last about others: a revocation spreads with every meeting.
  const auto& all = ring.history().statements();
  for (auto it = all.rbegin(); it != all.rend() && std::ssize(chosen) < kMostStatements; ++it)
    if (std::find(chosen.begin(), chosen.end(), *it) == chosen.end()) chosen.push_back(*it);
  Bytes frames;
  for (const sign::KeyStatement& statement : chosen)
    wire::append_frame(frames, frame_type_of(statement), encode(statement));
  return frames;
}

}  // namespace dcdn::trust
