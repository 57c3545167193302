// node_trust.hpp - whom a running process believes: its ledger, looked after while it runs, and the audit
// log.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "trust/audit_writer.hpp"
#include "trust/trust_ledger.hpp"

namespace dcdn::node {

/// Threads  the loop's; what it writes is written by a thread of its own.
class NodeTrust {
 public:
  using Note = std::function<void(int level, const std::string& text)>;
  /// `own`: our key. A replaced one is told of. error: as TrustLedger::open; untrusted: ours is revoked.
  static Result<std::unique_ptr<NodeTrust>> open(const asio::any_io_executor& executor, const Home& home,
                                                 const NodeId& own, Note note);

  [[nodiscard]] const std::shared_ptr<trust::TrustLedger>& ledger() const { return ledger_; }
  /// Frames about our key and others, for the beginning of a session: as of now. That our key was replaced
  /// while this runs is left out: it is still in use, and who knows would refuse it.
  [[nodiscard]] Bytes statements() const;
  /// A line of the audit log; on disk soon.
  void audit(trust::AuditEvent event) { records_->add(std::move(event)); }
  /// Looks at the files of the home, now and then. True: what is trusted may have changed since the last
  /// call.
  bool tick();
  /// error untrusted: our own key has been revoked meanwhile. A replaced one is told of, once.
  Result<void> judge_own_key();
  /// Until all that is to be written is.
  void drain() { records_->drain(); }

 private:
  NodeTrust(const NodeId& own, Note note) : own_(own), note_(std::move(note)) {}

  NodeId own_;
  Note note_;
  std::shared_ptr<trust::AuditWriter> records_;
  std::shared_ptr<trust::TrustLedger> ledger_;
  std::vector<sign::KeyStatement> about_own_;  // as of the start
  std::uint64_t judged_ = 0;                   // the ledger's revision at the last tick
  bool told_of_new_key_ = false;
};

}  // namespace dcdn::node
