// send_run.hpp - one call of dcdn::send: the session on its loop, its row in the database, its control
// socket.
#pragma once
#include <asio/io_context.hpp>
#include <memory>
#include <optional>

#include "api/send/send_plan.hpp"
#include "console/control_socket.hpp"
#include "net/task.hpp"
#include "node/loop_watch.hpp"
#include "record/session_db.hpp"
#include "session/send_session.hpp"
#include "trust/trust_ledger.hpp"

namespace dcdn::api {

class SendRun : public session::SendWatcher {
 public:
  SendRun(const SendOptions& options, ProgressSink& progress)
      : options_(options), progress_(progress), watch_(loop_) {}
  Result<SendReport> run();

 private:
  void on_note(int level, const std::string& text) override { progress_.on_note(level, text); }
  void on_receipt(const session::SendObject& object, const wire::Receipt& receipt, ByteView body) override;
  void on_peer_pause(bool paused) override;
  Result<void> on_statement(const wire::Frame& frame) override;

  Result<void> open_row(const SendPlan& plan);
  Result<void> open_session(SendPlan plan);
  Result<void> seal_objects(SendPlan& plan, const sign::SecretKey& key, const sign::Keyring& keyring) const;
  Result<void> run_loop();
  net::Task<void> run_session();
  void report_paths();
  Result<SendReport> finish();
  std::string control(const std::string& line);
  Result<void> set_paused(bool paused);
  void interrupt(Errc why, const std::string& text);
  void tick();
  void change_state(record::SessionState to, const std::string& error = "");
  Error final_error() const;
  Result<void> keep_receipt(const session::SendObject& object, ByteView body);

  const SendOptions& options_;
  ProgressSink& progress_;
  asio::io_context loop_{1};
  node::LoopWatch watch_;
  std::unique_ptr<trust::TrustLedger> ledger_;
  std::unique_ptr<record::SessionDb> db_;
  std::string id_;
  record::SessionState state_ = record::SessionState::pending;
  std::unique_ptr<session::SendSession> session_;
  std::unique_ptr<console::ControlServer> control_;
  std::vector<session::DestinationResult> results_;
  std::optional<Error> ended_;  ///< interrupted, --max-time, cancelled
  bool was_connected_ = false;
  SendReport report_;
  int ticks_ = 0;
};

}  // namespace dcdn::api
