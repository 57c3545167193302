#include "node/front_desk.hpp"

#include <gmock/gmock.h>

#include "message/session_message.hpp"
#include "node/early_events.hpp"
#include "unit/net/quic_fixture.hpp"
#include "unit/node/fake_connection.hpp"

namespace dcdn::node {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::FakeConnection;
using ::testing::IsEmpty;
using testing::Taker;
using wire::FrameType;

std::uint64_t number(Errc code) {
  return message::code_number(code);
}

Bytes frame(FrameType type, std::size_t body_bytes = 10) {
  return wire::make_frame(type, Bytes(body_bytes, 7));
}

// "session" answers hello and join, "swarm" have_map; `late` is the patience of the desk.
struct Desk {
  explicit Desk(const asio::any_io_executor& executor, std::chrono::milliseconds late = 10s)
      : front(
            executor, [this](int, const std::string& text) { notes.push_back(text); }, late) {
    front.answer(
        {FrameType::hello, FrameType::join},
        [this](net::ConnectionPtr made, const FrontDesk::Early& early) { session.take(made, early); });
    front.answer({FrameType::have_map},
                 [this](net::ConnectionPtr made, const FrontDesk::Early& early) { swarm.take(made, early); });
  }
  std::vector<std::string> notes;
  Taker session;
  Taker swarm;
  FrontDesk front;
};

class FrontDeskTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeConnection> arrive() {
    auto connection = std::make_shared<FakeConnection>();
    desk_.front.take(connection);
    return connection;
  }
  asio::io_context loop_;
  Desk desk_{loop_.get_executor()};
};

TEST_F(FrontDeskTest, TheFirstFrameDecides) {
  arrive()->comes(0, frame(FrameType::hello));
  EXPECT_EQ(desk_.session.connections, 1);
  arrive()->comes(0, frame(FrameType::join));
  EXPECT_EQ(desk_.session.connections, 2);
  arrive()->comes(0, frame(FrameType::have_map));
  EXPECT_EQ(desk_.session.connections, 2);
  EXPECT_EQ(desk_.swarm.connections, 1);
  EXPECT_EQ(desk_.front.waiting(), 0u);
}

TEST_F(FrontDeskTest, WhoAnswersHearsWhatComesAfterwards) {
  const auto connection = arrive();
  connection->comes(0, frame(FrameType::hello));
  connection->comes(4, Bytes(5, 1), true);
  EXPECT_THAT(desk_.session.told, ElementsAre("0:34", "4:5:fin"));
}

TEST_F(FrontDeskTest, PacketsThatCameInAnotherOrderAreKept) {
  const auto connection = arrive();
  const Bytes hello = frame(FrameType::hello);
  const ByteView view(hello);
  connection->comes(6, Bytes(100, 1));
  connection->comes(4, frame(FrameType::offer));
  connection->comes(2, Bytes(3, 2), true);
  connection->comes(0, view.first(20));
  connection->comes(6, Bytes(11, 3), true);
  connection->events->on_stream_reset(10, 9);
  connection->events->on_writable();
  EXPECT_THAT(desk_.session.told, IsEmpty());
  EXPECT_EQ(desk_.front.waiting(), 1u);
  connection->comes(0, view.subspan(20));
  EXPECT_THAT(desk_.session.told,
              ElementsAre("0:34", "2:3:fin", "4:34", "6:111:fin", "10:reset 9", "writable"));
  EXPECT_EQ(desk_.session.all[0], hello);
  EXPECT_EQ(desk_.session.all[6][99], 1);
  EXPECT_EQ(desk_.session.all[6][100], 3);
  EXPECT_EQ(connection->consumed, 0u);
}

TEST_F(FrontDeskTest, StatementsAboutKeysMayComeFirstAndAreHandedOn) {
  const auto connection = arrive();
  Bytes all = frame(FrameType::key_rotation);
  for (const FrameType type : {FrameType::key_revocation, FrameType::hello, FrameType::pause})
    wire::append_frame(all, type, Bytes(3, 1));
  connection->comes(0, all);
  EXPECT_EQ(desk_.session.connections, 1);
  EXPECT_EQ(desk_.session.all[0], all);
}

