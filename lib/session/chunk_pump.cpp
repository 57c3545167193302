#include "session/chunk_pump.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "pipeline/chunk_packer.hpp"

namespace dcdn::session {

namespace {

constexpr std::size_t kBatchBytes = 128u << 10;  // small chunks share a stream up to this
constexpr std::size_t kLeastQueue = 64u << 10;
constexpr std::size_t kMostQueue = 8u << 20;
constexpr Micros kMeasureEvery{500'000};

std::size_t class_of(const ObjectTransfer& transfer) {
  return static_cast<std::size_t>(transfer.object().priority);
}

}  // namespace

ChunkPump::ChunkPump(SendShared& shared, net::ConnectionPtr connection, CarrierChoice& carrier,
                     Transfers& transfers, std::function<void()> wake)
    : shared_(shared),
      connection_(std::move(connection)),
      carrier_(carrier),
      transfers_(transfers),
      wake_(std::move(wake)) {}

void ChunkPump::use_paths(const std::string& interface, const net::Identity& identity) {
  paths_ = std::make_unique<PathSet>(shared_, FirstPath(connection_, carrier_, interface), identity, wake_);
}

std::optional<Micros> ChunkPump::turn(bool paused) {
  const Micros now = now_micros();
  measure(now);
  if (paths_) {
    paths_->turn(now);
  } else {
    carrier_.limit(shared_.limits.rate());
  }
  return paused ? std::nullopt : send_chunks();
}

void ChunkPump::measure(Micros now) {
  if (now < next_measure_) return;
  next_measure_ = now + kMeasureEvery;
  const auto stats = connection_->stats();
  carrier_.consider(stats);
  const double sent = static_cast<double>(std::max<std::uint64_t>(stats.packets_sent, 1));
  const double rate = carried_rate(stats, now);
  for (auto& transfer : transfers_)
    transfer->measure({stats.smoothed_rtt, static_cast<double>(stats.packets_lost) / sent, rate});
}

// The coded carrier knows its own. Else what arrived while there was always more to send.
double ChunkPump::carried_rate(const net::ConnectionStats& stats, Micros now) {
  const std::uint64_t arrived =
      stats.stream_bytes_acknowledged + stats.coded_bytes_delivered + (paths_ ? paths_->arrived() : 0);
  const bool was_busy = std::exchange(busy_, has_backlog() || connection_->queued_bytes() > 0);
  const std::uint64_t before = std::exchange(arrived_, arrived);
  const double seconds = std::chrono::duration<double>(now - std::exchange(arrived_at_, now)).count();
  if (!paths_ && stats.content_rate > 0) return carried_rate_ = stats.content_rate;
  if (!was_busy || !busy_ || arrived <= before || seconds <= 0) return carried_rate_;
  const double rate = static_cast<double>(arrived - before) / seconds;
  carried_rate_ = carried_rate_ > 0 ? (carried_rate_ + rate) / 2 : rate;
  return carried_rate_;
}

std::array<bool, pace::kClasses> ChunkPump::backlog() const {
  std::array<bool, pace::kClasses> waiting{};
  for (const ObjectTransfer* transfer : offered_)
    if (transfer->has_chunk()) waiting[class_of(*transfer)] = true;
  return waiting;
}

bool ChunkPump::has_backlog() const {
  return std::any_of(offered_.begin(), offered_.end(), [](const auto* each) { return each->has_chunk(); });
}

std::optional<Micros> ChunkPump::send_chunks() {
  const std::size_t limit = queue_limit();
  for (;;) {
    const auto priority = scheduler_.pick(backlog());
    if (!priority) return std::nullopt;
    ObjectTransfer& next = oldest_of(*priority);
    net::Connection* way = way_for(next, limit);
    if (way == nullptr) return std::nullopt;
    const Micros now = now_micros();
    const Micros ready = shared_.limits.ready_at(now);
    if (ready > now) return ready;
    if (send_batch(next, *way, now)) continue;
    if (!paths_) return std::nullopt;  // on_writable comes
    paths_->has_no_stream(*way);
  }
}

// There is one: the class was picked for it.
ObjectTransfer& ChunkPump::oldest_of(std::size_t priority) const {
  ObjectTransfer* oldest = nullptr;
  for (ObjectTransfer* transfer : offered_) {
    if (!transfer->has_chunk() || class_of(*transfer) != priority) continue;
    if (oldest == nullptr || transfer->object().number < oldest->object().number) oldest = transfer;
  }
  return *oldest;
}

// How much is left decides, too, which of several connections takes it.
net::Connection* ChunkPump::way_for(const ObjectTransfer& next, std::size_t limit) {
  if (!paths_) return connection_->queued_bytes() < limit ? connection_.get() : nullptr;
  const bool critical = next.object().priority == message::Priority::critical;
  std::uint64_t waiting = 0;
  for (const auto& transfer : transfers_) {
    if (critical && transfer->object().priority != message::Priority::critical)
      continue;  // that waits for us
    const std::uint64_t more = transfer->backlog_bytes();
    if (more > UINT64_MAX - waiting) {
      waiting = UINT64_MAX;
      break;
    }
    waiting += more;
  }
  return paths_->choose(critical, next.next_chunk().bytes(), waiting);
}

// An object's next chunk, and small ones after it on the same stream.
bool ChunkPump::send_batch(ObjectTransfer& oldest, net::Connection& way, Micros now) {
  const bool critical = oldest.object().priority == message::Priority::critical;
  auto stream = way.open_bulk(critical);
  if (!stream) return false;
  std::size_t bytes = 0;
  SentBatch batch{&oldest, {}};
  for (bool last = false; !last;) {
    const QueuedChunk next = oldest.next_chunk();
    const source::SegmentChunk& chunk = next.chunk();
    const bool whole = next.difference.empty();
    const Buffer first = whole ? pipeline::chunk_frame_prefix(chunk.record, chunk.carried) : next.difference;
    oldest.pop_chunk();
    if (paths_) batch.chunks.push_back(next);
    if (critical) critical_given_ += next.bytes();
    const std::size_t size = first.size() + (whole ? chunk.carried.size() : 0);
    bytes += size;
    shared_.limits.spend(size, now);
    const bool limited = shared_.limits.ready_at(now) > now;
    last = bytes >= kBatchBytes || limited || !oldest.has_chunk() ||
           bytes + oldest.next_chunk().bytes() > kBatchBytes;
    way.send(*stream, first, last && !whole);
    if (whole) way.send(*stream, chunk.carried, last);
  }
  if (paths_) paths_->gave(way, *stream, std::move(batch));
  scheduler_.sent(class_of(oldest), bytes);
  return true;
}

// About two congestion windows: the wire never waits for us, and a critical chunk never waits behind much.
std::size_t ChunkPump::queue_limit() const {
  return std::clamp<std::size_t>(2 * connection_->stats().congestion_window, kLeastQueue, kMostQueue);
}

void ChunkPump::on_acknowledged(net::StreamId stream) {
  if (!paths_) return;
  paths_->on_first_acknowledged(stream);
  wake_();
}

void ChunkPump::on_writable() {
  if (paths_) paths_->on_first_writable();
  wake_();
}

// A further path that stands still is given up as failed; the session goes where the first one goes.
pace::Standstill::Reading ChunkPump::standing() const {
  const net::ConnectionStats first = connection_->stats();
  pace::Standstill::Reading now;
  now.arrived =
      first.stream_bytes_acknowledged + first.coded_bytes_delivered + (paths_ ? paths_->arrived() : 0);
  now.under_way = first.bytes_in_flight > 0;
  now.waiting = connection_->queued_bytes() > 0;
  return now;
}

std::vector<PathProgress> ChunkPump::paths() const {
  return paths_ ? paths_->describe() : std::vector<PathProgress>{};
}

net::ConnectionStats ChunkPump::stats() const {
  net::ConnectionStats all = connection_->stats();
  if (paths_) paths_->add_to(all);
  return all;
}

std::vector<PathUse> ChunkPump::uses() const {
  return paths_ ? paths_->uses() : std::vector<PathUse>{{"", connection_->stats(), critical_given_}};
}

bool ChunkPump::coded() const {
  return connection_->coded() || (paths_ && paths_->coded());
}

}  // namespace dcdn::session
