// destination.hpp - one receiver of a sending session: connects, sends, and connects again until all is
// delivered.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "net/task.hpp"
#include "session/send_link.hpp"

namespace dcdn::session {

struct DestinationSettings {
  std::string address;
  net::Identity identity;
  net::PeerPolicy policy;
  /// Whether who answered is (still) trusted; none: for ever.
  std::function<Result<void>(const NodeId&)> verdict = {};
};

enum class DestinationState { connecting, waiting_to_retry, connected, done, failed };

class Destination {
 public:
  Destination(SendShared& shared, FeedHub& hub, DestinationSettings settings);

  /// Ok when every object was received; otherwise the error that ends it: the first object that failed for
  /// good, or why the connection cannot be had. Errors that pass (temporary, unreachable) are retried with
  /// back-off.
  net::Task<void> run();
  void wake();
  /// Ends run() with `error` as soon as it can; an open connection is closed with `close_code`.
  void stop(std::uint64_t close_code, Error error);

  /// Ends run() if the peer is not trusted any more: both ends are told why.
  void judge_again();

  [[nodiscard]] DestinationState state() const { return state_; }
  [[nodiscard]] const std::string& detail() const { return detail_; }  ///< "retry 3 in 800ms: ..."
  [[nodiscard]] const std::string& address() const { return settings_.address; }
  [[nodiscard]] const std::optional<NodeId>& peer() const { return peer_; }
  [[nodiscard]] bool peer_paused() const { return link_ && link_->peer_paused(); }
  [[nodiscard]] const Transfers& transfers() const { return transfers_; }
  [[nodiscard]] std::vector<PathProgress> paths() const;
  /// All connections so far together.
  [[nodiscard]] net::ConnectionStats stats() const;
  /// The same by path.
  [[nodiscard]] std::vector<PathUse> uses() const;
  [[nodiscard]] bool coded() const { return link_ && link_->pump().coded(); }

 private:
  net::Task<void> connect_once();
  net::Task<void> wait_before_retry(Error error, std::chrono::milliseconds spent);
  void leave_shared_feeds();
  [[nodiscard]] std::string next_interface() const;
  void tell_paths() const;
  Result<void> outcome() const;

  SendShared& shared_;
  FeedHub& hub_;
  DestinationSettings settings_;
  Transfers transfers_;
  std::unique_ptr<SendLink> link_;
  net::ConnectionStats earlier_;  // of connections that are gone
  std::vector<PathUse> earlier_uses_;
  pace::Backoff backoff_;
  net::Signal stopped_;
  std::optional<Error> stop_error_;
  std::optional<NodeId> peer_;
  std::string answered_at_;  // which of the addresses of its name, last time
  DestinationState state_ = DestinationState::connecting;
  std::string detail_;
  Micros spent_since_{0};             // the time of this try that was in vain
  std::size_t lost_connections_ = 0;  // or tries in vain: another path is next
};

}  // namespace dcdn::session
