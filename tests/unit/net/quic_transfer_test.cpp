// Bytes under way: flow control, streams given up, bad networks.
#include "unit/net/quic_fixture.hpp"
#include "unit/net/udp_proxy.hpp"

namespace dcdn::net::testing {
namespace {

class QuicTransferTest : public QuicTest {
 protected:
  std::optional<UdpProxy> proxy;

  void TearDown() override {
    if (proxy) proxy->close();
    QuicTest::TearDown();
  }
  void join_through_proxy(std::uint32_t seed) {
    start_listener(only(client.id));
    proxy.emplace(io, port_of(listener->local_address()), seed);
    start_connect(proxy->address(), only(server.id), at_client);
    ASSERT_TRUE(run_until([&] { return (at_client.connection && at_server.connection) || connect_error; }));
    ASSERT_FALSE(connect_error.has_value()) << connect_error->message;
  }
  static std::uint16_t port_of(const std::string& address) {
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  StreamId send_up(const Bytes& bytes) {
    const auto id = at_client.connection->open_unidirectional();
    EXPECT_TRUE(id.has_value());
    at_client.connection->send(*id, Buffer::copy_of(bytes), true);
    return *id;
  }
};

TEST_F(QuicTransferTest, TellsWhenAllOfAStreamIsAtThePeer) {
  join();
  at_server.consumes = false;
  const StreamId whole = send_up(pattern(100'000, 1));
  const auto open = at_client.connection->open_unidirectional();
  at_client.connection->send(*open, Buffer::copy_of(pattern(1000, 2)), false);
  const StreamId given_up = send_up(pattern(2000, 3));
  at_client.connection->reset_stream(given_up, 7);
  ASSERT_TRUE(run_until([&] { return !at_client.acknowledged.empty(); }));
  run_for(100ms);
  EXPECT_EQ(at_client.acknowledged, std::vector<StreamId>{whole}) << "without its end, or given up: never";
  EXPECT_TRUE(at_server.acknowledged.empty());
  EXPECT_EQ(at_client.connection->stats().stream_bytes_acknowledged, 101'000u);
}

TEST_F(QuicTransferTest, AReceiverThatDoesNotConsumeStopsTheSender) {
  options.receive_window = 512 << 10;
  join();
  at_server.consumes = false;
  const Bytes text = pattern(3 << 20, 5);
  const StreamId id = send_up(text);
  ASSERT_TRUE(run_until([&] { return at_server.held == options.receive_window; }));
  run_for(100ms);
  EXPECT_EQ(at_server.held, options.receive_window) << "more than the window was delivered";
  EXPECT_EQ(at_client.connection->queued_bytes(), text.size() - options.receive_window);
  EXPECT_EQ(at_client.writable_calls, 1) << "only the streams of the handshake";

  at_server.consumes = true;
  at_server.connection->consume(id, at_server.held);
  ASSERT_TRUE(run_until([&] { return at_server.finished[id]; }));
  EXPECT_EQ(at_server.received[id], text);
  EXPECT_GE(at_client.writable_calls, 2) << "nobody said that there is room again";
}

TEST_F(QuicTransferTest, AFullWindowOfOneStreamIsSharedByAll) {
  options.receive_window = 512 << 10;
  join();
  at_server.consumes = false;
  const StreamId first = send_up(pattern(1 << 20, 1));
  const StreamId second = send_up(pattern(1000, 2));
  ASSERT_TRUE(run_until([&] { return at_server.held == options.receive_window; }));
  at_server.consumes = true;
  at_server.connection->consume(first, at_server.held);
  ASSERT_TRUE(run_until([&] { return at_server.finished[first] && at_server.finished[second]; }));
  EXPECT_EQ(at_server.received[second], pattern(1000, 2));
}

TEST_F(QuicTransferTest, TheOldestUnidirectionalStreamIsFinishedFirst) {
  join();
  std::vector<StreamId> order;
  at_server.on_data = [&](StreamId id, ByteView, bool fin) {
    if (fin) order.push_back(id);
  };
  std::vector<StreamId> opened;
  for (std::uint32_t i = 0; i < 5; ++i) opened.push_back(send_up(pattern(200000, i)));
  const auto control = at_client.connection->open_bidirectional();
  at_client.connection->send(*control, Buffer::copy_of(as_bytes("urgent")), true);
  ASSERT_TRUE(run_until([&] { return order.size() == 6; }));
  EXPECT_EQ(order.front(), *control) << "a control stream waited behind bulk";
  EXPECT_TRUE(std::is_sorted(order.begin() + 1, order.end()));
}

TEST_F(QuicTransferTest, ResettingTellsThePeerAndFreesTheQueue) {
  join();
  const auto id = at_client.connection->open_unidirectional();
  at_client.connection->send(*id, Buffer::copy_of(pattern(100000, 1)), false);
  ASSERT_TRUE(run_until([&] { return at_server.total == 100000; }));
  at_client.connection->send(*id, Buffer::copy_of(pattern(5 << 20, 1)), false);
  at_client.connection->reset_stream(*id, 77);
  EXPECT_EQ(at_client.connection->queued_bytes(), 0u);
  ASSERT_TRUE(run_until([&] { return at_server.resets.contains(*id); }));
  EXPECT_EQ(at_server.resets[*id], 77u);
}

TEST_F(QuicTransferTest, TheReceiverCanRefuseAStream) {
  options.max_streams = 100;
  join();
  at_server.on_data = [&](StreamId id, ByteView, bool) { at_server.connection->reset_stream(id, 5); };
  std::size_t opened = 0;
  const auto feed = [&] {
    while (opened < 250) {
      const auto id = at_client.connection->open_unidirectional();
      if (!id) return;
      ++opened;
      at_client.connection->send(*id, Buffer::copy_of(pattern(50000, 1)), true);
    }
  };
  at_client.on_room = feed;
  feed();
  ASSERT_TRUE(run_until([&] { return opened == 250; }))
      << "credit for refused streams was lost at " << opened;
  ASSERT_TRUE(run_until([&] { return at_client.connection->queued_bytes() == 0; }));
  const StreamId large = send_up(pattern(16 << 20, 1));
  ASSERT_TRUE(run_until([&] { return at_client.resets.contains(large); }));
  EXPECT_EQ(at_client.resets[large], 5u);
  EXPECT_EQ(at_client.connection->queued_bytes(), 0u);
  EXPECT_FALSE(at_client.closed.has_value());
}

TEST_F(QuicTransferTest, CallsFromInsideEventsAreSafe) {
  join();
  int rounds = 0;
  at_server.on_data = [&](StreamId, ByteView, bool fin) {
    if (!fin || ++rounds > 50) return;
    const auto back = at_server.connection->open_unidirectional();
    if (back) at_server.connection->send(*back, Buffer::copy_of(pattern(3000, 1)), true);
    if (back && rounds % 3 == 0) at_server.connection->reset_stream(*back, 1);
  };
  at_client.on_data = [&](StreamId, ByteView, bool fin) {
    if (fin && !at_client.connection->closed()) send_up(pattern(2000, 2));
    if (rounds > 40) at_client.connection->close(3, "inside an event");
  };
  for (int i = 0; i < 4; ++i) send_up(pattern(100, 1));
  std::function<void()> more = [&] {
    if (!at_client.connection->closed()) send_up(pattern(10, 1));
  };
  at_client.on_room = more;
  ASSERT_TRUE(run_until([&] { return at_client.closed && at_server.closed; }));
  EXPECT_EQ(at_server.closed->reason, "inside an event");
}

TEST_F(QuicTransferTest, LossAndReorderingDamageNothing) {
  join_through_proxy(20240611);
  proxy->loss = 0.10;
  proxy->reordered = 0.05;
  const Bytes up = pattern(700000, 7);
  const Bytes down = pattern(500000, 8);
  at_server.on_data = [&](StreamId id, ByteView, bool fin) {
    if (fin && !is_unidirectional(id)) at_server.connection->send(id, Buffer::copy_of(down), true);
  };
  const auto talk = at_client.connection->open_bidirectional();
  at_client.connection->send(*talk, Buffer::copy_of(as_bytes("give me that")), true);
  std::vector<StreamId> ups;
  for (int i = 0; i < 4; ++i) ups.push_back(send_up(up));
  ASSERT_TRUE(run_until(
      [&] {
        return at_client.finished[*talk] &&
               std::all_of(ups.begin(), ups.end(), [&](StreamId id) { return at_server.finished[id]; });
      },
      20000ms));
  EXPECT_EQ(at_client.received[*talk], down);
  for (const StreamId id : ups) EXPECT_EQ(at_server.received[id], up);
  EXPECT_GT(proxy->lost, 50u) << "the proxy lost nothing: this proves nothing";
  EXPECT_GT(at_client.connection->stats().packets_lost, 0u);
}

TEST_F(QuicTransferTest, DamagedAndCutDatagramsAreAsGoodAsNone) {
  start_listener(only(client.id));
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    UdpProxy vandal(io, port_of(listener->local_address()), seed);
    vandal.damaged = 0.7;
    Recorder one;
    start_connect(vandal.address(), only(server.id), one);
    ASSERT_TRUE(run_until([&] { return one.connection || connect_error; })) << "seed " << seed;
    ASSERT_FALSE(connect_error.has_value()) << connect_error->message << ", seed " << seed;
    ASSERT_TRUE(run_until([&] { return at_server.connection != nullptr; })) << "seed " << seed;
    const Bytes text = pattern(200000, seed);
    const auto id = one.connection->open_unidirectional();
    one.connection->send(*id, Buffer::copy_of(text), true);
    ASSERT_TRUE(run_until([&] { return at_server.finished[*id] || at_server.closed; })) << "seed " << seed;
    EXPECT_EQ(at_server.received[*id], text) << "seed " << seed;
    EXPECT_FALSE(at_server.closed.has_value()) << "seed " << seed;
    at_server.connection->set_events(nullptr);
    at_server.connection.reset();
    at_server.received.clear();
    at_server.finished.clear();
    ASSERT_TRUE(run_until([&] { return one.closed.has_value(); })) << "seed " << seed;
    accept_next(at_server);
    vandal.close();
    run_for(5ms);
  }
}

TEST_F(QuicTransferTest, APeerWhoseAddressChangesIsFollowed) {
  join_through_proxy(1);
  const Bytes text = pattern(4 << 20, 9);
  const StreamId id = send_up(text);
  const std::string before = at_server.connection->peer_address();
  ASSERT_TRUE(run_until([&] { return at_server.total > 100000; }));
  proxy->rebind();
  ASSERT_TRUE(run_until([&] { return at_server.finished[id]; }, 10000ms));
  EXPECT_EQ(at_server.received[id], text);
  EXPECT_NE(at_server.connection->peer_address(), before);
  EXPECT_FALSE(at_client.closed.has_value());
}

TEST_F(QuicTransferTest, WithoutOffloadItWorksTheSame) {
  options.gso = false;
  options.congestion = Congestion::cubic;
  options.ack_threshold = 10;
  options.max_udp_payload = 1350;
  join();
  const Bytes text = pattern(2000000, 3);
  const StreamId id = send_up(text);
  ASSERT_TRUE(run_until([&] { return at_server.finished[id]; }));
  EXPECT_EQ(at_server.received[id], text);
}

TEST_F(QuicTransferTest, DatagramsAsLargeAsLoopbackTakes) {
  options.max_udp_payload = 65527;
  options.congestion = Congestion::reno;
  join();
  const Bytes text = pattern(3000000, 4);
  const StreamId id = send_up(text);
  ASSERT_TRUE(run_until([&] { return at_server.finished[id]; }));
  EXPECT_EQ(at_server.received[id], text);
  EXPECT_LT(at_client.connection->stats().packets_sent, 200u) << "small datagrams were used";
}

// What is written while a size is being tried may be the end of the handshake, which nobody may lose.
TEST_F(QuicTransferTest, TheEndOfAHandshakeIsSentMoreThanOnce) {
  start_listener(only(client.id));
  proxy.emplace(io, port_of(listener->local_address()), 1);
  PeerPolicy policy = only(server.id);
  policy.before_accepted = true;
  start_connect(proxy->address(), std::move(policy), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection && at_server.connection; }));
  run_for(50ms);
  EXPECT_GE(proxy->handshake_forward, 2u);
}

TEST_F(QuicTransferTest, PathMtuIsFound) {
  join();
  send_up(pattern(8 << 20, 4));
  ASSERT_TRUE(run_until([&] { return at_server.total == 8u << 20; }));
  const ConnectionStats stats = at_client.connection->stats();
  EXPECT_GT(stats.bytes_sent / stats.packets_sent, 1350u) << "payloads stayed near 1200";
  EXPECT_GT(stats.smoothed_rtt.count(), 0);
  EXPECT_GT(stats.congestion_window, 0u);
  EXPECT_GT(at_server.connection->stats().bytes_received, 8u << 20);
}

}  // namespace
}  // namespace dcdn::net::testing
