#include "node/peer_trust.hpp"

#include <algorithm>
#include <set>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "sign/key_chain.hpp"
#include "trust/known_peers.hpp"

namespace dcdn::node {

namespace {

using Ledger = std::shared_ptr<trust::TrustLedger>;

constexpr std::size_t kMaxCertificateBytes = 64u << 10;
constexpr std::size_t kMostRefusalsTold = 100;
constexpr Micros kToldAgainAfter = std::chrono::hours(1);

/// Who may connect: to send, or to bring what others signed.
bool is_connectable(const sign::Keyring& ring, const NodeId& id) {
  return ring.allows(id, sign::kScopeSend) || ring.allows(id, sign::kScopeRelay);
}

/// What is said about a key that the user names by its id counts, though no entry has it.
void watch(trust::TrustLedger& ledger, const std::string& given) {
  if (const auto id = sign::parse_node_id(given)) ledger.watch(*id);
}

/// A peer's chain of rotations, and what has changed in the home, count before a peer is judged.
net::PeerPolicy policy_of(const Ledger& ledger, const std::string& ca_file, Verdict check) {
  net::PeerPolicy policy;
  policy.ca_file = ca_file;
  policy.learn = [ledger](const NodeId& key, const std::vector<std::string>& names) {
    ledger->look();
    ledger->take_chain(names, key);
  };
  policy.check = std::move(check);
  return policy;
}

// ---- a destination

/// The key that a destination is to have, if it is known. error: it is revoked; not trusted any more.
class Destination {
 public:
  Destination(PeerChoice choice, Ledger ledger) : choice_(std::move(choice)), ledger_(std::move(ledger)) {}

  Result<void> begin() {
    watch(*ledger_, choice_.expected);
    if (choice_.insecure) return {};
    DCDN_TRY(const auto expected, expected_now());
    if (expected) ledger_->watch(*expected);
    return {};
  }

  Result<void> verdict(const NodeId& id) {
    if (choice_.insecure) return {};
    const auto expected = expected_now();
    // Why not is for whoever runs this; the peer is told what it means for it.
    if (!expected)
      return Error(Errc::untrusted, "the sender does not trust the key " + sign::to_text(id) + " any more")
          .with_hint(expected.error().message);
    if (*expected) return must_be(**expected, id);
    // Checked by the transport, or remembered when it answered first.
    if (!choice_.ca_file.empty() || choice_.trust_on_first_use) return {};
    return Error(Errc::untrusted, choice_.address + " is not known; it has the key " + sign::to_text(id))
        .with_hint("if that is the id its owner told you: --peer-id " + sign::to_text(id) +
                   "; to trust it unseen and remember it: --accept-new");
  }

  Result<void> check(const NodeId& id) {
    const std::string& address = choice_.address;
    if (choice_.insecure)
      ledger_->warn()(address + ": not authenticated (--insecure), it says it is " + sign::to_text(id));
    DCDN_CHECK(verdict(id));
    if (choice_.insecure || !choice_.expected.empty() || !choice_.trust_on_first_use ||
        !choice_.ca_file.empty())
      return {};
    DCDN_TRY(const auto known, trust::find_known_peer(ledger_->home(), address));
    if (known) return {};
    ledger_->warn()(address + ": remembered as " + sign::to_text(id));
    ledger_->watch(id);
    return trust::add_known_peer(ledger_->home(), address, id);
  }

 private:
  /// None: whoever the rules without an id let in.
  Result<std::optional<NodeId>> expected_now() {
    if (!choice_.expected.empty()) {
      auto found = ledger_->ring().find(choice_.expected);
      if (!found) return found.error();
      return std::optional<NodeId>(*found);
    }
    // A file that cannot be read for a while says what it said.
    auto known = trust::find_known_peer(ledger_->home(), choice_.address);
    if (!known && !remembered_) return known.error();
    if (known) remembered_ = *known;
    if (!*remembered_) return std::optional<NodeId>();
    DCDN_TRY(const NodeId now, ledger_->ring().current(**remembered_));
    return std::optional<NodeId>(now);
  }

  Result<void> must_be(const NodeId& expected, const NodeId& id) const {
    if (id == expected) return {};
    if (const auto now = ledger_->ring().current(id); now && *now != id)
      return Error(Errc::untrusted,
                   "the key " + sign::to_text(id) + " has been replaced by " + sign::to_text(*now));
    const std::string why = !choice_.expected.empty()
                                ? " as --peer-id says"
                                : " as in " + ledger_->home().known_peers_path() +
                                      ": somebody may be pretending to be it, or it has a new key";
    return Error(Errc::untrusted, choice_.address + " has the key " + sign::to_text(id) + ", not " +
                                      sign::to_text(expected) + why);
  }

