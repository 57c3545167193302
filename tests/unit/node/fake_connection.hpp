// fake_connection.hpp - a connection without a network: a test says what comes, and sees what was done with
// it.
#pragma once
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <optional>

#include "net/connection.hpp"

namespace dcdn::node::testing {

class FakeConnection final : public net::Connection {
 public:
  net::ConnectionEvents* events = nullptr;
  std::size_t consumed = 0;
  std::optional<std::uint64_t> close_code;
  bool can_be_coded = false;
  std::vector<double> coded_rates;  ///< that start_coded() was called with

  /// The peer's bytes, and the end of all that it says.
  void comes(net::StreamId id, ByteView bytes, bool fin = false) {
    if (events != nullptr) events->on_stream_data(id, bytes, fin);
  }
  void ends() {
    if (net::ConnectionEvents* last = std::exchange(events, nullptr)) last->on_closed({});
  }

  const NodeId& peer() const override { return peer_; }
  std::string peer_address() const override { return "192.0.2.1:4433"; }
  void set_events(net::ConnectionEvents* to) override { events = to; }
  std::string local_address() const override { return "192.0.2.2"; }
  Result<void> use_interface(const std::string&) override { return not_here(); }
  Result<net::StreamId> open_bidirectional() override { return not_here(); }
  Result<net::StreamId> open_unidirectional() override { return not_here(); }
  Result<void> start_coded(double bytes_per_s) override {
    if (!can_be_coded) return not_here();
    coded_rates.push_back(bytes_per_s);
    return {};
  }
  bool coded() const override { return !coded_rates.empty(); }
  bool begins_early() const override { return true; }
  Result<net::StreamId> open_bulk(bool) override { return not_here(); }
  void send(net::StreamId, Buffer, bool) override {}
  std::size_t queued_bytes() const override { return 0; }
  void consume(net::StreamId, std::size_t bytes) override { consumed += bytes; }
  void reset_stream(net::StreamId, std::uint64_t) override {}
  void close(std::uint64_t code, const std::string&) override { close_code = code; }
  bool closed() const override { return close_code.has_value(); }
  net::ConnectionStats stats() const override { return {}; }

 private:
  static Error not_here() { return Error(Errc::unsupported, "a fake"); }
  NodeId peer_{};
};

/// Somebody who takes connections over: what was told, a line each.
class Taker final : public net::ConnectionEvents {
 public:
  ~Taker() override {
    if (connection) connection->set_events(nullptr);
  }
  void take(net::ConnectionPtr taken, const std::function<void(net::ConnectionEvents&)>& early) {
    ++connections;
    if (connection) connection->set_events(nullptr);
    connection = std::move(taken);
    connection->set_events(this);
    early(*this);
  }
  void on_stream_data(net::StreamId id, ByteView bytes, bool fin) override {
    told.push_back(std::to_string(id) + ":" + std::to_string(bytes.size()) + (fin ? ":fin" : ""));
    all[id].insert(all[id].end(), bytes.begin(), bytes.end());
  }
  void on_stream_reset(net::StreamId id, std::uint64_t code) override {
    told.push_back(std::to_string(id) + ":reset " + std::to_string(code));
  }
  void on_writable() override { told.emplace_back("writable"); }
  void on_closed(const net::CloseInfo&) override { told.emplace_back("closed"); }

  net::ConnectionPtr connection;
  int connections = 0;
  std::vector<std::string> told;
  std::map<net::StreamId, Bytes> all;
};

}  // namespace dcdn::node::testing
