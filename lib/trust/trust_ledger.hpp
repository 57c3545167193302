// trust_ledger.hpp - the trusted keys of a home while a stream or a session runs: what changes in the files
// of the home counts within a look, statements of keys that come by count at once, and are kept.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "dcdn/home.hpp"
#include "sign/keyring.hpp"
#include "trust/audit_log.hpp"
#include "trust/careful_file.hpp"
#include "wire/frame.hpp"

namespace dcdn::trust {

/// Threads  one; what it writes may be written by another, see write_by().
class TrustLedger {
 public:
  using Warn = std::function<void(const std::string&)>;
  /// Runs a job, at once or later, in the order of the calls.
  using Post = std::function<void(std::function<void()>)>;
  using Audit = std::function<void(const AuditEvent&)>;
  /// A list that has vanished may be on its way back, or its whole home be about to be exchanged: until then
  /// it says what it said.
  static constexpr std::chrono::milliseconds kGoneAfter{700};

  static Result<TrustLedger> open(const Home& home, Warn warn);
  TrustLedger(TrustLedger&&) = default;
  TrustLedger& operator=(TrustLedger&&) = delete;
  TrustLedger(const TrustLedger&) = delete;
  TrustLedger& operator=(const TrustLedger&) = delete;
  /// Writes what is not written yet.
  ~TrustLedger();
  /// From now on statements are written, and audit lines added, by these: a loop must not wait for a disk.
  /// Before, and without it, take() does both itself; what is about strangers it writes many at a time.
  void write_by(Post post, Audit audit);

  [[nodiscard]] static bool is_statement(wire::FrameType type) {
    return type == wire::FrameType::key_rotation || type == wire::FrameType::key_revocation;
  }
  /// True if it changes something that is trusted or named here. Kept in the home and in the audit log; when
  /// that fails it counts all the same, and `warn` is told. False as well: there is no room for what it says.
  /// error corrupt, bad_signature.
  Result<bool> take(const wire::Frame& frame);
  Result<bool> take(const sign::KeyStatement& statement);

  /// What follows a key that is trusted or named here, of the chain in a certificate (sign/key_chain.hpp) of
  /// `key`. A chain of strangers, one that does not end at `key`, and one with a wrong signature change
  /// nothing; a stranger's costs no verification.
  void take_chain(const std::vector<std::string>& names, const NodeId& key);

  /// Reads the files again if they are others, or changed. True: they said something new. What cannot be read
  /// changes nothing: `warn` is told, and the files are looked at again the next time.
  bool look();
  /// The same, at most twice a second: for whoever has a moment now and then.
  bool look_sometimes();
  /// Rises whenever what is trusted here, or what is known about a key, may have changed.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// As Keyring::watch.
  void watch(const NodeId& key) { ring_.watch(key); }

  [[nodiscard]] const sign::Keyring& ring() const { return ring_; }
  [[nodiscard]] const Home& home() const { return home_; }
  [[nodiscard]] const Warn& warn() const { return warn_; }
  /// As audit() of audit_log.hpp, or by write_by's.
  void audit(const AuditEvent& event) const;

 private:
  /// The files that decide; known_peers is read by who connects.
  struct Stamps {
    FileStamp trusted_keys;
    FileStamp key_statements;
    FileStamp known_peers;
    bool operator==(const Stamps&) const = default;
  };
  struct Unwritten;

  TrustLedger(Home home, Warn warn);
  [[nodiscard]] Stamps stamps() const;
  /// False: a list has just vanished.
  [[nodiscard]] bool may_believe(const Stamps& now);
  void seen(const Stamps& now);
  void write(const sign::KeyStatement& statement, bool soon);
  void write_waiting();
  void warn_once(const std::string& text);

  Home home_;
  sign::Keyring ring_;
  Warn warn_;
  Post post_;
  Audit audit_;
  std::shared_ptr<Unwritten> unwritten_;  ///< shared with the jobs that write it
  Stamps stamps_;                         ///< of what was read last
  bool settled_ = false;     ///< that had not changed for a while: its times tell it from any other
  Micros gone_since_{0};     ///< 0: it is not
  Micros look_again_at_{0};  ///< of what cannot be read, or is not settled
  Micros looked_at_{0};      ///< by look_sometimes
  bool unreadable_ = false;  ///< at the last look
  std::string warned_;
  std::uint64_t revision_ = 1;
};

/// A frame of one of the two kinds. error corrupt.
Result<sign::KeyStatement> statement_of(const wire::Frame& frame);
wire::FrameType frame_type_of(const sign::KeyStatement& statement);
/// "hq: now dcdn1..., epoch 2"; for notes and the log.
std::string describe_statement(const sign::KeyStatement& statement, const sign::Keyring& ring);

/// How many of them one side of a connection says.
inline constexpr std::size_t kMostStatements = 128;
/// What is to be said about the own key, then what was learned last about others, as frames: for the
/// beginning of a session. Nothing else about the own key: while it is in use, it says that it has been
/// replaced only if that is why it is used.
Bytes statement_frames(const sign::Keyring& ring, const NodeId& own,
                       std::vector<sign::KeyStatement> about_own);

}  // namespace dcdn::trust
