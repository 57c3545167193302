#include "trust/trust_ledger.hpp"

#include <algorithm>
#include <mutex>

#include "sign/key_chain.hpp"
#include "trust/keyring_file.hpp"

namespace dcdn::trust {

namespace {

constexpr std::size_t kWrittenTogether = 256;
// A file that is written twice within a tick of the clock of its file system has the same times after both.
constexpr std::int64_t kSettledAfterS = 2;
constexpr Micros kLookEvery = std::chrono::milliseconds(500);
constexpr Micros kLookAgainAfter = std::chrono::milliseconds(200);

bool is_settled(const FileStamp& stamp) {
  return !stamp.exists() || stamp.changed.tv_sec + kSettledAfterS <= now_s();
}

}  // namespace

/// Statements that count already and are not in the home yet.
struct TrustLedger::Unwritten {
  std::mutex mutex;
  std::vector<sign::KeyStatement> statements;
  bool posted = false;
};

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

TrustLedger::TrustLedger(Home home, Warn warn)
    : home_(std::move(home)), warn_(std::move(warn)), unwritten_(std::make_shared<Unwritten>()) {}

Result<TrustLedger> TrustLedger::open(const Home& home, Warn warn) {
  TrustLedger ledger(home, std::move(warn));
  const Stamps now = ledger.stamps();
  DCDN_TRY(ledger.ring_, load_keyring(home));
  ledger.seen(now);
  return ledger;
}

TrustLedger::~TrustLedger() {
  if (unwritten_ && !post_) write_waiting();
}

void TrustLedger::write_by(Post post, Audit audit) {
  post_ = std::move(post);
  audit_ = std::move(audit);
}

void TrustLedger::audit(const AuditEvent& event) const {
  if (audit_) return audit_(event);
  trust::audit(home_, event, warn_);
}

Result<bool> TrustLedger::take(const wire::Frame& frame) {
  DCDN_TRY(const sign::KeyStatement statement, statement_of(frame));
  return take(statement);
}

Result<bool> TrustLedger::take(const sign::KeyStatement& statement) {
  if (ring_.history().has(statement)) return false;
  const bool asked = ring_.concerns(statement);
  const std::string says = asked ? describe_statement(statement, ring_) : "";
  auto news = ring_.learn(statement);
  // Who brings it need not be who filled the room.
  if (!news && news.error().code == Errc::limit) {
    if (asked) warn_once(says + ", which is not kept: " + news.error().message);
    return false;
  }
  if (!news) return news;
  ++revision_;
  if (asked && warn_) warn_(says);
  // The log first: no change of a key that counts is missing there, wherever a kill falls.
  if (asked) audit({kAuditKey, {{"what", says}}});
  write(statement, asked);
  return asked;
}

void TrustLedger::take_chain(const std::vector<std::string>& names, const NodeId& key) {
  bool follows = false;
  for (const sign::KeyRotation& rotation : sign::parse_chain_names(names, key)) {
    follows = follows || ring_.concerns(rotation);
    if (follows && !take(sign::KeyStatement(rotation))) return;
  }
}

// Those that wait are written together: the list is read and synced once for all of them.
void TrustLedger::write(const sign::KeyStatement& statement, bool soon) {
  {
    const std::lock_guard lock(unwritten_->mutex);
    unwritten_->statements.push_back(statement);
    if (!post_ && !soon && unwritten_->statements.size() < kWrittenTogether) return;
    if (post_ && std::exchange(unwritten_->posted, true)) return;
  }
  write_waiting();
}

void TrustLedger::write_waiting() {
  auto job = [home = home_, warn = warn_, waiting = unwritten_] {
    std::vector<sign::KeyStatement> statements;
    {
      const std::lock_guard lock(waiting->mutex);
      statements.swap(waiting->statements);
      waiting->posted = false;
    }
    if (statements.empty()) return;
    const auto kept = change_keyring(home, [&](sign::Keyring& ring) -> Result<void> {
      for (const sign::KeyStatement& each : statements)
        if (const auto news = ring.learn(each, true); !news && news.error().code != Errc::limit)
          return news.error();
      return {};
    });
    if (!kept && warn) warn("not kept: " + kept.error().message);
  };
  if (post_) return post_(std::move(job));
  job();
}

TrustLedger::Stamps TrustLedger::stamps() const {
  return {stamp_of(home_.trusted_keys_path()), stamp_of(home_.key_statements_path()),
          stamp_of(home_.known_peers_path())};
}

void TrustLedger::seen(const Stamps& now) {
  stamps_ = now;
  settled_ = is_settled(now.trusted_keys) && is_settled(now.key_statements);
  gone_since_ = Micros(0);
}

bool TrustLedger::may_believe(const Stamps& now) {
  const bool vanished = (stamps_.trusted_keys.exists() && !now.trusted_keys.exists()) ||
                        (stamps_.key_statements.exists() && !now.key_statements.exists());
  if (!vanished) return true;
  if (gone_since_ == Micros(0)) gone_since_ = now_micros();
  return now_micros() - gone_since_ >= kGoneAfter;
}

bool TrustLedger::look() {
  const Stamps now = stamps();
  const bool same = now == stamps_;
  if (same && settled_) return false;
  if ((same || unreadable_) && now_micros() < look_again_at_) return false;
  look_again_at_ = now_micros() + kLookAgainAfter;
  if (!may_believe(now)) return false;
  auto fresh = load_keyring(home_);
  unreadable_ = !fresh;
  if (!fresh) {
    warn_once("what is trusted stays as it was: " + fresh.error().message);
    return false;
  }
  warned_.clear();
  seen(now);
  // What keys said cannot be taken back: a list that lacks something gets it again.
  for (const sign::KeyStatement& known : ring_.history().statements())
    if (!fresh->history().has(known)) write(known, false);
  const auto keys = ring_.keys();
  const std::size_t statements = ring_.history().statements().size();
  ring_.refresh(*std::move(fresh));
  const bool news = ring_.keys() != keys || ring_.history().statements().size() != statements;
  // What is said about peers may have changed as well.
  if (news || !same) ++revision_;
  return news;
}

bool TrustLedger::look_sometimes() {
  const Micros now = now_micros();
  if (now - looked_at_ < kLookEvery) return false;
  looked_at_ = now;
  return look();
}

void TrustLedger::warn_once(const std::string& text) {
  if (warn_ && warned_ != text) warn_(text);
  warned_ = text;
}

Bytes statement_frames(const sign::Keyring& ring, const NodeId& own,
                       std::vector<sign::KeyStatement> about_own) {
  std::vector<sign::KeyStatement> chosen = std::move(about_own);
  if (chosen.size() > kMostStatements)
    chosen.erase(chosen.begin(), chosen.end() - static_cast<std::ptrdiff_t>(kMostStatements));
  // Then what was learned last about others: a revocation spreads with every meeting.
  const auto& all = ring.history().statements();
  for (auto it = all.rbegin(); it != all.rend() && chosen.size() < kMostStatements; ++it)
    if (sign::speaker_of(*it) != own && std::find(chosen.begin(), chosen.end(), *it) == chosen.end())
      chosen.push_back(*it);
  Bytes frames;
  for (const sign::KeyStatement& statement : chosen)
    wire::append_frame(frames, frame_type_of(statement), encode(statement));
  return frames;
}

}  // namespace dcdn::trust
