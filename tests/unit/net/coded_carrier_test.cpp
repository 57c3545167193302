// The coded carrier over real sockets: through a network that loses, with packets that are repeated, forged
// or strange.
#include "net/coded_carrier.hpp"

#include <algorithm>
#include <asio/ip/udp.hpp>
#include <random>

#include "quic_fixture.hpp"
#include "udp_proxy.hpp"

namespace dcdn::net::testing {
namespace {

class CodedTest : public QuicTest {
 protected:
  std::unique_ptr<UdpProxy> proxy;

  void join_coded(double loss) {
    start_listener(only(client.id));
    const std::string there = listener->local_address();
    const auto port = static_cast<std::uint16_t>(std::stoi(there.substr(there.rfind(':') + 1)));
    proxy = std::make_unique<UdpProxy>(io, port, 7);
    proxy->loss = loss;
    start_connect(proxy->address(), only(server.id), at_client);
    ASSERT_TRUE(
        run_until([&] { return (at_client.connection && at_server.connection) || connect_error; }, 20000ms));
    ASSERT_FALSE(connect_error.has_value()) << connect_error->message;
    ASSERT_TRUE(at_client.connection->start_coded(0));
    ASSERT_TRUE(at_server.connection->start_coded(0));
  }
  void TearDown() override {
    if (proxy) proxy->close();
    QuicTest::TearDown();
  }
  static bool all_ended(const Recorder& recorder, std::size_t streams) {
    std::size_t ended = 0;
    for (const auto& [id, fin] : recorder.finished) ended += fin ? 1 : 0;
    return ended == streams;
  }
};

TEST_F(CodedTest, streams_arrive_whole_through_loss_and_reordering) {
  join_coded(0.25);
  proxy->reordered = 0.05;
  std::map<StreamId, Bytes> sent;
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto id = at_client.connection->open_bulk(i % 5 == 0);
    ASSERT_TRUE(id);
    EXPECT_TRUE(is_coded(*id));
    EXPECT_TRUE(is_unidirectional(*id));
    sent[*id] = pattern(i * 9973, i);
    at_client.connection->send(*id, Buffer::copy_of(sent[*id]), true);
  }
  ASSERT_TRUE(run_until([&] { return all_ended(at_server, 20); }, 30000ms));
  for (const auto& [id, bytes] : sent) EXPECT_EQ(at_server.received[id], bytes);
  ASSERT_TRUE(run_until([&] { return at_client.acknowledged.size() == 20; }, 10000ms));
  for (const auto& [id, bytes] : sent)
    EXPECT_EQ(std::count(at_client.acknowledged.begin(), at_client.acknowledged.end(), id), 1);
  EXPECT_EQ(at_client.connection->queued_bytes(), 0u);
  const ConnectionStats stats = at_server.connection->stats();
  EXPECT_GT(stats.repaired_symbols, 100u);
  EXPECT_GT(at_client.connection->stats().repair_packets_sent, 100u);
}

TEST_F(CodedTest, damaged_packets_are_ignored) {
  join_coded(0);
  proxy->damaged = 0.3;
  const auto id = at_client.connection->open_bulk(false);
  const Bytes bytes = pattern(300000, 1);
  at_client.connection->send(*id, Buffer::copy_of(bytes), true);
  ASSERT_TRUE(run_until([&] { return all_ended(at_server, 1); }, 20000ms));
  EXPECT_EQ(at_server.received[*id], bytes);
}

TEST_F(CodedTest, the_server_may_send_as_well) {
  join_coded(0.1);
  const auto id = at_server.connection->open_bulk(false);
  const Bytes bytes = pattern(200000, 2);
  at_server.connection->send(*id, Buffer::copy_of(bytes), true);
  ASSERT_TRUE(run_until([&] { return all_ended(at_client, 1); }, 20000ms));
  EXPECT_EQ(at_client.received[*id], bytes);
}

TEST_F(CodedTest, a_client_whose_address_changes_goes_on) {
  options.keep_alive = 60s;  // what is not answered asks long before that
  options.idle_timeout = 120s;
  join_coded(0.05);
  const auto id = at_client.connection->open_bulk(false);
  const Bytes bytes = pattern(3'000'000, 3);
  at_client.connection->send(*id, Buffer::copy_of(bytes), true);
  ASSERT_TRUE(run_until([&] { return at_server.total > 300'000; }, 20000ms));
  proxy->rebind();
  ASSERT_TRUE(run_until([&] { return all_ended(at_server, 1); }, 40000ms));
  EXPECT_EQ(at_server.received[*id], bytes);
}

TEST_F(CodedTest, a_receiver_that_holds_bounds_the_sender) {
  options.receive_window = 512 << 10;
  join_coded(0);
  at_server.consumes = false;
  const auto id = at_client.connection->open_bulk(false);
  at_client.connection->send(*id, Buffer::copy_of(pattern(4'000'000, 4)), true);
  EXPECT_TRUE(run_until([&] { return at_server.total > 300'000; }, 20000ms));
  run_for(300ms);
  EXPECT_LE(at_server.total, 700'000u);
  EXPECT_GT(at_client.connection->queued_bytes(), 3'000'000u);
  at_server.consumes = true;
  at_server.connection->consume(*id, std::exchange(at_server.held, 0));
  EXPECT_TRUE(run_until([&] { return all_ended(at_server, 1); }, 20000ms));
}

TEST_F(CodedTest, without_it_bulk_goes_over_quic) {
  join();
  const auto id = at_client.connection->open_bulk(true);
  ASSERT_TRUE(id);
  EXPECT_FALSE(is_coded(*id));
  at_client.connection->send(*id, Buffer::copy_of(pattern(1000, 5)), true);
  EXPECT_TRUE(run_until([&] { return all_ended(at_server, 1); }));
}

// Both ends by hand: what a listener does with packets is the same code.
class SealedPair : public ::testing::Test {
 protected:
  std::map<StreamId, Bytes> received;
  std::vector<Bytes> wire;
  std::vector<StreamId> arrived;
  std::uint64_t most_packets = CodedCarrier::kMostPackets;

  std::unique_ptr<CodedCarrier> make(Side side, std::uint8_t key) {
    CodedCarrier::Options options;
    options.side = side;
    options.secrets.sending.key.fill(key);
    options.secrets.receiving.key.fill(key);
    options.secrets.sending.token = options.secrets.receiving.token = 77;
    options.receive_window = 1 << 20;
    options.most_packets = most_packets;
    CodedCarrier::Hooks hooks;
    hooks.deliver = [this](StreamId id, ByteView bytes, bool) {
      received[id].insert(received[id].end(), bytes.begin(), bytes.end());
    };
    hooks.arrived = [this](StreamId id) { arrived.push_back(id); };
    hooks.send = [this](ByteView bytes, std::size_t segment) {
      for (std::size_t at = 0; at < bytes.size(); at += segment) {
        const ByteView one = bytes.subspan(at, std::min(segment, bytes.size() - at));
        wire.emplace_back(one.begin(), one.end());
      }
      return true;
    };
    auto made = CodedCarrier::make(options, std::move(hooks));
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  std::vector<Bytes> send(CodedCarrier& carrier, std::size_t bytes) {
    const StreamId id = carrier.open(false);
    carrier.push(id, Buffer::copy_of(pattern(bytes, 1)), true);
    for (double now = 1; now < 1.2; now += 0.001) carrier.turn(now, 1200, 28);
    return std::exchange(wire, {});
  }
};

TEST_F(SealedPair, each_packet_counts_once) {
  const auto sending = make(Side::client, 1);
  const auto receiving = make(Side::server, 1);
  const auto packets = send(*sending, 5000);
  ASSERT_GT(packets.size(), 5u) << "5 source symbols, and some more as nothing is heard of them";
  for (const Bytes& packet : packets) {
    EXPECT_LE(packet.size(), 1200u);
    EXPECT_LT(packet[0], 0x40);
    EXPECT_TRUE(*receiving->receive(packet, 2));
    EXPECT_FALSE(*receiving->receive(packet, 2));
  }
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received.begin()->second, pattern(5000, 1));
  ConnectionStats stats;
  receiving->count(stats);
  EXPECT_EQ(stats.wasted_packets, packets.size() - 5) << "a replay is not even decrypted";
}

TEST_F(SealedPair, arrival_is_told_once_the_receiver_says_so) {
  const auto sending = make(Side::client, 1);
  const auto receiving = make(Side::server, 1);
  for (const Bytes& packet : send(*sending, 5000)) ASSERT_TRUE(receiving->receive(packet, 2));
  EXPECT_TRUE(arrived.empty());
  receiving->turn(3, 1200, 28);
  const auto feedback = std::exchange(wire, {});
  ASSERT_FALSE(feedback.empty());
  for (const Bytes& packet : feedback) ASSERT_TRUE(sending->receive(packet, 3));
  EXPECT_EQ(arrived, (std::vector<StreamId>{received.begin()->first}));
  ConnectionStats stats;
  sending->count(stats);
  EXPECT_EQ(stats.bytes_in_flight, 0u);
  EXPECT_GT(stats.content_rate, 0);
}

TEST_F(SealedPair, no_changed_byte_and_no_other_key_is_taken) {
  const auto sending = make(Side::client, 1);
  const auto receiving = make(Side::server, 1);
  const auto other = make(Side::server, 2);
  const auto packets = send(*sending, 500);
  EXPECT_FALSE(*other->receive(packets[0], 2));
  for (std::size_t i = 0; i < packets[0].size(); ++i) {
    Bytes changed = packets[0];
    changed[i] ^= 1;
    EXPECT_FALSE(*receiving->receive(changed, 2));
    EXPECT_FALSE(*receiving->receive(ByteView(packets[0]).first(i), 2));
  }
  EXPECT_TRUE(received.empty());
  EXPECT_TRUE(receiving->receive(packets[0], 2));
  EXPECT_EQ(received.size(), 1u);
}

TEST_F(SealedPair, keys_are_not_used_for_ever) {
  most_packets = 6;
  const auto sending = make(Side::client, 1);
  const auto receiving = make(Side::server, 1);
  EXPECT_FALSE(sending->is_worn_out());
  const auto packets = send(*sending, 8000);
  ASSERT_GT(packets.size(), 6u);
  EXPECT_TRUE(sending->is_worn_out());
  for (std::size_t i = 0; i < 5; ++i) ASSERT_TRUE(receiving->receive(packets[i], 2));
  EXPECT_FALSE(receiving->is_worn_out());
  ASSERT_TRUE(receiving->receive(packets[5], 2));
  EXPECT_TRUE(receiving->is_worn_out()) << "what it opens counts as well";
}

TEST_F(SealedPair, an_authentic_packet_that_breaks_the_rules_is_an_error) {
  CodedSecrets secrets;
  secrets.sending.key.fill(1);
  secrets.sending.token = 77;
  const auto seal = PacketSeal::make(secrets.sending);
  ASSERT_TRUE(seal);
  const auto receiving = make(Side::server, 1);
  Bytes body;
  append(body, coded::DataHeader{1, 4'000'000, 0, 64, 2});
  body.resize(body.size() + 1000);
  Bytes packet(1200);
  packet.resize(seal->seal(coded::PacketType::data, 0, body, packet));
  const auto taken = receiving->receive(packet, 2);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::corrupt);
}

}  // namespace
}  // namespace dcdn::net::testing
