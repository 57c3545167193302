// A listener among strangers: limits, floods, rubbish.
#include <asio/ip/udp.hpp>

#include "unit/net/quic_fixture.hpp"
#include "unit/net/udp_proxy.hpp"

namespace dcdn::net::testing {
namespace {

class QuicListenerTest : public QuicTest {
 protected:
  using Endpoint = asio::ip::udp::endpoint;

  [[nodiscard]] Endpoint listener_endpoint() const {
    const std::string address = listener->local_address();
    return {asio::ip::address_v4::loopback(),
            static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))};
  }
  /// Sends one datagram and gives what comes back within a moment.
  std::vector<Bytes> answers_to(const Bytes& datagram, std::chrono::milliseconds wait = 30ms) {
    asio::ip::udp::socket stranger(io, Endpoint(asio::ip::address_v4::loopback(), 0));
    stranger.non_blocking(true);
    stranger.send_to(asio::buffer(datagram), listener_endpoint());
    run_for(wait);
    std::vector<Bytes> answers;
    for (;;) {
      Bytes answer(2000);
      Endpoint from;
      std::error_code empty;
      answer.resize(stranger.receive_from(asio::buffer(answer), from, 0, empty));
      if (empty) return answers;
      answers.push_back(answer);
    }
  }
  static Bytes long_header(std::uint32_t version, std::size_t size) {
    Bytes datagram(size, 0);
    datagram[0] = 0xc3;
    for (std::size_t i = 0; i < 4; ++i) datagram[1 + i] = static_cast<std::uint8_t>(version >> (24 - 8 * i));
    datagram[5] = 8;   // destination id
    datagram[14] = 8;  // source id
    for (std::size_t i = 15; i < 23; ++i) datagram[i] = static_cast<std::uint8_t>(i);
    return datagram;
  }
};

TEST_F(QuicListenerTest, AUsedPortIsNamed) {
  start_listener(anyone());
  const auto second =
      listen(io.get_executor(), listener->local_address(), options, server.identity, anyone());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::locked);
  EXPECT_NE(second.error().message.find(listener->local_address()), std::string::npos);
  EXPECT_EQ(listen(io.get_executor(), "192.0.2.1:0", options, server.identity, anyone()).error().code,
            Errc::io);
}

TEST_F(QuicListenerTest, StopInterruptsAcceptAndKeepsConnections) {
  join();
  Recorder unused;
  accept_next(unused);
  accept_next(unused);
  run_for(5ms);
  listener->stop();
  ASSERT_TRUE(run_until([&] { return accept_error.has_value(); }));
  EXPECT_EQ(accept_error->code, Errc::interrupted);
  const auto id = at_client.connection->open_unidirectional();
  at_client.connection->send(*id, Buffer::copy_of(as_bytes("still here")), true);
  ASSERT_TRUE(run_until([&] { return at_server.finished[*id]; }));
  options.handshake_timeout = 200ms;
  start_connect(listener->local_address(), anyone(), unused);
  ASSERT_TRUE(run_until([&] { return connect_error.has_value(); }));
  EXPECT_EQ(connect_error->code, Errc::unreachable);
}

TEST_F(QuicListenerTest, TheLoopEndsWhenEverythingIsOver) {
  join();
  listener->stop();
  at_client.connection->close(0, "");
  io.restart();
  io.run_for(5000ms);
  EXPECT_TRUE(io.stopped()) << "something still waits";
}

