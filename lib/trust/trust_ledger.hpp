// trust_ledger.hpp - the keyring of a home while a stream or a session runs: statements of keys that come by
// count at once, and are kept.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "sign/keyring.hpp"
#include "wire/frame.hpp"

namespace dcdn::trust {

/// Threads  one
class TrustLedger {
 public:
  using Warn = std::function<void(const std::string&)>;
  /// Statements about keys that are not trusted here are kept up to this many, so that a stranger cannot fill
  /// the file.
  static constexpr std::size_t kMaxUnasked = 1024;

  static Result<TrustLedger> open(const Home& home, Warn warn);

  [[nodiscard]] static bool is_statement(wire::FrameType type) {
    return type == wire::FrameType::key_rotation || type == wire::FrameType::key_revocation;
  }
  /// True if it changes something that is trusted here. Kept in the home and in the audit log; when that
  /// fails it counts all the same, and `warn` is told. error corrupt, bad_signature.
  Result<bool> take(const wire::Frame& frame);
  Result<bool> take(const sign::KeyStatement& statement);

  [[nodiscard]] const sign::Keyring& ring() const { return ring_; }
  [[nodiscard]] const Home& home() const { return home_; }
  [[nodiscard]] const Warn& warn() const { return warn_; }

 private:
  TrustLedger(Home home, sign::Keyring ring, Warn warn)
      : home_(std::move(home)), ring_(std::move(ring)), warn_(std::move(warn)) {}
  Home home_;
  sign::Keyring ring_;
  Warn warn_;
};

/// A frame of one of the two kinds. error corrupt.
Result<sign::KeyStatement> statement_of(const wire::Frame& frame);
wire::FrameType frame_type_of(const sign::KeyStatement& statement);
/// "hq: now dcdn1..., epoch 2"; for notes and the log.
std::string describe_statement(const sign::KeyStatement& statement, const sign::Keyring& ring);

/// What is known about the own key, then about others, as frames: at most 128, for the beginning of a
/// session.
Bytes statement_frames(const sign::Keyring& ring, const NodeId& own);

}  // namespace dcdn::trust
