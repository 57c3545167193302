#include "fec/parity_policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "dcdn/escape.hpp"
#include "dcdn/units.hpp"
#include "fec/reed_solomon.hpp"

namespace dcdn::fec {

namespace {

// log(n!), summed up: lgamma() writes a global variable.
const std::array<double, kMaxSymbols + 1>& log_factorials() {
  static const auto table = [] {
    std::array<double, kMaxSymbols + 1> made{};
    for (unsigned n = 1; n < made.size(); ++n) made[n] = made[n - 1] + std::log(static_cast<double>(n));
    return made;
  }();
  return table;
}

Error wrong_policy(std::string_view text, std::string_view why) {
  return Error(Errc::usage, fmt::format("policy '{}' {}", escape_for_display(text), why))
      .with_hint("latency:MS,loss:P (for example latency:200,loss:5%) or adaptive");
}

Error wrong_loss(std::string_view text, std::string_view why) {
  return Error(Errc::usage, fmt::format("loss '{}' {}", escape_for_display(text), why))
      .with_hint("a share such as 5% or 0.05");
}

Result<std::chrono::milliseconds> parse_budget(std::string_view text) {
  const bool bare = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  return parse_duration(bare ? std::string(text) + "ms" : std::string(text));
}

// The largest k that has an m at this loss; 0 if there is none.
unsigned most_sources(unsigned below, double loss, double target) {
  unsigned k = below;
  while (k > 0 && failure_odds({k, kMaxSymbols - k}, loss) >= target) --k;
  return k;
}

}  // namespace

double failure_odds(BlockShape shape, double loss) {
  const unsigned n = shape.sources + shape.repairs;
  if (!(loss > 0)) return 0;
  if (!(loss < 1)) return 1;
  const auto& log_factorial = log_factorials();
  const double log_loss = std::log(loss), log_kept = std::log1p(-loss);
  const auto log_odds = [&](unsigned lost) {
    return log_factorial[n] - log_factorial[lost] - log_factorial[n - lost] + lost * log_loss +
           (n - lost) * log_kept;
  };
  // Smallest first, so that the many small ones count.
  double sum = 0;
  const auto mode = static_cast<unsigned>((n + 1) * loss);
  for (unsigned lost = n; lost > std::max(mode, shape.repairs); --lost) sum += std::exp(log_odds(lost));
  for (unsigned lost = shape.repairs + 1; lost <= mode && lost <= n; ++lost) sum += std::exp(log_odds(lost));
  return std::min(sum, 1.0);
}

Result<unsigned> repairs_to_survive(unsigned sources, double loss, double target) {
  if (sources < 1 || sources >= kMaxSymbols)
    return Error(Errc::usage,
                 fmt::format("a block of {} source symbols: it has 1 to {}", sources, kMaxSymbols - 1));
  if (!(loss >= 0 && loss < 1))
    return Error(Errc::usage, fmt::format("a loss of {}: it is 0 or more and below 1", loss));
  if (!(target > 0 && target < 1))
    return Error(Errc::usage, fmt::format("odds of {}: they are above 0 and below 1", target));
  for (unsigned m = 1; m <= kMaxSymbols - sources; ++m)
    if (failure_odds({sources, m}, loss) < target) return m;
  const Error impossible(
      Errc::usage,
      fmt::format("a block of {} source symbols cannot have enough repair symbols to survive {:g} % loss: "
                  "both together are at most {}",
                  sources, loss * 100, kMaxSymbols));
  const unsigned k = most_sources(sources - 1, loss, target);
  if (k == 0) return impossible.with_hint("no block is small enough; state a smaller loss");
  return impossible.with_hint(fmt::format("use blocks of at most {} source symbols (-k {})", k, k));
}

double survivable_loss(BlockShape shape, double target) {
  double holds = 0, fails = 1;
  while (fails - holds > 1e-12) {
    const double middle = (holds + fails) / 2;
    (failure_odds(shape, middle) < target ? holds : fails) = middle;
  }
  return holds;
}

Result<std::uint64_t> depth_for_bursts(BlockShape shape, std::uint64_t burst) {
  if (shape.repairs == 0)
    return Error(Errc::usage, "without repair symbols no burst is survived").with_hint("set -m");
  return std::max<std::uint64_t>(1, burst / shape.repairs + (burst % shape.repairs != 0 ? 1 : 0));
}

BlockShape shape_for_latency(std::chrono::milliseconds budget, double loss) {
  const auto ms = budget.count();
  const unsigned k = ms <= 100 ? 8 : ms <= 200 ? 16 : ms <= 500 ? 32 : 64;
  const double wanted = std::ceil(k * std::clamp(loss, 0.0, 1.0) * 1.5);
  return {k, std::clamp(static_cast<unsigned>(wanted), 2u, k / 2)};
}

void AdaptiveParity::sample(double loss) {
  if (!(loss >= 0 && loss <= 1)) return;
  // Written so that a steady loss stays exactly what it is and on its side of a threshold.
  smoothed_ = known_ ? smoothed_ + 0.3 * (loss - smoothed_) : loss;
  known_ = true;
}

unsigned AdaptiveParity::parity() const {
  if (!known_) return 10;
  if (smoothed_ <= 0.05) return 5;
  if (smoothed_ <= 0.10) return 10;
  if (smoothed_ <= 0.15) return 15;
  return smoothed_ <= 0.20 ? 20 : 25;
}

BlockShape ParityPolicy::first_shape() const {
  return kind == PolicyKind::latency ? shape_for_latency(budget, loss) : AdaptiveParity().shape();
}

Result<double> parse_loss(std::string_view text) {
  std::string_view digits = text;
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  double value = 0;
  // from_chars alone would take "inf", "nan" and exponents.
  if (digits.empty() || digits.find_first_not_of("0123456789.") != std::string_view::npos)
    return wrong_loss(text, "is not a number");
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc() || end != digits.data() + digits.size())
    return wrong_loss(text, "is not a number");
  if (percent) value /= 100;
  if (value >= 1 && !percent && value < 100)
    return wrong_loss(text, "is more than all").with_hint(fmt::format("{0}% or {1:g}", digits, value / 100));
  if (value >= 1) return wrong_loss(text, "leaves nothing that could arrive");
  return value;
}

Result<ParityPolicy> parse_parity_policy(std::string_view text) {
  if (text == "adaptive") return ParityPolicy{};
  std::optional<std::chrono::milliseconds> budget;
  std::optional<double> loss;
  for (std::string_view left = text;;) {
    const std::size_t comma = left.find(',');
    const std::string_view part = left.substr(0, comma);
    const std::size_t colon = part.find(':');
    const std::string_view name = part.substr(0, colon);
    const std::string_view value = colon == std::string_view::npos ? "" : part.substr(colon + 1);
    if (name == "latency" && !budget) {
      if (value.empty()) return wrong_policy(text, "has no latency");
      DCDN_TRY(budget, parse_budget(value));
    } else if (name == "loss" && !loss) {
      if (value.empty()) return wrong_policy(text, "has no loss");
      DCDN_TRY(loss, parse_loss(value));
    } else if (name == "latency" || name == "loss") {
      return wrong_policy(text, fmt::format("states {} twice", name));
    } else {
      return wrong_policy(text, "is not known");
    }
    if (comma == std::string_view::npos) break;
    left.remove_prefix(comma + 1);
  }
  if (!budget) return wrong_policy(text, "has no latency");
  if (!loss) return wrong_policy(text, "has no loss");
  return ParityPolicy{PolicyKind::latency, *budget, *loss};
}

}  // namespace dcdn::fec
