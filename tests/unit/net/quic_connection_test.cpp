#include "unit/net/quic_fixture.hpp"

namespace dcdn::net::testing {
namespace {

using QuicConnectionTest = QuicTest;

TEST_F(QuicConnectionTest, BothSidesLearnTheOthersKeyAndAddress) {
  join();
  EXPECT_EQ(at_client.connection->peer(), server.id);
  EXPECT_EQ(at_server.connection->peer(), client.id);
  EXPECT_EQ(at_client.connection->peer_address(), listener->local_address());
  EXPECT_EQ(at_server.connection->peer_address().substr(0, 10), "127.0.0.1:");
  EXPECT_FALSE(at_client.connection->closed());
}

TEST_F(QuicConnectionTest, EchoesOnABidirectionalStream) {
  join();
  const Bytes text = pattern(3000000, 1);
  at_server.on_data = [&](StreamId id, ByteView bytes, bool fin) {
    at_server.connection->send(id, Buffer::copy_of(bytes), fin);
  };
  const auto id = at_client.connection->open_bidirectional();
  ASSERT_TRUE(id.has_value());
  at_client.connection->send(*id, Buffer::copy_of(text), true);
  ASSERT_TRUE(run_until([&] { return at_client.finished[*id]; }));
  EXPECT_EQ(at_client.received[*id], text);
  EXPECT_EQ(at_client.connection->queued_bytes(), 0u);
}

TEST_F(QuicConnectionTest, ManyStreamsBeyondTheLimitArriveWhole) {
  options.max_streams = 100;
  join();
  constexpr std::size_t kStreams = 350;
  std::map<StreamId, Bytes> sent;
  const auto feed = [&] {
    while (sent.size() < kStreams) {
      const auto id = at_client.connection->open_unidirectional();
      if (!id) {
        EXPECT_EQ(id.error().code, Errc::temporary);
        return;
      }
      sent[*id] = pattern(1 + sent.size() * 97, static_cast<std::uint32_t>(sent.size()));
      at_client.connection->send(*id, Buffer::copy_of(sent[*id]), true);
    }
  };
  at_client.on_room = feed;
  feed();
  EXPECT_EQ(sent.size(), 100u) << "the peer's limit of streams was not kept";
  ASSERT_TRUE(run_until([&] {
    std::size_t done = 0;
    for (const auto& [id, fin] : at_server.finished) done += fin ? 1 : 0;
    return done == kStreams;
  }));
  EXPECT_EQ(at_server.received, sent);
}

}  // namespace
}  // namespace dcdn::net::testing
