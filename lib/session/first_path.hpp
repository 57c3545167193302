// first_path.hpp - the connection that carries a session beside its chunks: by which interface it goes now,
// and what it has sent by that one.
//
// Spec     dcdn-send(1), PATHS; dcdn-session(5), PATHS
// Threads  the loop thread
#pragma once
#include <optional>
#include <string>

#include "session/carrier_choice.hpp"
#include "session/path_link.hpp"

namespace dcdn::session {

class FirstPath {
 public:
  /// It was made by `interface` (empty: as the routes say). carrier: of this connection; outlives this.
  FirstPath(net::ConnectionPtr connection, CarrierChoice& carrier, std::string interface)
      : connection_(std::move(connection)), carrier_(carrier), interface_(std::move(interface)) {}

  [[nodiscard]] net::Connection& connection() const { return *connection_; }
  [[nodiscard]] CarrierChoice& carrier() const { return carrier_; }
  [[nodiscard]] const std::string& interface() const { return interface_; }
  [[nodiscard]] PathLoad& load() { return load_; }
  [[nodiscard]] const PathLoad& load() const { return load_; }
  void measure(Micros now) { load_.measure(connection_->stats(), connection_->queued_bytes(), now); }
  void on_acknowledged(net::StreamId stream);
  void on_writable() { load_.blocked = false; }

  /// One that is not tied to an interface goes where the routes point: its address tells. The interface that
  /// it was not known to go by; nullopt: no news. came_to() makes that interface().
  [[nodiscard]] std::optional<std::string> find_out();
  void came_to(std::string interface) { interface_ = std::move(interface); }
  /// Its path does not answer: once in a while, another is to be tried.
  [[nodiscard]] bool is_due_to_move(Micros now);
  /// It goes on by that interface. error: it does not (net::Connection::use_interface).
  Result<void> move_to(const std::string& interface);
  /// Sent since the last leave(), or ever.
  [[nodiscard]] std::uint64_t bytes_here() const { return connection_->stats().bytes_sent - bytes_before_; }
  /// What it sent stays where it was: gives bytes_here() and counts anew.
  std::uint64_t leave();

 private:
  net::ConnectionPtr connection_;
  CarrierChoice& carrier_;
  PathLoad load_;
  std::string interface_;
  std::string address_;
  std::uint64_t bytes_before_ = 0;
  Micros move_at_{0};
};

}  // namespace dcdn::session
