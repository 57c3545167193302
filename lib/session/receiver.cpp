#include "session/receiver.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace dcdn::session {

namespace {
constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::chrono::seconds kStalledAfter{3};
constexpr std::uint64_t kBeat = 4096;
}  // namespace

Receiver::Receiver(std::shared_ptr<ReceiveShared> shared, bool once)
    : shared_(std::move(shared)), once_(once), changed_(shared_->executor) {}

void Receiver::take(net::ConnectionPtr connection, const std::function<void(net::ConnectionEvents&)>& early) {
  if (stopping_) return;  // letting go of it closes it
  auto received = std::make_shared<ReceiveLink>(shared_, std::move(connection));
  connections_.push_back(received);
  received->start(early);
}

void Receiver::forget_ended() {
  connections_.remove_if([this](const auto& connection) {
    if (!connection->over()) return false;
    wire_bytes_ended_ += connection->stats().bytes_received;
    if (connection->delivered_all()) once_done_ = true;
    return true;
  });
}

// A sender that was killed leaves a connection that lasts until the idle timeout; nobody waits for that.
bool Receiver::all_idle() const {
  return std::all_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->idle(); });
}

net::Task<void> Receiver::run() {
  while (!stop_error_ && !stopping_) {
    for (auto& connection : connections_) connection->look(now_micros());
    forget_ended();
    if (shared_->output_error) stop_error_ = shared_->output_error;
    if (once_ && once_done_ && all_idle()) break;
    const bool woken = co_await changed_.wait_for(kLookEvery);
    (void)woken;
  }
  stopping_ = true;
  // A sender may come back, unless what stops us is our key: that concerns it as well.
  const bool key = stop_error_ && stop_error_->code == Errc::untrusted;
  const std::uint64_t code = !stop_error_ ? 0 : message::code_number(key ? Errc::untrusted : Errc::temporary);
  const std::string why = key ? "the receiver's key is no longer good" : "the receiver stops";
  for (auto& connection : connections_) connection->close(code, why);
  // What was received is written before the process ends: the worker runs its queue to the end.
  if (stop_error_) co_return *stop_error_;
  co_return Result<void>();
}

void Receiver::stop(std::optional<Error> error) {
  if (stopping_) return;
  shared_->settings.stopping->store(true);
  stop_error_ = std::move(error);
  if (!stop_error_) stopping_ = true;
  changed_.notify();
}

void Receiver::judge_again(const std::function<Result<void>(const NodeId&)>& verdict) {
  for (const auto& connection : connections_) {
    if (connection->over()) continue;
    if (const auto judged = verdict(connection->peer()); !judged) connection->refuse(judged.error());
  }
  changed_.notify();
}

bool Receiver::command(const std::string& session, const std::string& what) {
  for (auto& connection : connections_) {
    if (connection->session_id() != session) continue;
    if (what == "cancel")
      connection->cancel();
    else
      connection->set_paused(what == "pause");
    return true;
  }
  return false;
}

std::uint64_t Receiver::wire_bytes() const {
  std::uint64_t bytes = wire_bytes_ended_;
  for (const auto& connection : connections_) bytes += connection->stats().bytes_received;
  return bytes;
}

Progress Receiver::progress() {
  const Micros now = now_micros();
  Progress progress;
  for (const auto& connection : connections_) connection->describe(progress);
  progress.wire_bytes += wire_bytes_ended_;
  // A service runs for a year: what is said, amounts as well as rates, is of what began when it was idle
  // last.
  const Counts counts{shared_->bytes_verified, shared_->objects_delivered};
  if (progress.objects.empty()) {
    idle_ = counts;
  } else {
    before_ = idle_;
  }
  progress.bytes_done = counts.bytes - before_.bytes;
  progress.objects_finished = counts.objects - before_.objects;
  meter_.update(counts.bytes, now);
  arrived_meter_.update(progress.wire_bytes / kBeat * kBeat, now);
  if (!arrived_meter_.moved() || progress.objects.empty()) {
    meter_.begin();
    arrived_meter_.begin();
  }
  progress.rate_now = arrived_meter_.now_per_s();
  progress.rate_average = std::min(meter_.average_per_s(), arrived_meter_.average_per_s());
  if (progress.objects.empty()) {
    progress.state = "waiting for peer";
    return progress;
  }
  progress.state = "receiving";
  std::uint64_t left = 0;
  bool known = true;
  for (const ObjectProgress& object : progress.objects) {
    known = known && object.bytes_total.has_value();
    left += object.bytes_total.value_or(0) - std::min(object.bytes_total.value_or(0), object.bytes_done);
  }
  if (known) progress.eta = (meter_.moved() ? meter_ : arrived_meter_).time_left(left);
  const auto silent = std::min(meter_.silent_for(now), arrived_meter_.silent_for(now));
  const bool paused = std::any_of(connections_.begin(), connections_.end(),
                                  [](const auto& connection) { return connection->paused_by_peer(); });
  if (paused) {
    progress.state = "paused";
  } else if (silent >= kStalledAfter) {
    progress.state = "stalled";
    progress.detail = format_duration(silent);
  }
  return progress;
}

}  // namespace dcdn::session
