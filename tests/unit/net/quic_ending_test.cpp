// How connections end, and what both sides are told.
#include "unit/net/quic_fixture.hpp"
#include "unit/net/udp_proxy.hpp"

namespace dcdn::net::testing {
namespace {

class QuicEndingTest : public QuicTest {
 protected:
  void replace_server();
};

TEST_F(QuicEndingTest, TheReasonReachesThePeer) {
  join();
  at_client.connection->close(42, "all delivered");
  EXPECT_TRUE(at_client.connection->closed());
  EXPECT_FALSE(at_client.closed.has_value()) << "told from inside close()";
  ASSERT_TRUE(run_until([&] { return at_client.closed && at_server.closed; }));
  EXPECT_TRUE(at_client.closed->clean);
  EXPECT_FALSE(at_client.closed->by_peer);
  EXPECT_EQ(at_client.closed->code, 42u);
  EXPECT_TRUE(at_server.closed->clean);
  EXPECT_TRUE(at_server.closed->by_peer);
  EXPECT_EQ(at_server.closed->code, 42u);
  EXPECT_EQ(at_server.closed->reason, "all delivered");
  EXPECT_TRUE(at_server.connection->closed());
}

TEST_F(QuicEndingTest, AServerCanCloseWithAnErrorOfOurs) {
  join();
  at_server.connection->close(close_code_of(Errc::untrusted), "key revoked");
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }));
  EXPECT_EQ(at_client.closed->error.code, Errc::untrusted);
  EXPECT_EQ(at_client.closed->error.message, "key revoked");
}

TEST_F(QuicEndingTest, ALongReasonIsCutAndARawOneIsKept) {
  join();
  at_server.connection->close(1, std::string("\x01\xff\n", 3) + std::string(5000, 'x'));
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }));
  EXPECT_EQ(at_client.closed->reason.size(), 512u);
  EXPECT_EQ(at_client.closed->reason.substr(0, 3), "\x01\xff\n");
  EXPECT_EQ(at_client.closed->error.message.find('\n'), std::string::npos);
}

TEST_F(QuicEndingTest, AClosedConnectionTakesCallsWithoutHarm) {
  join();
  at_client.connection->close(1, "");
  at_client.connection->close(2, "second");
  ASSERT_TRUE(run_until([&] { return at_client.closed && at_server.closed; }));
  EXPECT_EQ(at_client.closed->code, 1u);
  EXPECT_EQ(at_client.connection->open_unidirectional().error().code, Errc::temporary);
  at_client.connection->send(2, Buffer::copy_of(as_bytes("x")), true);
  at_client.connection->consume(2, 100);
  at_client.connection->reset_stream(2, 1);
  at_client.connection->close(3, "third");
  EXPECT_EQ(at_client.connection->queued_bytes(), 0u);
  EXPECT_GT(at_client.connection->stats().bytes_sent, 0u);
  EXPECT_EQ(at_client.connection->peer(), server.id);
}

TEST_F(QuicEndingTest, LettingGoClosesForThePeer) {
  join();
  at_client.connection->set_events(nullptr);
  at_client.connection.reset();
  ASSERT_TRUE(run_until([&] { return at_server.closed.has_value(); }));
  EXPECT_TRUE(at_server.closed->clean);
  EXPECT_FALSE(at_client.closed.has_value());
}

TEST_F(QuicEndingTest, SilenceEndsAConnection) {
  options.idle_timeout = 300ms;
  options.keep_alive = 0ms;
  join();
  ASSERT_TRUE(run_until([&] { return at_client.closed && at_server.closed; }, 2000ms));
  EXPECT_FALSE(at_client.closed->clean);
  EXPECT_EQ(at_client.closed->error.code, Errc::temporary);
  EXPECT_EQ(at_server.closed->error.code, Errc::temporary);
}

TEST_F(QuicEndingTest, KeepAliveHoldsItOpen) {
  options.idle_timeout = 300ms;
  options.keep_alive = 100ms;
  join();
  run_for(900ms);
  EXPECT_FALSE(at_client.closed.has_value());
  EXPECT_FALSE(at_server.closed.has_value());
}

