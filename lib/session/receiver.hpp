// receiver.hpp - keeps the connections of senders until they end; what a person sees of all of them.
#pragma once
#include <functional>
#include <list>
#include <memory>

#include "net/task.hpp"
#include "pace/rate_meter.hpp"
#include "session/receive_link.hpp"

namespace dcdn::session {

class Receiver {
 public:
  Receiver(std::shared_ptr<ReceiveShared> shared, bool once);

  /// A connection that was accepted. `early` tells what came on it before; empty: nothing was taken yet.
  void take(net::ConnectionPtr connection, const std::function<void(net::ConnectionEvents&)>& early = {});

  /// Until stop(), or (once) until a session has delivered what it offered and is closed.
  /// What is taken after that is closed. error: standard output failed; what stop() said.
  net::Task<void> run();
  void stop(std::optional<Error> error);
  /// Ends the connections of those whom `verdict` does not let pass (any more).
  void judge_again(const std::function<Result<void>(const NodeId&)>& verdict);
  /// By session id: pause, resume or cancel a session that runs here. False: none of that id.
  bool command(const std::string& session, const std::string& what);
  /// Amounts and rates are of what is being received, or was last: they begin anew after it was idle.
  [[nodiscard]] Progress progress();
  [[nodiscard]] std::size_t active_connections() const { return connections_.size(); }
  [[nodiscard]] std::uint64_t wire_bytes() const;

 private:
  void forget_ended();
  [[nodiscard]] bool all_idle() const;

  std::shared_ptr<ReceiveShared> shared_;
  bool once_;
  std::list<std::shared_ptr<ReceiveLink>> connections_;
  net::Signal changed_;
  bool stopping_ = false;
  bool once_done_ = false;
  std::optional<Error> stop_error_;
  std::uint64_t wire_bytes_ended_ = 0;
  struct Counts {
    std::uint64_t bytes = 0;
    std::uint64_t objects = 0;
  };
  Counts idle_;                    // when nothing was being received last
  Counts before_;                  // when what is being received, or was last, began
  pace::RateMeter meter_;          // of content that was verified
  pace::RateMeter arrived_meter_;  // of UDP payload, in whole kBeat: keep-alives are not worth one
};

}  // namespace dcdn::session
