// Limits that change while content is under way: of the bucket, of the coded carrier, and of both in a
// session.
#include "session/send_limits.hpp"

#include "base/clock.hpp"
#include "session/send_session.hpp"
#include "support/hostile_peer.hpp"
#include "unit/node/fake_connection.hpp"

namespace dcdn::session {
namespace {

using namespace std::chrono_literals;
using test::pattern;
using wire::FrameType;

double seconds(Micros time) {
  return std::chrono::duration<double>(time).count();
}

TEST(SendLimits, AreNoneAtFirst) {
  SendLimits limits;
  EXPECT_EQ(limits.rate(), 0);
  for (int i = 0; i < 1000; ++i) limits.spend(1u << 20, 1s);
  EXPECT_EQ(limits.ready_at(1s), 1s);
}

TEST(SendLimits, TheRateChangesInBothDirections) {
  SendLimits limits;
  limits.set_rate(100'000, 0s);
  EXPECT_EQ(limits.rate(), 100'000);
  limits.spend(125'000, 0s);  // the burst is a quarter second's
  EXPECT_EQ(limits.ready_at(0s), 1s + 1us);
  limits.set_rate(1'000'000, 0s);
  EXPECT_EQ(limits.ready_at(0s), 100'001us);
  limits.set_rate(10'000, 0s);
  EXPECT_EQ(limits.ready_at(0s), 10s + 1us);
  limits.set_rate(0, 0s);
  EXPECT_EQ(limits.ready_at(0s), 0s) << "no limit, no debt";
}

TEST(SendLimits, ChunksAreCountedBesideBytes) {
  SendLimits limits;
  limits.set_chunk_rate(10, 0s);
  for (int i = 0; i < 3; ++i) limits.spend(1u << 20, 0s);
  EXPECT_EQ(limits.ready_at(0s), 50'001us) << "two and a half at once";
  limits.set_chunk_rate(1000, 0s);
  EXPECT_EQ(limits.ready_at(0s), 501us);
  limits.set_chunk_rate(0, 0s);
  EXPECT_EQ(limits.ready_at(0s), 0s);
}

struct Deaf : SendWatcher {
  void on_note(int, const std::string&) override {}
  void on_receipt(const SendObject&, const wire::Receipt&, ByteView) override {}
  void on_peer_pause(bool) override {}
};

TEST(CarrierLimit, IsToldToCodedPacketsInBothDirections) {
  asio::io_context loop;
  Deaf watcher;
  SendSettings settings;
  settings.quic.carrier = Carrier::coded;
  SendShared shared(loop.get_executor(), settings, *sign::SecretKey::from_seed(Bytes(32, 1)), watcher);
  shared.limits.set_rate(200'000, 0s);
  node::testing::FakeConnection connection;
  connection.can_be_coded = true;
  CarrierChoice carrier(shared, connection, "the path");
  carrier.limit(1);
  EXPECT_FALSE(carrier.coded()) << "what goes over streams is not its business";
  carrier.agree();
  EXPECT_TRUE(carrier.coded());
  for (const double rate : {200'000.0, 5e6, 5e6, 50'000.0, 0.0, 0.0}) carrier.limit(rate);
  EXPECT_EQ(connection.coded_rates, (std::vector<double>{200'000, 5e6, 50'000, 0}));
}

TEST(CarrierLimit, APathThatCannotBeCodedStaysOnStreams) {
  asio::io_context loop;
  Deaf watcher;
  SendShared shared(loop.get_executor(), SendSettings{}, *sign::SecretKey::from_seed(Bytes(32, 1)), watcher);
  node::testing::FakeConnection connection;
  CarrierChoice carrier(shared, connection, "the path");
  carrier.agree();
  net::ConnectionStats stats;
  stats.packets_sent = stats.packets_lost = 1000;
  carrier.consider(stats);
  connection.can_be_coded = true;
  carrier.consider(stats);
  EXPECT_FALSE(carrier.coded()) << "it was tried once";
}

struct Way {
  const char* name;
  Carrier carrier;
  std::vector<std::string> paths;
};
void PrintTo(const Way& way, std::ostream* out) {
  *out << way.name;
}

/// A session whose receiver answers and then counts what comes.
class LimitedSession : public test::HostileSession, public ::testing::WithParamInterface<Way> {
 protected:
  static constexpr std::size_t kChunk = 16'384;
  static constexpr std::size_t kFile = 8'000'000;

  void SetUp() override {
    options.carrier = GetParam().carrier;
    auto made = net::listen(io.get_executor(), "127.0.0.1:0", options, test::identity_of(hostile_),
                            net::testing::only(honest_.id()));
    ASSERT_TRUE(made) << made.error().message;
    listener = *made;
    net::spawn(io.get_executor(), listener->accept(), [this](Result<net::ConnectionPtr> accepted) {
      if (accepted) peer_.follow(std::move(*accepted));
    });
    peer_.on_frame = [this](net::StreamId stream, const wire::Frame& frame) { take(stream, frame); };
    make_session();
  }
  void make_session() {
    const std::string path = temp_.path() + "/file";
    const Bytes content = pattern(kFile, 1);
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(content.data()), kFile);
    SendObject object;
    object.name = "file";
    object.path = path;
    object.bytes = content.size();
    SendSettings settings;
    settings.quic = options;
    settings.chunk_bytes = kChunk;
    settings.compress.choice.mode = compress::CompressMode::none;
    settings.backoff.total = 0ms;
    settings.paths = GetParam().paths;
    std::vector<DestinationSettings> to;
    to.push_back({listener->local_address(), test::identity_of(honest_), net::testing::only(hostile_.id())});
    session_ = std::make_unique<SendSession>(io.get_executor(), settings, honest_, watcher_,
                                             std::vector<SendObject>{object}, std::move(to));
  }
  void run() {
    asio::co_spawn(io, session_->run(), [this](std::exception_ptr, std::vector<DestinationResult> results) {
      results_ = std::move(results);
    });
    ASSERT_TRUE(run_until([&] { return bytes_ > 0; }));
  }
  void TearDown() override {
    session_->stop(0, Error(Errc::interrupted, "the test is over"));
    EXPECT_TRUE(run_until([&] { return results_.has_value(); }));
    session_.reset();
    peer_.connection.reset();
    listener.reset();
  }
  void take(net::StreamId stream, const wire::Frame& frame) {
    if (frame.type == FrameType::hello)
      peer_.say(stream, FrameType::welcome, encode(message::Welcome{1, "", 1u << 20}));
    if (frame.type == FrameType::offer) peer_.say(stream, FrameType::answer, encode(message::Answer{}));
    if (frame.type == FrameType::chunk) {
      bytes_ += frame.body.size();
      ++chunks_;
    }
  }
  /// What comes in so long keeps to the rate, but for a burst, a chunk, and what was on its way.
  void expect_at_most(double bytes_per_s) {
    const std::size_t before = bytes_;
    const Micros began = now_micros();
    run_for(700ms);
    constexpr double kUnderWay = 100'000;
    const double most = bytes_per_s * (seconds(now_micros() - began) + 0.25) + 2 * kChunk + kUnderWay;
    EXPECT_LT(static_cast<double>(bytes_ - before), most);
  }

  Deaf watcher_;
  std::unique_ptr<SendSession> session_;
  std::optional<std::vector<DestinationResult>> results_;
  test::HostilePeer peer_;
  std::size_t bytes_ = 0;
  std::size_t chunks_ = 0;
};

// More than the old rate allows in that time, and little enough for a machine that has other work.
TEST_P(LimitedSession, TheRateChangesInBothDirectionsWhileItSends) {
  constexpr double kSlow = 20'000;
  constexpr auto kWithin = 25s;
  constexpr std::size_t kMuch = 700'000;
  session_->set_rate(kSlow);
  run();
  EXPECT_EQ(session_->destinations()[0]->coded(), GetParam().carrier == Carrier::coded);
  expect_at_most(kSlow);
  const std::size_t at_first = bytes_;
  session_->set_rate(4'000'000);
  ASSERT_TRUE(QuicTest::run_until([&] { return bytes_ > at_first + kMuch; }, kWithin)) << bytes_;
  session_->set_rate(kSlow);
  run_for(50ms);  // what streams have queued leaves at once
  expect_at_most(kSlow);
  const std::size_t at_last = bytes_;
  ASSERT_LT(at_last, kFile - kMuch) << "too little is left to tell";
  session_->set_rate(0);
  EXPECT_TRUE(QuicTest::run_until([&] { return bytes_ > at_last + kMuch; }, kWithin)) << bytes_;
}

TEST_P(LimitedSession, ChunksASecondChangeToo) {
  session_->set_chunk_rate(20);
  run();
  const Micros began = now_micros();
  run_for(500ms);
  EXPECT_LT(static_cast<double>(chunks_), 20 * seconds(now_micros() - began) + 20);
  session_->set_chunk_rate(0);
  EXPECT_TRUE(QuicTest::run_until([&] { return chunks_ > 300; }, 10s)) << chunks_;
}

INSTANTIATE_TEST_SUITE_P(Ways, LimitedSession,
                         ::testing::Values(Way{"streams", Carrier::streams, {}},
                                           Way{"coded", Carrier::coded, {}},
                                           Way{"paths", Carrier::coded, {"lo"}}),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace dcdn::session