// The old server vanishes without a word; a new process with the same key takes its port.
void QuicEndingTest::replace_server() {
  auto old_io = std::make_optional<asio::io_context>();
  Recorder at_old;
  auto old = listen(old_io->get_executor(), "127.0.0.1:0", options, server.identity, only(client.id));
  ASSERT_TRUE(old.has_value());
  const std::string address = (*old)->local_address();
  spawn(old_io->get_executor(), (*old)->accept(), [&](Result<ConnectionPtr> made) { at_old.follow(*made); });
  start_connect(address, only(server.id), at_client);
  ASSERT_TRUE(run_until([&] {
    old_io->restart();
    old_io->poll();
    io.poll();
    return at_client.connection && at_old.connection;
  }));
  at_old.connection->set_events(nullptr);
  at_old.connection.reset();
  old->reset();
  old_io.reset();
  auto fresh = listen(io.get_executor(), address, options, server.identity, only(client.id));
  ASSERT_TRUE(fresh.has_value()) << fresh.error().message;
  listener = *fresh;
}

TEST_F(QuicEndingTest, ARestartedPeerSaysThatItForgot) {
  replace_server();
  const auto id = at_client.connection->open_unidirectional();
  at_client.connection->send(*id, Buffer::copy_of(pattern(5000, 1)), true);
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }));
  EXPECT_FALSE(at_client.closed->clean);
  EXPECT_EQ(at_client.closed->error.code, Errc::temporary);
  EXPECT_NE(at_client.closed->error.message.find("restarted"), std::string::npos)
      << at_client.closed->error.message;
}

// Whoever waits for an answer sends nothing but keep-alives, which are short.
TEST_F(QuicEndingTest, ARestartedPeerSaysSoToKeepAlivesToo) {
  options.keep_alive = 50ms;
  options.idle_timeout = 20s;
  replace_server();
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }, 5000ms));
  EXPECT_NE(at_client.closed->error.message.find("restarted"), std::string::npos)
      << at_client.closed->error.message;
}

TEST_F(QuicEndingTest, AVanishedPeerIsNoticedWhileSending) {
  auto old_io = std::make_optional<asio::io_context>();
  Recorder at_old;
  auto old = listen(old_io->get_executor(), "127.0.0.1:0", options, server.identity, only(client.id));
  spawn(old_io->get_executor(), (*old)->accept(), [&](Result<ConnectionPtr> made) { at_old.follow(*made); });
  start_connect((*old)->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] {
    old_io->restart();
    old_io->poll();
    io.poll();
    return at_client.connection && at_old.connection;
  }));
  at_old.connection->set_events(nullptr);
  at_old.connection.reset();
  old->reset();
  old_io.reset();
  const auto id = at_client.connection->open_unidirectional();
  at_client.connection->send(*id, Buffer::copy_of(pattern(5000, 1)), true);
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }));
  EXPECT_EQ(at_client.closed->error.code, Errc::temporary);
}

TEST_F(QuicEndingTest, ThePeerIsToldAgainWhenTheCloseIsLost) {
  start_listener(only(client.id));
  const std::string address = listener->local_address();
  UdpProxy proxy(io, static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))), 3);
  start_connect(proxy.address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection && at_server.connection; }));
  proxy.silent_back = true;
  at_server.connection->close(9, "lost on the way");
  ASSERT_TRUE(run_until([&] { return at_server.closed.has_value(); }));
  run_for(10ms);
  EXPECT_FALSE(at_client.closed.has_value());
  proxy.silent_back = false;
  const auto id = at_client.connection->open_unidirectional();
  at_client.connection->send(*id, Buffer::copy_of(as_bytes("are you there")), true);
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }, 2000ms));
  EXPECT_EQ(at_client.closed->reason, "lost on the way");
  proxy.close();
}

}  // namespace
}  // namespace dcdn::net::testing
