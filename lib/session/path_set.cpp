#include "session/path_set.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.hpp"
#include "dcdn/units.hpp"
#include "net/address_watch.hpp"
#include "net/local_interfaces.hpp"
#include "session/send_shared.hpp"

namespace dcdn::session {

namespace {

constexpr Micros kProbeEvery{5'000'000};
constexpr Micros kShareEvery{500'000};
constexpr std::chrono::milliseconds kFirstRedial{250};
constexpr std::chrono::milliseconds kLongestRedial{5000};
constexpr std::size_t kLeastQueue = 64u << 10;
constexpr std::size_t kMostQueue = 8u << 20;
constexpr std::size_t kCriticalRoom = 64u << 10;  // what bulk leaves free for critical chunks

double random_unit() {
  return static_cast<double>(random_u64() >> 11) / static_cast<double>(std::uint64_t{1} << 53);
}

// A critical chunk waits for critical ones only where the carrier sends those first.
pace::PathOption option_of(const net::Connection& connection, const PathLoad& load, bool critical) {
  const std::size_t queued = connection.queued_bytes();
  const std::uint64_t pending =
      critical && connection.coded() ? load.critical_pending() : queued + load.in_flight;
  const std::size_t limit =
      std::clamp<std::size_t>(2 * load.window, kLeastQueue, kMostQueue) + (critical ? kCriticalRoom : 0);
  return {load.meter.state(), !load.blocked && queued < limit && !connection.closed(), load.meter.rtt(),
          load.meter.rate(), pending};
}

}  // namespace

PathSet::PathSet(SendShared& shared, FirstPath first, net::Identity identity, std::function<void()> wake)
    : shared_(shared), first_(std::move(first)), identity_(std::move(identity)), wake_(std::move(wake)) {
  if (!shared_.settings.automatic_paths()) return;
  auto watch = net::AddressWatch::start(shared_.executor, [this, weak = std::weak_ptr(alive_)] {
    if (weak.expired()) return;
    look_again_ = true;
    wake_();
  });
  if (watch) watch_ = std::move(*watch);  // without it, a look every few seconds has to do
}

PathSet::~PathSet() {
  if (watch_) watch_->stop();
}

PathSet::Path* PathSet::path_named(const std::string& interface) {
  for (auto& path : paths_)
    if (path->interface == interface) return path.get();
  return nullptr;
}

void PathSet::find_interfaces() {
  const bool automatic = shared_.settings.automatic_paths();
  const std::vector<std::string> names =
      automatic ? net::interfaces_towards(first_.connection().peer_address(), kMostPaths)
                : shared_.settings.paths;
  for (auto& path : paths_)
    path->listed = std::find(names.begin(), names.end(), path->interface) != names.end();
  for (const std::string& name : names) {
    if (path_named(name) != nullptr || paths_.size() >= kMostPaths) continue;
    auto made = std::make_unique<Path>(Path{
        name, static_cast<std::uint32_t>(paths_.size() + 1), true, nullptr,
        pace::Backoff({.first = kFirstRedial, .longest = kLongestRedial, .total = {}, .forever = true})});
    paths_.push_back(std::move(made));
  }
}

void PathSet::find_first() {
  const auto found = first_.find_out();
  if (!found) return;
  if (Path* before = path_named(first_.interface())) {
    before->bytes += first_.leave();
    before->state = before->told = pace::PathState::probing;
  }
  first_.came_to(*found);
}

void PathSet::turn(Micros now) {
  if (std::exchange(look_again_, false) || now >= look_at_) {
    look_at_ = now + kProbeEvery;
    find_interfaces();
  }
  find_first();
  look_after_first(now);
  for (auto& path : paths_) look_after(*path, now);
  share_rate(now);
}

// What the user allows is for all of them together: each gets what it has of all that they could do.
void PathSet::share_rate(Micros now) {
  const double most = shared_.limits.rate();
  const bool changed = std::exchange(shared_rate_, most) != most;
  if (!changed && (most <= 0 || now < share_at_)) return;
  share_at_ = now + kShareEvery;
  std::vector<CarrierChoice*> ways;
  std::vector<double> rates;
  const auto add = [&](CarrierChoice& way, const PathLoad& load) {
    if (!way.coded()) return;
    ways.push_back(&way);
    rates.push_back(load.meter.rate());
  };
  add(first_.carrier(), first_.load());
  for (const auto& path : paths_)
    if (!carries_first(*path) && is_usable(*path) && path->carrier) add(*path->carrier, path->link->load());
  const std::vector<double> shares = pace::share_rate(most, rates);
  for (std::size_t i = 0; i < ways.size(); ++i) ways[i]->limit(shares[i]);
}

// A receiver of dcdn/1.1 listens to the coded carrier on every connection; an older one takes streams only
// here.
void PathSet::choose_carrier(Path& path) {
  net::Connection& connection = *path.link->connection();
  if (!path.carrier) {
    path.carrier.emplace(shared_, connection, "path " + path.interface);
    if (connection.begins_early()) path.carrier->agree();
  }
  path.carrier->consider(connection.stats());
}

void PathSet::look_after_first(Micros now) {
  first_.measure(now);
  if (first_.is_due_to_move(now)) move_first(now);
  if (Path* path = path_named(first_.interface())) {
    path->state = first_.load().meter.state();
    tell(*path);
  }
}

// What the first connection carries besides chunks cannot go another way, but the connection itself can.
void PathSet::move_first(Micros now) {
  Path* best = nullptr;
  for (auto& path : paths_) {
    if (carries_first(*path) || !is_usable(*path)) continue;
    if (best == nullptr || path->link->load().meter.rtt() < best->link->load().meter.rtt()) best = path.get();
  }
  if (best == nullptr) return;
  const std::string left = first_.interface();
  if (auto moved = first_.move_to(best->interface); !moved) {
    shared_.watcher.on_note(2, "path " + best->interface + ": " + moved.error().message);
    return;
  }
  shared_.watcher.on_note(
      1, fmt::format("path {} does not answer: the session goes on by {}", left, best->interface));
  const std::uint64_t sent = first_.leave();
  Path* before = path_named(left);
  if (before == nullptr) return;
  before->bytes += sent;
  before->state = before->told = pace::PathState::failed;
  const auto wait = before->backoff.next(random_unit(), {});
  before->dial_at = now + wait.value_or(kLongestRedial);
}

bool PathSet::is_usable(const Path& path) const {
  return path.link && path.link->phase() == LinkPhase::open &&
         path.link->load().meter.state() != pace::PathState::failed;
}

void PathSet::look_after(Path& path, Micros now) {
  if (!path.link) {
    const bool wanted =
        path.listed && !carries_first(path) && !receiver_ignores_ && !first_.connection().closed();
    if (wanted && now >= path.dial_at) dial(path);
    return;
  }
  PathLink& link = *path.link;
  if (link.phase() == LinkPhase::ended) return give_up(path, link.error(), now);
  if (link.is_ignored(now)) {
    receiver_ignores_ = true;
    shared_.watcher.on_note(1, "the receiver does not know several paths: only the first is used");
    return give_up(path, Error(Errc::unsupported, "not joined"), now);
  }
  if (link.phase() == LinkPhase::open) look_after_open(path, now);
}

void PathSet::look_after_open(Path& path, Micros now) {
  PathLink& link = *path.link;
  choose_carrier(path);
  link.load().measure(link.stats(), link.connection()->queued_bytes(), now);
  const pace::PathState state = link.load().meter.state();
  if (state == pace::PathState::failed)
    return give_up(
        path, Error(Errc::temporary, link.load().meter.loss() > 0.4 ? "loses too much" : "does not answer"),
        now);
  // Where the first connection has moved to, one that only carries chunks is one too many.
  if (carries_first(path)) {
    if (link.load().sent.empty()) give_up(path, Error(Errc::temporary, "not needed"), now);
    return;
  }
  path.state = state;
  if (state == pace::PathState::good) path.backoff.reset();
  tell(path);
  if (now >= path.probe_at) {
    if (path.probe_at > Micros(0)) link.probe();
    path.probe_at = now + kProbeEvery;
  }
}

void PathSet::dial(Path& path) {
  PathDial how;
  how.address = first_.connection().peer_address();
  how.peer = first_.connection().peer();
  how.session = shared_.settings.session;
  how.quic = shared_.settings.quic;
  how.identity = identity_;
  path.probe_at = Micros(0);
  path.link = std::make_shared<PathLink>(shared_.executor, path.interface, path.number,
                                         [this, weak = std::weak_ptr(alive_)] {
                                           if (!weak.expired()) wake_();
                                         });
  path.link->dial(how);
}

void PathSet::give_up(Path& path, Error why, Micros now) {
  const bool on_purpose = carries_first(path);
  const net::ConnectionStats last = path.link->stats();
  gone_.add(last);
  arrived_gone_ += path.link->arrived();
  path.gone.add(last);
  path.bytes += last.bytes_sent;
  path.critical_gone += path.link->load().critical_given;
  path.link->load().requeue_all();
  path.carrier.reset();
  path.link.reset();
  const auto wait = path.backoff.next(random_unit(), {});
  path.dial_at = now + wait.value_or(kLongestRedial);
  if (on_purpose) return;
  const bool first_time = path.state != pace::PathState::failed;
  path.state = path.told = pace::PathState::failed;
  shared_.watcher.on_note(first_time ? 1 : 2,
                          fmt::format("path {}: failed: {}", path.interface, why.message));
}

void PathSet::tell(Path& path) {
  if (path.state == path.told) return;
  path.told = path.state;
  if (path.state == pace::PathState::probing) return;
  const PathLoad& load = carries_first(path) ? first_.load() : path.link->load();
  shared_.watcher.on_note(1, fmt::format("path {}: {}, RTT {} ms, loss {:.0f} %, {}", path.interface,
                                         word_of(path.state), load.meter.rtt().count() / 1000,
                                         load.meter.loss() * 100, format_rate(load.meter.rate())));
}

net::Connection* PathSet::choose(bool critical, std::uint64_t bytes, std::uint64_t backlog) {
  std::vector<net::Connection*> ways{&first_.connection()};
  std::vector<pace::PathOption> options{option_of(first_.connection(), first_.load(), critical)};
  for (const auto& path : paths_) {
    if (carries_first(*path) || !is_usable(*path)) continue;
    ways.push_back(path->link->connection());
    options.push_back(option_of(*path->link->connection(), path->link->load(), critical));
  }
  // With nothing better, a bad path is used as if it were the only one: it is.
  if (ways.size() == 1) options[0].state = pace::PathState::good;
  const auto chosen = pace::choose_path(critical, bytes, backlog, options);
  return chosen ? ways[*chosen] : nullptr;
}

PathLoad& PathSet::load_of(const net::Connection& way) {
  for (auto& path : paths_)
    if (path->link && path->link->connection() == &way) return path->link->load();
  return first_.load();
}

void PathSet::gave(const net::Connection& way, net::StreamId stream, SentBatch batch) {
  load_of(way).gave(stream, std::move(batch));
}

bool PathSet::coded() const {
  return std::any_of(paths_.begin(), paths_.end(),
                     [](const auto& path) { return path->link && path->link->is_coded(); });
}

std::uint64_t PathSet::arrived() const {
  std::uint64_t all = arrived_gone_;
  for (const auto& path : paths_)
    if (path->link) all += path->link->arrived();
  return all;
}

void PathSet::add_to(net::ConnectionStats& stats) const {
  stats.add(gone_);
  for (const auto& path : paths_)
    if (path->link) stats.add(path->link->stats());
}

std::vector<PathUse> PathSet::uses() const {
  std::vector<PathUse> all;
  for (const auto& path : paths_) {
    PathUse use{path->interface, path->gone, path->critical_gone};
    if (path->link) {
      use.stats.add(path->link->stats());
      use.critical += path->link->load().critical_given;
    }
    if (carries_first(*path)) {
      use.stats.add(first_.connection().stats());
      use.critical += first_.load().critical_given;
    }
    if (use.stats.packets_sent > 0) all.push_back(std::move(use));
  }
  return all;
}

std::vector<PathProgress> PathSet::describe() const {
  std::vector<PathProgress> all;
  for (const auto& path : paths_) {
    PathProgress shown;
    shown.interface = path->interface;
    shown.state = word_of(path->state);
    shown.bytes = path->bytes;
    const PathLoad* load = nullptr;
    if (path->link) {
      load = &path->link->load();
      shown.bytes += path->link->stats().bytes_sent;
      shown.coded = path->link->is_coded();
    }
    if (carries_first(*path)) {
      load = &first_.load();
      shown.bytes += first_.bytes_here();
      shown.first = true;
      shown.coded = first_.connection().coded();
    }
    if (load != nullptr) {
      shown.rtt = load->meter.rtt();
      shown.loss = load->meter.loss();
      shown.rate = load->meter.rtt() > Micros(0) ? load->meter.rate() : 0;
    }
    all.push_back(std::move(shown));
  }
  return all;
}

}  // namespace dcdn::session
