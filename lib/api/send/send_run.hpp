// send_run.hpp - one call of dcdn::send: a session as a role of a node, its row, and the report of it.
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/send/send_plan.hpp"
#include "node/node.hpp"
#include "session/send_session.hpp"
#include "store/sync_batch.hpp"

namespace dcdn::api {

class SendRun : private node::Role, public session::SendWatcher {
 public:
  SendRun(const SendOptions& options, ProgressSink& progress);
  Result<SendReport> send();

 private:
  void on_note(int level, const std::string& text) override { progress_.on_note(level, text); }
  void on_receipt(const session::SendObject& object, const wire::Receipt& receipt, ByteView body) override;
  void on_left_out(const session::SendObject& object, const std::string& path, const Error& why) override;
  void on_peer_pause(bool paused) override;
  Result<void> on_statement(const wire::Frame& frame) override;

  net::Task<void> run() override;
  void stop(const Error& why) override;
  void tick() override;
  void trust_changed() override { session_->judge_again(); }

  [[nodiscard]] const std::string& id() const { return report_.session; }
  Result<void> begin_row(const SendPlan& plan);
  Result<void> open(SendPlan plan, std::vector<session::DestinationSettings> destinations);
  node::SessionControl control();
  void follow(const Progress& progress);
  void end(std::uint64_t close_code, const Error& why);
  Result<void> keep_receipt(const session::SendObject& object, ByteView body);
  Result<void> keep_beside(ByteView frames);
  /// Receipts that came are on disk together, and told then.
  void tell_delivered();
  Result<SendReport> finish();

  const SendOptions& options_;
  ProgressSink& progress_;
  node::Node node_;
  std::unique_ptr<session::SendSession> session_;
  std::vector<session::DestinationResult> results_;
  std::optional<Error> ended_;  ///< interrupted, --max-time, cancelled
  bool was_connected_ = false;
  std::set<std::pair<std::uint32_t, std::string>> left_out_;  ///< told of: object and path
  store::SyncBatch receipts_;                                 ///< that came and were not told
  Bytes receipt_frames_;                                      ///< of these, for SendOptions::receipt_file
  bool receipt_file_begun_ = false;
  std::vector<ObjectEnd> delivered_;
  SendReport report_;
};

}  // namespace dcdn::api
