// How long an allowed sender's handshake takes while a thousand clients of one host begin theirs without a
// pause.
//
// --gtest_output=json:FILE has the numbers; on a machine with other work they say little. README.md has some.
#include "unit/net/handshake_flood.hpp"

#include <algorithm>

#include "unit/net/udp_proxy.hpp"

namespace dcdn::net::testing {
namespace {

using Kind = HandshakeFlood::Kind;

struct Case {
  const char* name;
  Kind kind;
  int hosts;
  bool is_known;  // the allowed sender comes from where it was before, or each time from another network
};

class HandshakeFloodTest : public QuicTest, public ::testing::WithParamInterface<Case> {
 protected:
  static constexpr std::size_t kMeasured = 41;
  int networks = 0;

  std::uint16_t port() const {
    const std::string address = listener->local_address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  double one_delay(const std::string& address) {
    Recorder allowed;
    const auto began = std::chrono::steady_clock::now();
    start_connect(address, only(server.id), allowed);
    EXPECT_TRUE(run_until([&] { return allowed.connection || connect_error; }));
    EXPECT_FALSE(connect_error.has_value()) << connect_error->message;
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }
  /// Seconds. A handshake during which the flood did nothing is no measurement.
  double median_delay(const HandshakeFlood* flood) {
    constexpr auto kLongest = 60s;
    const auto deadline = std::chrono::steady_clock::now() + kLongest;
    std::vector<double> delays;
    while (delays.size() < kMeasured) {
      const std::string as = "127." + std::to_string(20 + ++networks % 160) + ".0.1";
      UdpProxy elsewhere(io, port(), 1, as.c_str());
      const std::uint64_t before = flood == nullptr ? 0 : flood->counts().asked.load();
      const double delay = one_delay(GetParam().is_known ? listener->local_address() : elsewhere.address());
      if (flood == nullptr || flood->counts().asked > before) delays.push_back(delay);
      run_for(5ms);
      elsewhere.close();
      run_for(1ms);
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "the flood has ended";
        break;
      }
    }
    std::sort(delays.begin(), delays.end());
    return delays.empty() ? 0 : delays[delays.size() / 2];
  }
};

TEST_P(HandshakeFloodTest, DelaysNobodyElse) {
  start_listener(only(client.id));
  one_delay(listener->local_address());
  const double unloaded = median_delay(nullptr);
  const HandshakeFlood flood(port(), GetParam().kind, GetParam().hosts);
  run_for(4000ms);  // all of its clients have begun, and what a new host may spend at once is spent
  const std::uint64_t asked = flood.counts().asked;
  const std::uint64_t begun = flood.counts().begun;
  const auto since = std::chrono::steady_clock::now();
  const double loaded = median_delay(&flood);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since;
  const auto per_second = [&](std::uint64_t count) {
    return static_cast<int>(static_cast<double>(count) / took.count());
  };
  RecordProperty("unloaded_us", static_cast<int>(unloaded * 1e6));
  RecordProperty("loaded_us", static_cast<int>(loaded * 1e6));
  RecordProperty("ratio_percent", static_cast<int>(100 * loaded / unloaded));
  RecordProperty("datagrams_per_s", per_second(flood.counts().asked - asked));
  RecordProperty("answers_per_s", per_second(flood.counts().begun - begun));
  EXPECT_GT(flood.counts().asked, std::uint64_t{HandshakeFlood::kClients});
  EXPECT_GT(flood.counts().begun, begun)
      << "it gets no further than its first packets: that is no flood of handshakes";
  EXPECT_LT(loaded, 1.5 * unloaded + 0.1);
}

INSTANTIATE_TEST_SUITE_P(OfStrangers, HandshakeFloodTest,
                         ::testing::Values(Case{"HalfOpenAndAKnownSender", Kind::half_open, 1, true},
                                           Case{"HalfOpenAndANewSender", Kind::half_open, 1, false},
                                           Case{"UnknownKeysAndAKnownSender", Kind::unknown_key, 1, true},
                                           Case{"UnknownKeysAndANewSender", Kind::unknown_key, 1, false},
                                           Case{"RepeatedAndAKnownSender", Kind::repeated, 1, true},
                                           Case{"RepeatedAndANewSender", Kind::repeated, 1, false},
                                           Case{"RepeatedByManyAndAKnownSender", Kind::repeated, 50, true}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace dcdn::net::testing
