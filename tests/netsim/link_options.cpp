#include "netsim/link_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "dcdn/units.hpp"

namespace dcdn::netsim {
namespace {

using namespace std::chrono_literals;

constexpr double kMegabit = 1e6 / 8;

ChannelOptions channel(double megabits, Time delay, double loss = 0, Time jitter = {}) {
  ChannelOptions options;
  options.bytes_per_s = megabits * kMegabit;
  options.delay = delay;
  options.loss = loss;
  options.jitter = jitter;
  return options;
}

LinkOptions both(const ChannelOptions& options) {
  return {options, options, 1};
}

LinkOptions bursty() {
  ChannelOptions options = channel(10, 100ms);
  options.bursts = Bursts{0.02, 0.08, 0, 1};
  return both(options);
}

LinkOptions flapping() {
  ChannelOptions options = channel(10, 100ms);
  options.up = 8s;
  options.down = 5s;
  return both(options);
}

constexpr std::array<LinkOption, 9> kOptions = {{
    {"--rate", "RATE", "of the bottleneck, 10mbit"},
    {"--queue", "SIZE", "before the bottleneck; default: rate times twice the delay, at least 15 kB"},
    {"--delay", "TIME", "one way"},
    {"--jitter", "TIME", "each packet's delay is drawn from delay - jitter to delay + jitter; reorders"},
    {"--loss", "PART", "0.2 or 20%, each packet for itself"},
    {"--burst-loss", "B,G,LG,LB",
     "Gilbert-Elliott: probability of good to bad, of bad to good, loss in each"},
    {"--up", "TIME", "outages: up that long,"},
    {"--down", "TIME", "then down that long"},
    {"--change", "TIME,...", "from then on: 10s,rate=5mbit,loss=0.1"},
}};

Error bad_value(std::string_view name, std::string_view value) {
  return Error(Errc::usage, std::string(name) + ": cannot read '" + std::string(value) + "'")
      .with_hint("netsim --help says what it takes");
}

Result<double> parse_part(std::string_view name, std::string_view text) {
  std::string_view digits = text;
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (percent) value /= 100;
  if (error != std::errc() || end != digits.data() + digits.size() || !(value >= 0 && value <= 1)) {
    return bad_value(name, text);
  }
  return value;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Result<Bursts> parse_bursts(std::string_view text) {
  const std::vector<std::string_view> parts = split(text);
  if (parts.size() != 4) return bad_value("--burst-loss", text);
  std::array<double, 4> values{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    DCDN_TRY(values[i], parse_part("--burst-loss", parts[i]));
  }
  return Bursts{values[0], values[1], values[2], values[3]};
}

Result<Change> parse_change(std::string_view text) {
  const std::vector<std::string_view> parts = split(text);
  Change change;
  DCDN_TRY(const auto at, parse_duration(parts[0]));
  change.at = at;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].starts_with("rate=")) {
      DCDN_TRY(const auto rate, parse_rate(parts[i].substr(5)));
      change.bytes_per_s = static_cast<double>(rate);
    } else if (parts[i].starts_with("loss=")) {
      DCDN_TRY(const double loss, parse_part("--change", parts[i].substr(5)));
      change.loss = loss;
    } else {
      return bad_value("--change", text);
    }
  }
  return change;
}

Result<void> set_one(ChannelOptions& options, std::string_view name, std::string_view value) {
  if (name == "--rate") {
    DCDN_TRY(const auto rate, parse_rate(value));
    options.bytes_per_s = static_cast<double>(rate);
  } else if (name == "--queue") {
    DCDN_TRY(options.queue_bytes, parse_size(value));
  } else if (name == "--delay") {
    DCDN_TRY(options.delay, parse_duration(value));
  } else if (name == "--jitter") {
    DCDN_TRY(options.jitter, parse_duration(value));
  } else if (name == "--loss") {
    DCDN_TRY(options.loss, parse_part(name, value));
  } else if (name == "--burst-loss") {
    DCDN_TRY(options.bursts, parse_bursts(value));
  } else if (name == "--up") {
    DCDN_TRY(options.up, parse_duration(value));
  } else if (name == "--down") {
    DCDN_TRY(options.down, parse_duration(value));
  } else if (name == "--change") {
    DCDN_TRY(options.change, parse_change(value));
  } else {
    return Error(Errc::usage, "no option " + std::string(name)).with_hint("netsim --help lists them");
  }
  return {};
}

/// "--back-rate" is "--rate".
std::string without_back(std::string_view name) {
  if (!name.starts_with("--back-")) return std::string(name);
  return "--" + std::string(name.substr(7));
}

}  // namespace

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = {
      {"lan", "1 Gbit/s, 0.2 ms RTT", both(channel(1000, 100us))},
      {"dsl", "16 Mbit/s down, 2 up, 30 ms RTT", {channel(2, 15ms), channel(16, 15ms), 1}},
      {"lte-edge", "2 Mbit/s, 160 ms RTT, jitter 40 ms, 3 % loss", both(channel(2, 80ms, 0.03, 40ms))},
      {"satellite", "10 Mbit/s, 600 ms RTT, 1 % loss", both(channel(10, 300ms, 0.01))},
      {"disaster", "1 Mbit/s, 200 ms RTT, jitter 100 ms, 20 % loss", both(channel(1, 100ms, 0.2, 100ms))},
      {"disaster-33", "1 Mbit/s, 600 ms RTT, 33 % loss", both(channel(1, 300ms, 0.33))},
      {"bursty", "10 Mbit/s, 200 ms RTT, 20 % loss in bursts of 12 packets", bursty()},
      {"flapping", "10 Mbit/s, 200 ms RTT, 8 s up, 5 s down", flapping()},
      {"asymmetric",
       "1 Mbit/s forth, 10 back, 60 ms RTT, 2 % loss",
       {channel(1, 30ms, 0.02), channel(10, 30ms, 0.02), 1}},
  };
  return all;
}

Result<LinkOptions> find_profile(std::string_view name) {
  const auto& all = profiles();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Profile& p) { return p.name == name; });
  if (found != all.end()) return found->link;
  return Error(Errc::usage, "no profile " + std::string(name)).with_hint("netsim --list-profiles lists them");
}

std::span<const LinkOption> link_options() {
  return kOptions;
}

bool is_link_option(std::string_view name) {
  const std::string plain = without_back(name);
  return std::any_of(kOptions.begin(), kOptions.end(), [&](const LinkOption& o) { return o.name == plain; });
}

Result<void> set_option(LinkOptions& link, std::string_view name, std::string_view value) {
  const std::string plain = without_back(name);
  if (plain == name) {
    DCDN_CHECK(set_one(link.forth, plain, value));
  }
  return set_one(link.back, plain, value);
}

}  // namespace dcdn::netsim
