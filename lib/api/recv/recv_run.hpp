// recv_run.hpp - one call of dcdn::recv: the receiver on its loop, the rows of its sessions, their control
// sockets.
#pragma once
#include <asio/io_context.hpp>
#include <map>
#include <memory>
#include <optional>

#include "api/recv/sealed_deliveries.hpp"
#include "console/control_socket.hpp"
#include "dcdn/recv.hpp"
#include "node/loop_watch.hpp"
#include "record/session_db.hpp"
#include "session/receiver.hpp"
#include "trust/trust_ledger.hpp"

namespace dcdn::api {

class RecvRun : public session::ReceiveWatcher {
 public:
  RecvRun(const RecvOptions& options, ProgressSink& progress)
      : options_(options), progress_(progress), watch_(loop_) {}
  Result<RecvReport> run();

 private:
  void on_note(int level, const std::string& text) override { progress_.on_note(level, text); }
  void on_session(const std::string& id, const NodeId& peer, const std::string& address) override;
  void on_session_progress(const std::string& id, const std::string& name, std::uint64_t done,
                           std::uint64_t total) override;
  void on_session_end(const std::string& id, const Error* error) override;
  void on_delivered(const std::string& name, const std::string& path, std::uint64_t bytes,
                    const Digest& object) override;
  void on_object_failed(const std::string& name, const Error& error) override;
  Result<void> on_statement(const wire::Frame& frame) override;

  Result<void> open();
  Result<session::ReceiveSettings> settings(const NodeId& own);
  Result<void> run_loop();
  std::string control(const std::string& id, const std::string& line);
  Result<void> command(const std::string& id, const std::string& what);
  void tick();
  void stop(std::optional<Error> error);
  void opened(const SealedDelivery& delivery, const OpenedDelivery& what);
  void change_state(const std::string& id, record::SessionState to, const std::string& error = "");

  const RecvOptions& options_;
  ProgressSink& progress_;
  asio::io_context loop_{1};
  node::LoopWatch watch_;
  asio::steady_timer wait_limit_{loop_};
  std::shared_ptr<trust::TrustLedger> ledger_;
  std::unique_ptr<record::SessionDb> db_;
  std::shared_ptr<session::ReceiveShared> shared_;
  std::unique_ptr<session::Receiver> receiver_;
  std::map<std::string, std::unique_ptr<console::ControlServer>> controls_;
  std::optional<SealedDeliveries> sealed_;  ///< when what is encrypted is to be decrypted
  std::optional<Error> not_opened_;         ///< why something encrypted that was for us did not become files
  Result<void> result_;
  std::optional<std::chrono::steady_clock::time_point> first_data_;
  std::chrono::steady_clock::time_point last_data_{};
  bool anyone_came_ = false;
  RecvReport report_;
};

}  // namespace dcdn::api