TEST_F(FrontDeskTest, ButNotAnyNumberOfThem) {
  const auto connection = arrive();
  for (std::size_t i = 0; i < FrontDesk::kMostStatements; ++i)
    connection->comes(0, frame(FrameType::key_rotation));
  EXPECT_FALSE(connection->close_code);
  connection->comes(0, frame(FrameType::key_rotation));
  EXPECT_EQ(connection->close_code, number(Errc::limit));
}

TEST_F(FrontDeskTest, WhoIsNotTrustedAnyMoreIsTurnedAwayWhileItWaits) {
  bool trusted = true;
  desk_.front.set_verdict([&](const NodeId&) -> Result<void> {
    if (trusted) return {};
    return Error(Errc::untrusted, "gone");
  });
  const auto first = arrive();
  const auto second = arrive();
  desk_.front.judge_again();
  EXPECT_FALSE(first->close_code);
  first->comes(0, frame(FrameType::hello));
  EXPECT_EQ(desk_.session.connections, 1);
  trusted = false;
  desk_.front.judge_again();
  EXPECT_EQ(second->close_code, number(Errc::untrusted));
  const auto late = arrive();
  late->comes(0, frame(FrameType::hello));
  EXPECT_EQ(late->close_code, number(Errc::untrusted)) << "nobody has told the desk yet";
  EXPECT_EQ(desk_.session.connections, 1);
}

TEST_F(FrontDeskTest, NobodyAnswersAnUnknownFrame) {
  for (const FrameType type : {FrameType::offer, FrameType::chunk, static_cast<FrameType>(0xEE)}) {
    const auto connection = arrive();
    connection->comes(0, frame(type));
    EXPECT_EQ(connection->close_code, number(Errc::unsupported));
    connection->comes(0, frame(FrameType::hello));  // too late
    connection->ends();
  }
  EXPECT_EQ(desk_.session.connections, 0);
  EXPECT_EQ(desk_.front.waiting(), 0u);
}

TEST_F(FrontDeskTest, DamageAndAnEndAreCorrupt) {
  const auto damaged = arrive();
  damaged->comes(0, Bytes(24, 0xAA));
  EXPECT_EQ(damaged->close_code, number(Errc::corrupt));
  const auto ended = arrive();
  ended->comes(0, ByteView(), true);
  EXPECT_EQ(ended->close_code, number(Errc::corrupt));
  const auto reset = arrive();
  reset->events->on_stream_reset(0, 1);
  EXPECT_EQ(reset->close_code, number(Errc::corrupt));
}

TEST_F(FrontDeskTest, WhoOnlySpeaksElsewhereHasNotSaidWhatItWants) {
  const auto connection = arrive();
  connection->comes(4, frame(FrameType::hello));
  EXPECT_EQ(desk_.session.connections, 0);
  EXPECT_FALSE(connection->close_code);
}

TEST_F(FrontDeskTest, WhoSaysNothingIsSentAway) {
  Desk impatient(loop_.get_executor(), 20ms);
  const auto silent = std::make_shared<FakeConnection>();
  const auto half = std::make_shared<FakeConnection>();
  const auto quick = std::make_shared<FakeConnection>();
  for (const auto& each : {silent, half, quick}) impatient.front.take(each);
  half->comes(0, ByteView(frame(FrameType::hello)).first(30));
  half->comes(2, Bytes(10, 1));
  quick->comes(0, frame(FrameType::hello));
  loop_.run_for(5s);  // ends when no timer is left
  EXPECT_EQ(silent->close_code, number(Errc::temporary));
  EXPECT_EQ(half->close_code, number(Errc::temporary));
  EXPECT_FALSE(quick->close_code);
  EXPECT_EQ(impatient.session.connections, 1);
}

TEST_F(FrontDeskTest, AConnectionThatEndsMeanwhileIsForgotten) {
  const auto connection = arrive();
  connection->comes(0, ByteView(frame(FrameType::hello)).first(30));
  connection->ends();
  EXPECT_EQ(desk_.front.waiting(), 0u);
  EXPECT_EQ(connection.use_count(), 1);
  EXPECT_EQ(desk_.session.connections, 0);
  loop_.run_for(5s);
}