TEST_F(QuicListenerTest, EveryInterfaceAnswersFromTheAddressThatWasAsked) {
  start_listener(only(client.id), ":0");
  const std::string port = listener->local_address().substr(listener->local_address().rfind(':'));
  start_connect("127.0.0.2" + port, only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  ASSERT_FALSE(connect_error.has_value()) << connect_error->message;
  EXPECT_EQ(at_client.connection->peer_address(), "127.0.0.2" + port);
}

TEST_F(QuicListenerTest, MoreConnectionsThanAllowedAreTurnedAway) {
  options.max_connections = 2;
  start_listener(anyone());
  Recorder clients[3];
  Recorder accepted[2];
  start_connect(listener->local_address(), anyone(), clients[0]);
  start_connect(listener->local_address(), anyone(), clients[1]);
  ASSERT_TRUE(run_until([&] { return clients[0].connection && clients[1].connection; }));
  start_connect(listener->local_address(), anyone(), clients[2]);
  ASSERT_TRUE(run_until([&] { return clients[2].connection || connect_error; }));
  ASSERT_TRUE(connect_error.has_value()) << "a third connection was let in";
  EXPECT_EQ(connect_error->code, Errc::temporary);
  // A place that is given back can be taken at once.
  connect_error.reset();
  clients[0].connection->close(0, "");
  accept_next(accepted[0]);
  accept_next(accepted[1]);
  ASSERT_TRUE(run_until([&] { return clients[0].closed.has_value(); }));
  run_for(50ms);
  start_connect(listener->local_address(), anyone(), clients[2]);
  ASSERT_TRUE(run_until([&] { return clients[2].connection || connect_error; }));
  EXPECT_FALSE(connect_error.has_value()) << connect_error->message;
}

TEST_F(QuicListenerTest, AFloodOfHalfOpenHandshakesDoesNotKeepOthersOut) {
  options.max_connections = 200;
  start_listener(anyone());
  UdpProxy black_hole(io, listener_endpoint().port(), 1);
  black_hole.silent_back = true;  // as from forged addresses: the answers go nowhere
  std::vector<std::unique_ptr<Recorder>> forged;
  for (int i = 0; i < 300; ++i) {
    forged.push_back(std::make_unique<Recorder>());
    start_connect(black_hole.address(), anyone(), *forged.back());
  }
  run_for(500ms);
  connect_error.reset();
  start_connect(listener->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  EXPECT_FALSE(connect_error.has_value()) << connect_error->message;
  black_hole.close();
}

// What the server sends is counted where it arrives, as a capture would: all it has, also its
// CONNECTION_CLOSE and what it repeats, over the ten seconds that it waits for an answer.
TEST_F(QuicListenerTest, AnUnprovenAddressGetsAtMostThreeTimesWhatItSent) {
  options.handshake_timeout = 2500ms;
  start_listener(anyone());
  std::vector<std::unique_ptr<UdpProxy>> forged;
  std::vector<std::unique_ptr<Recorder>> nobody;
  for (const std::uint64_t heard : {1u, 2u, 3u, 100u}) {
    forged.push_back(std::make_unique<UdpProxy>(io, listener_endpoint().port(), 1));
    forged.back()->silent_back = true;
    forged.back()->most_forward = heard;
    nobody.push_back(std::make_unique<Recorder>());
    start_connect(forged.back()->address(), anyone(), *nobody.back());
  }
  run_for(4000ms);
  for (const auto& one : forged) {
    EXPECT_LE(one->most_amplified, 3.0) << one->bytes_forward << " bytes reached it";
    EXPECT_GT(one->most_amplified, 1.0) << "what is allowed is used";
    one->close();
  }
}

TEST_F(QuicListenerTest, OneListenerDoesNotGiveAwayTheResetTokensOfAnother) {
  start_listener(anyone());
  const std::string address = listener->local_address();
  Bytes datagram = pattern(100, 1);
  datagram[0] = 0x41;
  const auto token_of = [&] {
    const auto answers = answers_to(datagram);
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? Bytes() : Bytes(answers[0].end() - 16, answers[0].end());
  };
  const Bytes here = token_of();
  EXPECT_EQ(token_of(), here);
  std::shared_ptr<Listener> before = std::exchange(listener, nullptr);
  start_listener(anyone());
  EXPECT_NE(token_of(), here);
  before.reset();
  listener.reset();
  run_for(20ms);
  // After a restart peers still learn that the old process is gone.
  start_listener(anyone(), address);
  EXPECT_EQ(token_of(), here);
}

TEST_F(QuicListenerTest, OneKeyDoesNotTakeAllConnections) {
  options.max_connections = 100;
  start_listener(anyone());
  std::vector<std::unique_ptr<Recorder>> greedy;
  for (int i = 0; i < 26; ++i) {
    greedy.push_back(std::make_unique<Recorder>());
    start_connect(listener->local_address(), only(server.id), *greedy.back());
    ASSERT_TRUE(run_until([&] { return greedy.back()->connection || connect_error; }));
    ASSERT_TRUE(i == 25 || !connect_error.has_value()) << i << ": " << connect_error->message;
  }
  ASSERT_TRUE(run_until([&] { return connect_error || greedy.back()->closed; }));
  if (greedy.back()->closed) connect_error = greedy.back()->closed->error;
  EXPECT_EQ(connect_error->code, Errc::temporary);
  EXPECT_NE(connect_error->message.find("this key"), std::string::npos) << connect_error->message;
  connect_error.reset();
  const Node somebody_else;
  start_connect(listener->local_address(), only(server.id), at_client, somebody_else.identity);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  EXPECT_FALSE(connect_error.has_value()) << connect_error->message;
}

TEST_F(QuicListenerTest, UnknownVersionsGetAShorterAnswerOnce) {
  start_listener(anyone());
  const auto answers = answers_to(long_header(0x1a2a3a4a, 1200));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_LT(answers[0].size(), 100u);
  EXPECT_EQ(Bytes(answers[0].begin() + 1, answers[0].begin() + 5), Bytes(4, 0))
      << "not a version negotiation packet";
  EXPECT_TRUE(answers_to(long_header(0x1a2a3a4a, 1199)).empty()) << "small packets must not be amplified";
  EXPECT_TRUE(answers_to(long_header(0, 1200)).empty()) << "an answer to a version negotiation packet";
}

TEST_F(QuicListenerTest, UnknownShortHeadersGetAReset) {
  start_listener(anyone());
  Bytes datagram = pattern(200, 1);
  datagram[0] = 0x41;
  const auto answers = answers_to(datagram);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_LT(answers[0].size(), datagram.size());
  for (const std::size_t size : {43u, 38u, 30u, 22u}) {
    datagram.resize(size);
    const auto shorter = answers_to(datagram);
    ASSERT_EQ(shorter.size(), 1u) << size << " bytes, as a keep-alive has, got no answer";
    EXPECT_LT(shorter[0].size(), size) << "resets that answer resets never end";
  }
  datagram.resize(21);
  EXPECT_TRUE(answers_to(datagram).empty()) << "an answer would be as long as this";
}

TEST_F(QuicListenerTest, AnswersToRubbishHaveABudget) {
  start_listener(anyone());
  asio::ip::udp::socket stranger(io, Endpoint(asio::ip::address_v4::loopback(), 0));
  stranger.non_blocking(true);
  Bytes datagram = pattern(100, 1);
  datagram[0] = 0x41;
  std::size_t answers = 0;
  for (int i = 0; i < 3000; ++i) {
    std::error_code ignored;
    stranger.send_to(asio::buffer(datagram), listener_endpoint(), 0, ignored);
    if (i % 50 != 0) continue;
    io.restart();
    io.poll();
    Bytes answer(2000);
    while (stranger.receive(asio::buffer(answer), 0, ignored) > 0 && !ignored) ++answers;
  }
  EXPECT_GT(answers, 0u);
  EXPECT_LT(answers, 2000u);
}

TEST_F(QuicListenerTest, RubbishDoesNotDisturbATransfer) {
  join();
  asio::ip::udp::socket stranger(io, Endpoint(asio::ip::address_v4::loopback(), 0));
  stranger.non_blocking(true);
  const Bytes text = pattern(6 << 20, 2);
  const auto id = at_client.connection->open_unidirectional();
  at_client.connection->send(*id, Buffer::copy_of(text), true);
  std::uint32_t seed = 0;
  at_server.on_data = [&](StreamId, ByteView, bool) {
    if (seed > 3000) return;
    Bytes datagram = pattern(1 + seed * 37 % 1500, seed);
    if (seed % 3 == 0) datagram[0] |= 0xc0;
    if (seed % 5 == 0 && datagram.size() > 5) datagram[1] = datagram[2] = datagram[3] = 0, datagram[4] = 1;
    if (seed % 7 == 0) datagram = long_header(1, 1200 + seed % 200);
    if (seed % 11 == 0) datagram.clear();
    ++seed;
    std::error_code ignored;
    stranger.send_to(asio::buffer(datagram), listener_endpoint(), 0, ignored);
  };
  ASSERT_TRUE(run_until([&] { return at_server.finished[*id]; }));
  EXPECT_EQ(at_server.received[*id], text);
  EXPECT_GT(seed, 500u);
  // And the one who sends rubbish now may still turn out to be a friend.
  Recorder friendly;
  start_connect(listener->local_address(), only(server.id), friendly);
  ASSERT_TRUE(run_until([&] { return friendly.connection || connect_error; }));
  EXPECT_FALSE(connect_error.has_value()) << connect_error->message;
}

}  // namespace
}  // namespace dcdn::net::testing