  PeerChoice choice_;
  Ledger ledger_;
  std::optional<std::optional<NodeId>> remembered_;  // what known_peers said last; none: never read
};

// ---- senders

/// Whom the options and the keyring let in.
class Senders {
 public:
  Senders(std::vector<std::string> allow, bool anybody, Ledger ledger)
      : allow_(std::move(allow)), anybody_(anybody), ledger_(std::move(ledger)) {}

  Result<void> begin() const {
    std::optional<Error> revoked;
    std::size_t good = 0;
    for (const std::string& given : allow_) {
      watch(*ledger_, given);
      const auto id = ledger_->ring().find(given);
      if (id) ++good;
      if (id) continue;
      if (id.error().code != Errc::untrusted) return id.error();
      if (!revoked) revoked = id.error();
      if (allow_.size() > 1) ledger_->warn()("--allow " + given + " lets nobody in: " + id.error().message);
    }
    if (anybody_ || good > 0) return {};
    if (revoked) return *revoked;
    if (!ledger_->ring().allowed(sign::kScopeSend).empty() ||
        !ledger_->ring().allowed(sign::kScopeRelay).empty())
      return {};
    return Error(Errc::usage, "nobody is allowed to send here")
        .with_hint("--allow ID for each sender (dcdn-sign id shows it), or dcdn-sign trust add NAME ID");
  }

  [[nodiscard]] Result<void> verdict(const NodeId& id) const {
    const sign::Keyring& ring = ledger_->ring();
    DCDN_TRY(const NodeId now, ring.current(id));
    if (now != id)
      return Error(Errc::untrusted,
                   "the key " + sign::to_text(id) + " has been replaced by " + sign::to_text(now));
    if (anybody_ || (allow_.empty() ? is_connectable(ring, id) : is_named(ring, id))) return {};
    return Error(Errc::untrusted, "the receiver does not allow the key " + sign::to_text(id))
        .with_hint((allow_.empty() ? "to let it in: dcdn-sign trust add NAME " : "to let it in: --allow ") +
                   sign::to_text(id));
  }

  Result<void> check(const NodeId& id) {
    auto judged = verdict(id);
    if (judged) return {};
    tell(id, judged.error());
    return judged;
  }

 private:
  /// Also the key that has taken the place of a named one meanwhile.
  [[nodiscard]] bool is_named(const sign::Keyring& ring, const NodeId& id) const {
    return std::any_of(allow_.begin(), allow_.end(), [&](const std::string& given) {
      const auto now = ring.find(given);
      return now && *now == id;
    });
  }

  // On the screen once an hour for each key, and not for ever more keys: strangers must not fill it. The
  // audit log has its own bound.
  void tell(const NodeId& id, const Error& error) {
    const std::string& why = error.message;
    if (now_micros() - told_since_ >= kToldAgainAfter) {
      told_since_ = now_micros();
      told_.clear();
    }
    if (told_.size() < kMostRefusalsTold && told_.insert(id).second)
      ledger_->warn()("refused a sender with the key " + sign::to_text(id) + ": " + why +
                      (error.hint.empty() ? "" : " (" + error.hint + ")"));
    ledger_->audit({trust::kAuditReject, {{"what", "connection"}, {"key", sign::to_text(id)}, {"why", why}}});
  }

  std::vector<std::string> allow_;
  bool anybody_;
  Ledger ledger_;
  std::set<NodeId> told_;
  Micros told_since_{0};
};

template <class Judge>
PeerRules rules_of(const std::shared_ptr<Judge>& judge, const Ledger& ledger, const std::string& ca_file) {
  return {policy_of(ledger, ca_file, [judge](const NodeId& id) { return judge->check(id); }),
          [judge](const NodeId& id) { return judge->verdict(id); }};
}

}  // namespace

Result<PeerRules> peer_rules(const PeerChoice& choice, const Ledger& ledger) {
  const auto destination = std::make_shared<Destination>(choice, ledger);
  DCDN_CHECK(destination->begin());
  return rules_of(destination, ledger, choice.ca_file);
}

Result<PeerRules> sender_rules(const std::vector<std::string>& allow, bool allow_any, const Ledger& ledger,
                               const std::string& ca_file) {
  const bool anybody = allow_any || (!ca_file.empty() && allow.empty());
  const auto senders = std::make_shared<Senders>(allow, anybody, ledger);
  DCDN_CHECK(senders->begin());
  return rules_of(senders, ledger, ca_file);
}

Result<net::Identity> transport_identity(const sign::SecretKey& key, const std::string& cert_file,
                                         const sign::KeyHistory& history) {
  net::Identity identity;
  DCDN_TRY(identity.key_pem, key.to_pem(std::nullopt));
  identity.names = sign::chain_names(history, key.id());
  if (!cert_file.empty()) {
    DCDN_TRY(identity.cert_pem, read_file(cert_file, kMaxCertificateBytes));
  }
  return identity;
}

}  // namespace dcdn::node
