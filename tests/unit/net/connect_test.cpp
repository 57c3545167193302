// connect() when there is nobody, or nobody who answers.
#include <asio/ip/udp.hpp>
#include <asio/ip/v6_only.hpp>

#include "unit/net/quic_fixture.hpp"

namespace dcdn::net::testing {
namespace {

class QuicClientTest : public QuicTest {
 protected:
  Error failure_of(const std::string& address, std::chrono::milliseconds limit = 3000ms) {
    start_connect(address, anyone(), at_client);
    EXPECT_TRUE(run_until([&] { return connect_error.has_value() || at_client.connection; }, limit));
    return connect_error.value_or(Error(Errc::internal, "no error"));
  }
};

TEST_F(QuicClientTest, AClosedPortIsNoticedAtOnce) {
  asio::ip::udp::socket taken(io, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
  const std::string address = "127.0.0.1:" + std::to_string(taken.local_endpoint().port());
  taken.close();
  const auto began = std::chrono::steady_clock::now();
  const Error failure = failure_of(address);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  EXPECT_EQ(failure.code, Errc::unreachable);
  EXPECT_NE(failure.message.find(address), std::string::npos) << failure.message;
}

TEST_F(QuicClientTest, SilenceEndsAtTheHandshakeTimeout) {
  asio::ip::udp::socket silent(io, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
  const std::string address = "127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  options.handshake_timeout = 300ms;
  const auto began = std::chrono::steady_clock::now();
  const Error failure = failure_of(address);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 250ms);
  EXPECT_EQ(failure.code, Errc::unreachable);
  EXPECT_NE(failure.message.find(address), std::string::npos) << failure.message;
}

TEST_F(QuicClientTest, ANameThatDoesNotResolve) {
  const Error failure = failure_of("no-such-host.invalid:4433");
  EXPECT_EQ(failure.code, Errc::unreachable);
  EXPECT_NE(failure.message.find("no-such-host.invalid"), std::string::npos) << failure.message;
}

TEST_F(QuicClientTest, AnAddressWithoutPortOrHostIsAUsageError) {
  EXPECT_EQ(failure_of("hq.example").code, Errc::usage);
  connect_error.reset();
  EXPECT_EQ(failure_of(":4433").code, Errc::usage);
}

TEST_F(QuicClientTest, EveryAddressOfANameIsTried) {
  // localhost is ::1 and 127.0.0.1 on most machines, and only the latter listens here.
  start_listener(only(client.id));
  const std::string port = listener->local_address().substr(listener->local_address().rfind(':'));
  start_connect("localhost" + port, only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  EXPECT_FALSE(connect_error.has_value()) << connect_error->message;
}

TEST_F(QuicClientTest, AFirstAddressThatIsDeadKeepsNobodyFromTheSecond) {
  start_listener(only(client.id));
  const std::string here = listener->local_address();
  const std::string port = here.substr(here.rfind(':'));
  // ::1 comes before 127.0.0.1; here it takes everything and never answers.
  asio::ip::udp::socket dead(io);
  std::error_code failed;
  dead.open(asio::ip::udp::v6(), failed);
  if (!failed) dead.set_option(asio::ip::v6_only(true), failed);
  if (!failed)
    dead.bind({asio::ip::address_v6::loopback(), static_cast<std::uint16_t>(std::stoi(port.substr(1)))},
              failed);
  if (failed) GTEST_SKIP() << "no IPv6 here: " << failed.message();
  // What the dead one got was for nothing; nobody else sends there.
  const auto asked_the_dead = [&] {
    const bool asked = dead.available() > 0;
    std::array<std::uint8_t, 2048> thrown_away;
    while (dead.available() > 0) (void)dead.receive(asio::buffer(thrown_away));
    return asked;
  };
  const auto connects = [&](const std::string& first) {
    Recorder made;
    auto task =
        connect(io.get_executor(), "localhost" + port, options, client.identity, only(server.id), "", first);
    spawn(io.get_executor(), std::move(task), [&](Result<ConnectionPtr> result) {
      if (result) made.follow(std::move(*result));
      if (!result) connect_error = result.error();
    });
    EXPECT_TRUE(run_until([&] { return made.connection || connect_error; }));
    EXPECT_FALSE(connect_error.has_value()) << connect_error->message;
    EXPECT_EQ(made.connection ? made.connection->peer_address() : "nowhere", here);
  };
  connects("");
  if (!asked_the_dead()) GTEST_SKIP() << "localhost is no IPv6 address here";
  connects(here);
  EXPECT_FALSE(asked_the_dead()) << "the one that answered last time was not tried first";
  dead.close();
  at_server.connection.reset();
}

TEST_F(QuicClientTest, WithoutAPolicyNothingIsTried) {
  start_connect("127.0.0.1:1", PeerPolicy(), at_client);
  ASSERT_TRUE(run_until([&] { return connect_error.has_value(); }));
  EXPECT_EQ(connect_error->code, Errc::internal);
}

TEST_F(QuicClientTest, APeerThatAnswersRubbishIsNotBelieved) {
  asio::ip::udp::socket liar(io, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
  options.handshake_timeout = 400ms;
  Bytes packet(65536);
  asio::ip::udp::endpoint from;
  std::uint32_t seed = 0;
  std::function<void()> answer = [&] {
    liar.async_receive_from(asio::buffer(packet), from, [&](std::error_code failed, std::size_t size) {
      if (failed) return;
      for (int i = 0; i < 20; ++i) {
        Bytes rubbish = pattern(1 + seed * 61 % 1400, seed);
        if (i % 2 == 0) rubbish.assign(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
        rubbish[seed % rubbish.size()] ^= static_cast<std::uint8_t>(1 + seed);
        std::error_code ignored;
        liar.send_to(asio::buffer(rubbish), from, 0, ignored);
        ++seed;
      }
      answer();
    });
  };
  answer();
  const Error failure = failure_of("127.0.0.1:" + std::to_string(liar.local_endpoint().port()));
  EXPECT_TRUE(failure.code == Errc::unreachable || failure.code == Errc::temporary) << failure.message;
  EXPECT_GT(seed, 0u);
}

TEST_F(QuicClientTest, GoesByTheInterfaceThatIsNamed) {
  start_listener(only(client.id));
  interface = "lo";
  start_connect(listener->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return (at_client.connection && at_server.connection) || connect_error; }));
  ASSERT_FALSE(connect_error.has_value()) << connect_error->message;
  EXPECT_EQ(at_client.connection->local_address(), "127.0.0.1");
}

TEST_F(QuicClientTest, AnInterfaceThatDoesNotExistIsNamed) {
  interface = "nosuch0";
  const Error failure = failure_of("127.0.0.1:4433");
  EXPECT_EQ(failure.code, Errc::not_found);
  EXPECT_NE(failure.message.find("nosuch0: no such network interface"), std::string::npos) << failure.message;
  EXPECT_NE(failure.hint.find("lo"), std::string::npos) << failure.hint;
}

TEST_F(QuicClientTest, MovesToAnotherInterfaceWhileItSends) {
  join();
  ASSERT_TRUE(run_until([&] { return at_client.writable_calls > 0; }));
  run_for(50ms);  // fresh connection ids have come
  const std::string before = at_server.connection->peer_address();
  const auto moved = at_client.connection->use_interface("lo");
  ASSERT_TRUE(moved.has_value()) << moved.error().message;
  const auto id = at_client.connection->open_unidirectional();
  const Bytes text = pattern(300'000, 3);
  at_client.connection->send(*id, Buffer::copy_of(text), true);
  ASSERT_TRUE(run_until([&] { return at_server.finished[*id]; }));
  EXPECT_EQ(at_server.received[*id], text);
  EXPECT_NE(at_server.connection->peer_address(), before) << "another socket, another port";
  EXPECT_EQ(at_client.connection->use_interface("nosuch0").error().code, Errc::not_found);
  EXPECT_EQ(at_server.connection->use_interface("lo").error().code, Errc::unsupported);
}

TEST_F(QuicClientTest, IPv6WorksWhereThereIsIPv6) {
  auto made = listen(io.get_executor(), "[::1]:0", options, server.identity, only(client.id));
  if (!made) GTEST_SKIP() << "no IPv6 here: " << made.error().message;
  listener = *made;
  accept_next(at_server);
  start_connect(listener->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return (at_client.connection && at_server.connection) || connect_error; }));
  ASSERT_FALSE(connect_error.has_value()) << connect_error->message;
  EXPECT_EQ(at_server.connection->peer_address().substr(0, 6), "[::1]:");
}

}  // namespace
}  // namespace dcdn::net::testing
