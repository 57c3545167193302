#include "session/send_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace dcdn::session {

namespace {
constexpr std::size_t kShownObjects = 16;
constexpr std::chrono::seconds kStalledAfter{3};
}  // namespace

SendSession::SendSession(asio::any_io_executor executor, SendSettings settings, sign::SecretKey key,
                         SendWatcher& watcher, std::vector<SendObject> objects,
                         std::vector<DestinationSettings> destinations)
    : shared_(executor, std::move(settings), std::move(key), watcher), hub_(shared_), one_ended_(executor) {
  shared_.objects = std::move(objects);
  shared_.destinations = destinations.size();
  for (DestinationSettings& each : destinations)
    destinations_.push_back(std::make_unique<Destination>(shared_, hub_, std::move(each)));
}

SendSession::~SendSession() = default;

asio::awaitable<std::vector<DestinationResult>> SendSession::run() {
  running_ = destinations_.size();
  for (const auto& each : destinations_) {
    Destination* destination = each.get();
    net::spawn(shared_.executor, destination->run(), [this, destination](Result<void> result) {
      results_.push_back({destination->address(), destination->peer(), std::move(result)});
      --running_;
      one_ended_.notify();
    });
  }
  while (running_ > 0) co_await one_ended_.wait();
  co_return std::move(results_);
}

void SendSession::set_paused(bool paused) {
  shared_.paused = paused;
  for (auto& destination : destinations_) destination->wake();
}

void SendSession::set_rate(double bytes_per_s) {
  shared_.limits.set_rate(bytes_per_s, now_micros());
  for (auto& destination : destinations_) destination->wake();
}

void SendSession::set_chunk_rate(double chunks_per_s) {
  shared_.limits.set_chunk_rate(chunks_per_s, now_micros());
  for (auto& destination : destinations_) destination->wake();
}

bool SendSession::paused() const {
  return shared_.paused || std::any_of(destinations_.begin(), destinations_.end(),
                                       [](const auto& d) { return d->peer_paused(); });
}

void SendSession::stop(std::uint64_t close_code, const Error& error) {
  for (auto& destination : destinations_) destination->stop(close_code, error);
}

void SendSession::judge_again() {
  for (auto& destination : destinations_) destination->judge_again();
}

bool SendSession::connected() const {
  return std::any_of(destinations_.begin(), destinations_.end(),
                     [](const auto& d) { return d->state() == DestinationState::connected; });
}

std::uint64_t SendSession::wire_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& destination : destinations_) bytes += destination->stats().bytes_sent;
  return bytes;
}

std::uint64_t SendSession::wire_bytes_received() const {
  std::uint64_t bytes = 0;
  for (const auto& destination : destinations_) bytes += destination->stats().bytes_received;
  return bytes;
}

std::uint64_t SendSession::arrived_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& destination : destinations_) {
    const net::ConnectionStats stats = destination->stats();
    bytes += stats.stream_bytes_acknowledged + stats.coded_bytes_arrived;
  }
  return bytes;
}

// What was sent: then the receiver's disk is what is waited for.
bool SendSession::all_arrived() const {
  return std::all_of(destinations_.begin(), destinations_.end(),
                     [](const auto& destination) { return destination->stats().bytes_in_flight == 0; });
}

std::uint64_t SendSession::gained_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& destination : destinations_)
    for (const auto& transfer : destination->transfers()) bytes += transfer->bytes_gained();
  return bytes;
}

