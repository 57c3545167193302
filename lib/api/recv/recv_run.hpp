// recv_run.hpp - one call of dcdn::recv: a receiver as a role of a node, the rows of its sessions, and the
// report of it.
#pragma once
#include <chrono>
#include <memory>
#include <optional>

#include "api/recv/recv_sinks.hpp"
#include "api/recv/sealed_deliveries.hpp"
#include "dcdn/recv.hpp"
#include "node/node.hpp"
#include "session/receiver.hpp"

namespace dcdn::api {

class RecvRun : private node::Role, public session::ReceiveWatcher {
 public:
  RecvRun(const RecvOptions& options, ProgressSink& progress);
  Result<RecvReport> receive();

 private:
  using Clock = std::chrono::steady_clock;

  void on_note(int level, const std::string& text) override { progress_.on_note(level, text); }
  void on_session(const std::string& id, const NodeId& peer, const std::string& address) override;
  void on_session_progress(const std::string& id, const std::string& name, std::uint64_t done,
                           std::uint64_t total) override;
  void on_session_end(const std::string& id, const Error* error) override;
  void on_left_out(const std::string& name, const wire::LeftOutList& left_out) override;
  void on_delivered(const session::ReceivedObject& object) override;
  void on_object_failed(const std::string& name, const NodeId& sender, const Error& error) override;
  Result<void> on_statement(const wire::Frame& frame) override;

  net::Task<void> run() override { return receiver_->run(); }
  void stop(const Error& why) override;
  void tick() override;
  void trust_changed() override;
  bool drain() override;

  Result<void> open();
  [[nodiscard]] Error explained(const Error& ended) const;
  session::ReceiveSettings settings();
  void decrypt_deliveries(const ReceivePlace& place);
  node::SessionControl control(const std::string& id);
  /// Who it was, into what is told of an object.
  void name_peer(const NodeId& peer, ObjectEnd& object) const;
  void opened(const ObjectEnd& delivery, const OpenedDelivery& what);

  const RecvOptions& options_;
  ProgressSink& progress_;
  node::Node node_;
  std::shared_ptr<session::ReceiveShared> shared_;
  std::unique_ptr<session::Receiver> receiver_;
  node::Verdict verdict_;                   ///< on those who send
  std::optional<SealedDeliveries> sealed_;  ///< when what is encrypted is to be decrypted
  std::optional<Error> not_opened_;         ///< why something encrypted that was for us did not become files
  bool was_unfinished_ = false;             ///< something, when it was to stop
  std::optional<Clock::time_point> wait_until_;  ///< for somebody to come
  std::optional<Clock::time_point> first_data_;
  Clock::time_point last_data_{};
  RecvReport report_;
};

}  // namespace dcdn::api
