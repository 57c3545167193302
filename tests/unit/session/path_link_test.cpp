// A further connection against receivers that answer, ignore, refuse or go away.
#include "session/path_link.hpp"

#include "base/clock.hpp"
#include "session/send_shared.hpp"
#include "unit/net/quic_fixture.hpp"

namespace dcdn::session {
namespace {

using namespace std::chrono_literals;
using net::StreamId;

class PathLinkTest : public net::testing::QuicTest {
 protected:
  std::shared_ptr<PathLink> link;
  int changes = 0;
  bool answers = true;
  std::uint32_t answer_path = 3;
  std::vector<message::Join> joins;

  void TearDown() override {
    link.reset();
    QuicTest::TearDown();
  }

  void dial(const NodeId& expected) {
    start_listener(net::testing::only(client.id));
    at_server.on_data = [this](StreamId id, ByteView bytes, bool) {
      if (net::is_unidirectional(id)) return;
      const auto join = message::parse<message::Join>(bytes.subspan(wire::kHeaderBytes));
      ASSERT_TRUE(join.has_value());
      joins.push_back(*join);
      if (!answers) return;
      const message::Joined joined{answer_path};
      at_server.connection->send(id, frame_buffer(wire::FrameType::joined, encode(joined)), false);
    };
    PathDial how;
    how.address = listener->local_address();
    how.peer = expected;
    how.session = {7, 7, 7};
    how.quic = options;
    how.identity = client.identity;
    link = std::make_shared<PathLink>(io.get_executor(), "lo", 3, [this] { ++changes; });
    link->dial(how);
  }
  bool until(LinkPhase phase) {
    return static_cast<bool>(run_until([&] { return link->phase() == phase; }));
  }
};

TEST_F(PathLinkTest, JoinsAndForgetsWhatIsAcknowledged) {
  dial(server.id);
  ASSERT_TRUE(until(LinkPhase::open));
  EXPECT_EQ(joins, (std::vector<message::Join>{{1, {7, 7, 7}, 3}}));
  const auto stream = link->connection()->open_unidirectional();
  link->load().sent[*stream] = SentBatch{};
  link->load().blocked = true;
  link->connection()->send(*stream, Buffer::copy_of(net::testing::pattern(5000, 1)), true);
  ASSERT_TRUE(run_until([&] { return link->load().sent.empty(); }));
  EXPECT_FALSE(link->load().blocked);
  link->probe();
  ASSERT_TRUE(run_until([&] { return joins.size() == 2; }));
}

TEST_F(PathLinkTest, AReceiverThatKnowsNoPathsIsRecognised) {
  answers = false;
  dial(server.id);
  ASSERT_TRUE(until(LinkPhase::joining));
  ASSERT_TRUE(run_until([&] { return !joins.empty(); }));
  run_for(100ms);
  EXPECT_FALSE(link->is_ignored(now_micros())) << "it may still answer";
  EXPECT_TRUE(link->is_ignored(now_micros() + 6s));
  EXPECT_EQ(link->phase(), LinkPhase::joining);
}

TEST_F(PathLinkTest, AnotherNodeOnThePathIsRefused) {
  dial(client.id);
  ASSERT_TRUE(until(LinkPhase::ended));
  EXPECT_EQ(link->error().code, Errc::untrusted);
}

TEST_F(PathLinkTest, AnAnswerToAnotherJoinEndsIt) {
  answer_path = 4;
  dial(server.id);
  ASSERT_TRUE(until(LinkPhase::ended));
  EXPECT_EQ(link->error().code, Errc::corrupt);
}

TEST_F(PathLinkTest, AConnectionThatIsClosedIsTold) {
  dial(server.id);
  ASSERT_TRUE(until(LinkPhase::open));
  const int before = changes;
  at_server.connection->close(8, "that session does not run here");
  ASSERT_TRUE(until(LinkPhase::ended));
  EXPECT_GT(changes, before);
}

TEST_F(PathLinkTest, MayGoWhileItDials) {
  dial(server.id);
  link.reset();
  run_for(200ms);
  EXPECT_EQ(changes, 0);
  EXPECT_TRUE(joins.empty());
}

}  // namespace
}  // namespace dcdn::session