void SendSession::describe_objects(Progress& progress) const {
  const bool several = destinations_.size() > 1;
  std::uint64_t total = 0;
  bool total_known = true;
  for (const auto& destination : destinations_) {
    for (const auto& transfer : destination->transfers()) {
      const SendObject& object = transfer->object();
      const bool finished = transfer->phase() == TransferPhase::done;
      const std::uint64_t done = std::min(transfer->bytes_done(), object.bytes.value_or(UINT64_MAX));
      progress.bytes_done += done;
      total_known = total_known && object.bytes.has_value();
      // Something of it may have been left out: it was whole with less.
      const std::optional<std::uint64_t> bytes = finished && object.bytes ? done : object.bytes;
      total += bytes.value_or(0);
      ++progress.objects_total;
      if (finished) ++progress.objects_finished;
      const bool active =
          transfer->phase() == TransferPhase::running || transfer->phase() == TransferPhase::offered;
      const bool only = progress.objects_total == 1;
      if (!(active || finished || only) || progress.objects.size() >= kShownObjects) continue;
      if (finished && progress.objects_finished + kShownObjects / 2 < shared_.objects.size()) continue;
      ObjectProgress shown;
      shown.name = escape_for_display(object.shown_name().empty() ? "-" : object.shown_name());
      if (several) shown.peer = destination->address();
      shown.bytes_total = bytes;
      shown.bytes_done = done;
      shown.finished = finished;
      progress.objects.push_back(std::move(shown));
    }
  }
  if (total_known) progress.bytes_total = total;
}

std::string SendSession::state_word(Micros now, std::string& detail) const {
  if (paused()) return "paused";
  for (const auto& destination : destinations_) {
    if (destination->state() != DestinationState::waiting_to_retry) continue;
    detail = destination->detail();
    return "waiting for peer";
  }
  const bool all_done = std::all_of(destinations_.begin(), destinations_.end(),
                                    [](const auto& d) { return d->state() == DestinationState::done; });
  if (all_done) return "done";
  const bool all_over = std::all_of(destinations_.begin(), destinations_.end(), [](const auto& d) {
    return d->state() == DestinationState::done || d->state() == DestinationState::failed;
  });
  if (all_over) return "failed";
  if (!connected()) return "connecting";
  const auto silent = std::min(meter_.silent_for(now), arrived_meter_.silent_for(now));
  if (silent >= kStalledAfter) {
    detail = format_duration(silent);
    return "stalled";
  }
  return arrived_meter_.silent_for(now) >= kStalledAfter && all_arrived() ? "storing" : "sending";
}

Progress SendSession::progress() {
  const Micros now = now_micros();
  Progress progress;
  describe_objects(progress);
  // What was there already is no work of this session, and the time before anything moved is nobody's rate.
  meter_.update(gained_bytes(), now);
  arrived_meter_.update(arrived_bytes(), now);
  if (!arrived_meter_.moved()) {
    meter_.begin();
    arrived_meter_.begin();
  }
  progress.state = state_word(now, progress.detail);
  const bool coded =
      std::any_of(destinations_.begin(), destinations_.end(), [](const auto& d) { return d->coded(); });
  if (coded && progress.state == "sending") progress.detail = "coded";
  progress.rate_now = arrived_meter_.now_per_s();
  progress.rate_average = std::min(meter_.average_per_s(), arrived_meter_.average_per_s());
  if (progress.bytes_total && *progress.bytes_total >= progress.bytes_done) {
    const std::uint64_t left = *progress.bytes_total - progress.bytes_done;
    if (left > 0 && progress.state != "failed")
      progress.eta = (meter_.moved() ? meter_ : arrived_meter_).time_left(left);
    if (left == 0 && progress.state == "sending") progress.state = "verifying";
  }
  std::uint64_t packets = 0;
  std::uint64_t lost = 0;
  for (const auto& destination : destinations_) {
    const net::ConnectionStats stats = destination->stats();
    packets += stats.packets_sent;
    lost += stats.packets_lost;
    progress.wire_bytes += stats.bytes_sent;
    progress.rtt = std::max(progress.rtt, stats.smoothed_rtt);
    for (PathProgress& path : destination->paths()) progress.paths.push_back(std::move(path));
  }
  if (packets > 0) progress.loss = static_cast<double>(lost) / static_cast<double>(packets);
  return progress;
}

}  // namespace dcdn::session
