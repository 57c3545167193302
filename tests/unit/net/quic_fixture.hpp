// quic_fixture.hpp - two nodes with fresh keys in one io_context, and an event sink that records.
#pragma once
#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "net/connect.hpp"
#include "net/listener.hpp"

namespace dcdn::net::testing {

using namespace std::chrono_literals;

inline Bytes make_key_pem(gnutls_pk_algorithm_t algorithm = GNUTLS_PK_EDDSA_ED25519, unsigned bits = 256) {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_privkey_init(&key);
  EXPECT_EQ(gnutls_x509_privkey_generate(key, algorithm, bits, 0), 0);
  gnutls_datum_t pem{};
  EXPECT_EQ(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN, &pem), 0);
  Bytes bytes(pem.data, pem.data + pem.size);
  gnutls_free(pem.data);
  gnutls_x509_privkey_deinit(key);
  return bytes;
}

inline NodeId id_of(const Bytes& pem) {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_privkey_init(&key);
  const gnutls_datum_t data{const_cast<unsigned char*>(pem.data()), static_cast<unsigned>(pem.size())};
  gnutls_x509_privkey_import2(key, &data, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN);
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
  gnutls_datum_t x{};
  gnutls_datum_t y{};
  gnutls_datum_t k{};
  EXPECT_EQ(gnutls_x509_privkey_export_ecc_raw(key, &curve, &x, &y, &k), 0);
  const NodeId id = NodeId::copy_of(ByteView(x.data, 32));
  gnutls_free(x.data);
  gnutls_free(y.data);
  gnutls_free(k.data);
  gnutls_x509_privkey_deinit(key);
  return id;
}

struct Node {
  Identity identity{make_key_pem(), {}};
  NodeId id = id_of(identity.key_pem);
};

/// A policy that takes exactly one key.
inline PeerPolicy only(const NodeId& wanted, std::string complaint = "not the key I was told of") {
  PeerPolicy policy;
  policy.check = [wanted, complaint](const NodeId& id) -> Result<void> {
    if (id == wanted) return {};
    return Error(Errc::untrusted, complaint);
  };
  return policy;
}

inline PeerPolicy anyone() {
  PeerPolicy policy;
  policy.check = [](const NodeId&) { return Result<void>(); };
  return policy;
}

/// Records everything; gives credit back at once unless told to hold it.
class Recorder : public ConnectionEvents {
 public:
  ConnectionPtr connection;
  std::map<StreamId, Bytes> received;
  std::map<StreamId, bool> finished;
  std::map<StreamId, std::uint64_t> resets;
  std::vector<StreamId> acknowledged;
  std::optional<CloseInfo> closed;
  std::size_t held = 0;
  int writable_calls = 0;
  bool consumes = true;
  bool keeps_bytes = true;
  std::uint64_t total = 0;
  std::function<void(StreamId, ByteView, bool)> on_data;
  std::function<void()> on_room;

  void follow(ConnectionPtr made) {
    connection = std::move(made);
    connection->set_events(this);
  }
  ~Recorder() override {
    if (connection) connection->set_events(nullptr);
  }
  void on_stream_data(StreamId id, ByteView bytes, bool fin) override {
    EXPECT_FALSE(finished[id]) << "data after the end";
    if (keeps_bytes) received[id].insert(received[id].end(), bytes.begin(), bytes.end());
    total += bytes.size();
    finished[id] = fin;
    if (consumes) {
      connection->consume(id, bytes.size());
    } else {
      held += bytes.size();
    }
    if (on_data) on_data(id, bytes, fin);
  }
  void on_stream_reset(StreamId id, std::uint64_t code) override { resets[id] = code; }
  void on_stream_acknowledged(StreamId id) override { acknowledged.push_back(id); }
  void on_writable() override {
    ++writable_calls;
    if (on_room) on_room();
  }
  void on_closed(const CloseInfo& info) override { closed = info; }
};

inline Bytes pattern(std::size_t size, std::uint32_t seed) {
  Bytes bytes(size);
  std::uint32_t state = seed * 2654435761u + 1;
  for (auto& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

class QuicTest : public ::testing::Test {
 protected:
  asio::io_context io;
  Node server;
  Node client;
  QuicOptions options;
  std::string interface;  // that connections are made by
  std::shared_ptr<Listener> listener;
  Recorder at_server;
  Recorder at_client;
  std::optional<Error> accept_error;
  std::optional<Error> connect_error;

  void TearDown() override {
    at_server.connection.reset();
    at_client.connection.reset();
    listener.reset();
    run_for(20ms);
  }

  /// Turns the loop until `done`, or fails after `limit`.
  ::testing::AssertionResult run_until(const std::function<bool()>& done,
                                       std::chrono::milliseconds limit = 5000ms) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (!done()) {
      if (std::chrono::steady_clock::now() >= deadline) return ::testing::AssertionFailure() << "timed out";
      io.run_one_until(deadline);
      if (io.stopped()) io.restart();
    }
    return ::testing::AssertionSuccess();
  }
  void run_for(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }

  void start_listener(PeerPolicy policy, const std::string& address = "127.0.0.1:0") {
    auto made = listen(io.get_executor(), address, options, server.identity, std::move(policy));
    ASSERT_TRUE(made.has_value()) << made.error().message;
    listener = *made;
    accept_next(at_server);
  }
  void accept_next(Recorder& into) {
    spawn(io.get_executor(), listener->accept(), [this, &into](Result<ConnectionPtr> result) {
      if (result) {
        into.follow(std::move(*result));
      } else {
        accept_error = result.error();
      }
    });
  }
  void start_connect(const std::string& address, PeerPolicy policy, Recorder& into) {
    start_connect(address, std::move(policy), into, client.identity);
  }
  void start_connect(const std::string& address, PeerPolicy policy, Recorder& into,
                     const Identity& identity) {
    auto task = connect(io.get_executor(), address, options, identity, std::move(policy), interface);
    spawn(io.get_executor(), std::move(task), [this, &into](Result<ConnectionPtr> result) {
      if (result) {
        into.follow(std::move(*result));
      } else {
        connect_error = result.error();
      }
    });
  }
  /// Both ends, each knowing the other's key.
  void join() {
    start_listener(only(client.id));
    start_connect(listener->local_address(), only(server.id), at_client);
    ASSERT_TRUE(run_until([&] { return (at_client.connection && at_server.connection) || connect_error; }));
    ASSERT_FALSE(connect_error.has_value()) << connect_error->message;
  }
};

}  // namespace dcdn::net::testing
