// The forecast of the coded carrier against the carrier's cores in virtual time, mean of seeds.
#include <gtest/gtest.h>

#include "pace/link_forecast.hpp"
#include "sim/coded_flow.hpp"

namespace dcdn::sim {
namespace {

struct Case {
  double bits_per_s, rtt, loss, jitter;
  std::size_t bytes;
};

double simulated(const Case& link, int seeds) {
  LinkOptions options;
  options.bits_per_s = link.bits_per_s;
  options.delay = link.rtt / 2;
  options.loss = link.loss;
  options.jitter = link.jitter;
  CodedFlow::Options flow;
  flow.bytes = link.bytes;
  double sum = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const Outcome outcome = run_alone(options, link.loss, flow, static_cast<std::uint64_t>(100 + seed));
    EXPECT_TRUE(outcome.done);
    sum += outcome.seconds;
  }
  return sum / seeds;
}

double foretold(const Case& link) {
  pace::ForecastRequest request;
  request.carrier = pace::Carrier::coded;
  request.bytes = link.bytes;
  request.link.loss = link.loss;
  request.link.bytes_per_s = link.bits_per_s / 8;
  request.link.rtt = std::chrono::microseconds(static_cast<std::int64_t>(link.rtt * 1e6));
  request.link.jitter = std::chrono::microseconds(static_cast<std::int64_t>(link.jitter * 1e6));
  return pace::forecast(request).transfer_s;
}

TEST(forecast, the_coded_carrier_takes_as_long_as_foretold) {
  const Case cases[] = {
      {10e6, 0.2, 0, 0, 5'000'000},   {10e6, 0.2, 0.2, 0, 5'000'000},  {10e6, 0.2, 0.33, 0, 5'000'000},
      {1e6, 0.6, 0.33, 0, 2'000'000}, {1e6, 0.2, 0.2, 0.1, 2'000'000}, {30e6, 0.04, 0.1, 0, 10'000'000},
      {1e6, 0.6, 0.33, 0, 200'000},   {4e6, 0.4, 0.5, 0, 2'000'000},   {2e6, 0.16, 0.03, 0, 1'000'000},
  };
  for (const Case& link : cases) {
    const double took = simulated(link, 20);
    const double said = foretold(link);
    // Where half of all is lost it says a seventh too little.
    EXPECT_NEAR(said / took, 1, link.loss < 0.5 ? 0.08 : 0.16)
        << link.bits_per_s << " bit/s, rtt " << link.rtt << ", loss " << link.loss << ", jitter "
        << link.jitter << ": " << took << " s, foretold " << said;
  }
}

}  // namespace
}  // namespace dcdn::sim
