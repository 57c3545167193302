// node.hpp - what runs, whatever it transfers: one loop, one key, one ledger, one listener for all roles of a
// process.
#pragma once
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "node/front_desk.hpp"
#include "node/loop_watch.hpp"
#include "node/node_trust.hpp"
#include "node/peer_trust.hpp"
#include "node/role.hpp"
#include "node/session_consoles.hpp"
#include "node/session_table.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::node {

struct NodeOptions {
  Home home;
  std::string key_name = "default";
  std::string passphrase;
  std::string cert_file;                  ///< empty: a self-signed one
  int interrupt_fd = -1;                  ///< readable: stop
  std::chrono::milliseconds max_time{0};  ///< 0: none
};

/// Opened piece by piece, since not every failure may leave the same behind: open_sessions(), identify(),
/// listen(), each at most once and before run(). What belongs to a piece may be used after it.
/// Threads  one; the threads of roles post to executor(). Outlives what roles made on its loop, not the
/// roles.
class Node {
 public:
  /// level 0 normal, 1 verbose, 2 debug.
  using Note = std::function<void(int level, const std::string& text)>;
  Node(NodeOptions options, Note note);

  /// error: as SessionDb::open.
  Result<void> open_sessions();
  /// Our key, the ledger of others, the certificate. error: they cannot be read; untrusted: our key is
  /// revoked.
  Result<void> identify();
  /// Where it listens in fact. Connections are given to front_desk() once it runs. error: as net::listen.
  Result<std::string> listen(const std::string& address, const TransportOptions& transport,
                             const PeerRules& rules);

  void add(Role& role) { roles_.push_back(&role); }
  /// Until all roles have ended, and everything that their threads still post has run. The first role's
  /// error.
  Result<void> run();
  /// Tells every role that still runs.
  void stop(const Error& why);
  void reload();

  [[nodiscard]] asio::any_io_executor executor() { return loop_.get_executor(); }
  [[nodiscard]] static std::string agent();  ///< how we call ourselves
  [[nodiscard]] const sign::SecretKey& key() const { return *key_; }
  [[nodiscard]] const net::Identity& identity() const { return identity_; }
  [[nodiscard]] NodeTrust& trust() const { return *trust_; }
  [[nodiscard]] const std::shared_ptr<trust::TrustLedger>& ledger() const { return trust_->ledger(); }
  [[nodiscard]] const sign::Keyring& keyring() const { return ledger()->ring(); }
  [[nodiscard]] SessionTable& sessions() { return *sessions_; }
  [[nodiscard]] SessionConsoles& consoles() { return *consoles_; }
  [[nodiscard]] FrontDesk& front_desk() { return front_desk_; }

 private:
  void ended(Role& role, const Result<void>& result);
  void tick();
  void judge_again();
  void drain();

  NodeOptions options_;
  Note note_;
  asio::io_context loop_{1};
  LoopWatch watch_;
  std::optional<sign::SecretKey> key_;
  net::Identity identity_;
  std::unique_ptr<NodeTrust> trust_;
  std::unique_ptr<SessionTable> sessions_;
  std::unique_ptr<SessionConsoles> consoles_;
  FrontDesk front_desk_;
  std::shared_ptr<net::Listener> listener_;
  std::vector<Role*> roles_;
  std::vector<Role*> running_;
  Result<void> result_;
};

}  // namespace dcdn::node