TEST_F(FrontDeskTest, StreamsThatComeFirstAreBounded) {
  const auto connection = arrive();
  net::StreamId id = 2;
  for (std::size_t i = 0; i < EarlyEvents::kMostStreams; ++i, id += 4)
    connection->comes(id, Bytes(1, 1), true);
  EXPECT_FALSE(connection->close_code);
  connection->events->on_stream_reset(id, 1);
  EXPECT_EQ(connection->close_code, number(Errc::limit));
}

TEST_F(FrontDeskTest, TheEndOfTheDeskIsTheirEndToo) {
  const auto waiting = arrive();
  const auto taken = arrive();
  taken->comes(0, frame(FrameType::hello));
  desk_.front.stop();
  EXPECT_EQ(waiting->close_code, number(Errc::temporary));
  EXPECT_FALSE(taken->close_code);
  waiting->comes(0, frame(FrameType::hello));
  EXPECT_EQ(desk_.session.connections, 1);
}

// The same by QUIC.
class FrontDeskQuicTest : public net::testing::QuicTest {
 protected:
  void open(std::chrono::milliseconds patience = 10s) {
    auto made =
        net::listen(io.get_executor(), "127.0.0.1:0", options, server.identity, net::testing::anyone());
    ASSERT_TRUE(made);
    address_ = (*made)->local_address();
    desk_.emplace(io.get_executor(), patience);
    desk_->front.open(*made, [this](const Error& error) { failed_ = error; });
    connect(at_client);
  }
  void connect(net::testing::Recorder& into) {
    start_connect(address_, net::testing::only(server.id), into);
    ASSERT_TRUE(run_until([&] { return into.connection != nullptr; }));
  }
  static void say(net::testing::Recorder& who, FrameType type) {
    const auto stream = who.connection->open_bidirectional();
    ASSERT_TRUE(stream);
    who.connection->send(*stream, Buffer::copy_of(frame(type)), false);
  }
  void TearDown() override {
    if (desk_) desk_->front.stop();
    at_client.connection.reset();
    run_for(20ms);
    desk_.reset();
  }
  std::string address_;
  std::optional<Desk> desk_;
  std::optional<Error> failed_;
};

TEST_F(FrontDeskQuicTest, TwoRolesShareOneListener) {
  open();
  net::testing::Recorder other;
  connect(other);
  const auto chunks = at_client.connection->open_unidirectional();
  ASSERT_TRUE(chunks);
  at_client.connection->send(*chunks, Buffer::copy_of(Bytes(50'000, 3)), true);
  run_for(50ms);
  EXPECT_EQ(desk_->front.waiting(), 2u);
  say(at_client, FrameType::hello);
  say(other, FrameType::have_map);
  ASSERT_TRUE(
      run_until([&] { return desk_->session.all[2].size() == 50'000 && desk_->swarm.connections == 1; }));
  EXPECT_EQ(desk_->session.connections, 1);
  EXPECT_EQ(desk_->session.told[0], "0:34");
  EXPECT_FALSE(at_client.closed);
  other.connection.reset();
}

TEST_F(FrontDeskQuicTest, ThePeerHearsWhyItIsSentAway) {
  open();
  say(at_client, static_cast<FrameType>(0xEE));
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }));
  EXPECT_EQ(at_client.closed->code, number(Errc::unsupported));
  ASSERT_TRUE(run_until([&] { return desk_->front.waiting() == 0; }));
}

TEST_F(FrontDeskQuicTest, SilenceIsNoReasonToWaitForTheIdleTimeout) {
  open(50ms);
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }));
  EXPECT_EQ(at_client.closed->code, number(Errc::temporary));
}

TEST_F(FrontDeskQuicTest, AListenerThatEndsIsToldOnce) {
  open();
  desk_->front.stop();
  ASSERT_TRUE(run_until([&] { return at_client.closed.has_value(); }));
  EXPECT_EQ(at_client.closed->code, number(Errc::temporary));
  EXPECT_FALSE(failed_);  // it was asked to
}

}  // namespace
}  // namespace dcdn::node
