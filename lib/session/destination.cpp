#include "session/destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <asio/post.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "dcdn/units.hpp"
#include "net/connect.hpp"
#include "net/local_interfaces.hpp"

namespace dcdn::session {

namespace {

// With several destinations: one that is away for longer than this no longer holds up the others.
constexpr std::chrono::milliseconds kLateAfter{5000};

bool may_pass(Errc code) {
  return code == Errc::temporary || code == Errc::unreachable;
}

double random_unit() {
  return static_cast<double>(random_u64() >> 11) / static_cast<double>(std::uint64_t{1} << 53);
}

}  // namespace

Destination::Destination(SendShared& shared, FeedHub& hub, DestinationSettings settings)
    : shared_(shared),
      hub_(hub),
      settings_(std::move(settings)),
      backoff_(shared.settings.backoff),
      stopped_(shared.executor) {
  // Packing threads announce segments: hop to the loop, and let a burst of them wake it once.
  auto wake_soon = [this] { asio::post(shared_.executor, [this] { wake(); }); };
  for (const SendObject& object : shared_.objects)
    transfers_.push_back(std::make_unique<ObjectTransfer>(shared_, hub_, object, wake_soon));
}

void Destination::wake() {
  if (link_) link_->wake();
}

void Destination::stop(std::uint64_t close_code, Error error) {
  if (stop_error_) return;
  stop_error_ = std::move(error);
  stopped_.notify();
  if (link_) link_->stop(close_code, *stop_error_);
}

void Destination::judge_again() {
  if (!link_ || !peer_ || !settings_.verdict) return;
  if (const auto judged = settings_.verdict(*peer_); !judged)
    stop(message::code_number(Errc::untrusted), judged.error());
}

net::Task<void> Destination::run() {
  for (;;) {
    spent_since_ = now_micros();
    const Result<void> ended = co_await connect_once();
    if (ended) break;
    ++lost_connections_;
    if (stop_error_) co_return *stop_error_;
    if (!may_pass(ended.error().code)) {
      state_ = DestinationState::failed;
      co_return ended.error();
    }
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(now_micros() - spent_since_);
    const Error& error = ended.error();
    const Result<void> waited = co_await wait_before_retry(error, spent);
    if (!waited) co_return waited.error();
  }
  const Result<void> all = outcome();
  state_ = all ? DestinationState::done : DestinationState::failed;
  co_return all;
}

net::Task<void> Destination::connect_once() {
  if (stop_error_) co_return *stop_error_;
  state_ = DestinationState::connecting;
  net::PeerPolicy policy = settings_.policy;
  policy.before_accepted = true;  // our first messages travel with the end of the handshake
  net::QuicOptions quic = shared_.settings.quic;
  net::Identity identity = settings_.identity;
  const std::string interface = next_interface();
  DCDN_CO_TRY(net::ConnectionPtr connected,
              co_await net::connect(shared_.executor, settings_.address, std::move(quic), std::move(identity),
                                    std::move(policy), interface, answered_at_));
  if (stop_error_) {
    connected->close(0, "stopped");
    co_return *stop_error_;
  }
  peer_ = connected->peer();
  answered_at_ = connected->peer_address();
  state_ = DestinationState::connected;
  detail_.clear();
  ++shared_.connections;
  if (shared_.opened_unix_s == 0) shared_.opened_unix_s = now_unix_s();
  link_ = std::make_unique<SendLink>(shared_, connected, transfers_);
  if (!shared_.settings.paths.empty()) link_->pump().use_paths(interface, settings_.identity);
  auto ended = co_await link_->run();
  const net::ConnectionStats last = link_->pump().stats();
  tell_paths();
  earlier_.add(last);
  earlier_uses_ = uses();
  if (link_->made_progress()) backoff_.reset();
  spent_since_ = now_micros() - link_->stood_still();
  link_.reset();
  co_return ended;
}

net::Task<void> Destination::wait_before_retry(Error error, std::chrono::milliseconds spent) {
  const auto wait = backoff_.next(random_unit(), spent);
  if (!wait) {
    state_ = DestinationState::failed;
    co_return error;
  }
  state_ = DestinationState::waiting_to_retry;
  detail_ = fmt::format("retry {} in {} ms: {}", backoff_.tries(), wait->count(), error.message);
  shared_.watcher.on_note(1, settings_.address + ": " + detail_);
  const bool late = backoff_.tries() > 1 || *wait + spent > kLateAfter;
  if (shared_.destinations > 1 && late) leave_shared_feeds();
  const bool stopped = co_await stopped_.wait_for(*wait);
  if (stopped && stop_error_) {
    const Error stop = *stop_error_;
    co_return stop;
  }
  co_return Result<void>();
}

void Destination::leave_shared_feeds() {
  for (auto& transfer : transfers_) {
    if (auto left = transfer->leave_shared_feed(); !left) transfer->fail(left.error());
  }
}

Result<void> Destination::outcome() const {
  for (const auto& transfer : transfers_) {
    if (transfer->error()) return *transfer->error();
  }
  return {};
}

// Where the routes point comes first, unless paths are named; then each in turn.
std::string Destination::next_interface() const {
  std::vector<std::string> names = shared_.settings.paths;
  if (shared_.settings.automatic_paths()) {
    names = net::interfaces_towards(settings_.address, kMostPaths);
    names.insert(names.begin(), "");
  }
  return names.empty() ? "" : names[lost_connections_ % names.size()];
}

std::vector<PathProgress> Destination::paths() const {
  std::vector<PathProgress> all = link_ ? link_->pump().paths() : std::vector<PathProgress>{};
  for (PathProgress& path : all)
    if (shared_.destinations > 1) path.peer = settings_.address;
  return all;
}

void Destination::tell_paths() const {
  for (const PathProgress& path : paths())
    shared_.watcher.on_note(
        1, fmt::format("path {}: {}, RTT {} ms, loss {:.0f} %, {}, {} sent{}", path.interface, path.state,
                       path.rtt.count() / 1000, path.loss * 100, format_rate(path.rate),
                       format_size(path.bytes), path.first ? ", the session itself" : ""));
}

net::ConnectionStats Destination::stats() const {
  net::ConnectionStats all = link_ ? link_->pump().stats() : net::ConnectionStats{};
  all.add(earlier_);
  return all;
}

std::vector<PathUse> Destination::uses() const {
  std::vector<PathUse> all = earlier_uses_;
  for (const PathUse& now : link_ ? link_->pump().uses() : std::vector<PathUse>{}) {
    const auto known = std::find_if(all.begin(), all.end(),
                                    [&](const PathUse& use) { return use.interface == now.interface; });
    if (known == all.end()) {
      all.push_back(now);
    } else {
      known->stats.add(now.stats);
      known->critical += now.critical;
    }
  }
  return all;
}

}  // namespace dcdn::session
