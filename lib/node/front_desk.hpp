// front_desk.hpp - who answers a connection: its first frame decides (dcdn-session(5), CONNECTION).
//
// Threads  the loop's
#pragma once
#include <asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>

#include "net/listener.hpp"
#include "trust/trust_ledger.hpp"
#include "wire/frame.hpp"

namespace dcdn::node {

class Visitor;

/// The first frame on the first bidirectional stream that is not about a key says what a connection is for.
/// What comes before it, or beside it on other streams (packets are reordered), is kept, not consumed, and
/// handed on. A connection is closed with `unsupported` if nobody answers that frame, `temporary` if none
/// comes in time, `limit` if too much comes before it, and `corrupt` if the stream is damaged or ends.
class FrontDesk {
 public:
  static constexpr std::chrono::seconds kPatience{10};
  static constexpr std::size_t kMostStatements = trust::kMostStatements;  ///< about keys, ahead of that frame

  /// Tells what came so far to the events that the connection has from now on.
  using Early = std::function<void(net::ConnectionEvents&)>;
  /// Takes a connection over. `early` only counts during the call, after set_events().
  using Answer = std::function<void(net::ConnectionPtr connection, const Early& early)>;
  using Note = std::function<void(int level, const std::string& text)>;

  FrontDesk(asio::any_io_executor executor, Note note, std::chrono::milliseconds patience = kPatience)
      : executor_(std::move(executor)), note_(std::move(note)), patience_(patience) {}
  ~FrontDesk() { stop(); }
  FrontDesk(const FrontDesk&) = delete;
  FrontDesk& operator=(const FrontDesk&) = delete;

  /// Who answers connections that begin so. One for each type, before the first connection.
  void answer(std::initializer_list<wire::FrameType> types, const Answer& who);
  /// Takes connections from `listener` until stop(); `failed` is called if it gives no more.
  void open(std::shared_ptr<net::Listener> listener, std::function<void(const Error&)> failed);
  /// A connection that was just accepted.
  void take(net::ConnectionPtr connection);
  /// No new connections; those that have not said what they want are closed with `temporary`.
  void stop();
  /// Asked again when a connection says what it wants, and by judge_again(). Before the first connection.
  void set_verdict(std::function<Result<void>(const NodeId&)> verdict) { verdict_ = std::move(verdict); }
  /// Closes those that wait and are not trusted any more.
  void judge_again();
  /// Connections that have not said what they want, or are being closed for it.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  friend class Visitor;
  void accept_next();
  void hand_over(const std::shared_ptr<Visitor>& visitor, wire::FrameType type);
  void forget(Visitor& visitor);

  asio::any_io_executor executor_;
  Note note_;
  std::chrono::milliseconds patience_;
  std::map<wire::FrameType, Answer> answers_;
  std::function<Result<void>(const NodeId&)> verdict_;  // none: everybody who was accepted stays so
  std::map<Visitor*, std::shared_ptr<Visitor>> waiting_;
  std::shared_ptr<net::Listener> listener_;
  std::function<void(const Error&)> failed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // an accept may end after this
};

}  // namespace dcdn::node
