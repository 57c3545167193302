#include "session/path_link.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "net/connect.hpp"
#include "session/send_shared.hpp"

namespace dcdn::session {

namespace {
constexpr Micros kMeasureEvery{5'000};
constexpr Micros kAnswerWithin{5'000'000};
}  // namespace

void PathLoad::measure(const net::ConnectionStats& stats, std::size_t unsent, Micros now) {
  if (now - measured_at < kMeasureEvery) return;
  measured_at = now;
  window = stats.congestion_window;
  in_flight = stats.bytes_in_flight;
  pace::PathReading reading;
  reading.rtt = stats.smoothed_rtt;
  reading.probe_timeout = stats.probe_timeout;
  reading.timeouts = stats.timeouts;
  reading.packets_sent = stats.packets_sent;
  reading.packets_lost = stats.packets_lost;
  reading.bytes_acknowledged = stats.stream_bytes_acknowledged + stats.coded_bytes_delivered;
  reading.rate = stats.content_rate;
  reading.in_flight = stats.bytes_in_flight;
  reading.unsent = unsent;
  reading.window = stats.congestion_window;
  meter.update(reading, now);
}

bool SentBatch::is_critical() const {
  return transfer->object().priority == message::Priority::critical;
}

std::uint64_t SentBatch::bytes() const {
  std::uint64_t all = 0;
  for (const QueuedChunk& chunk : chunks) all += chunk.bytes();
  return all;
}

void PathLoad::gave(net::StreamId stream, SentBatch batch) {
  if (batch.is_critical()) critical_given += batch.bytes();
  sent[stream] = std::move(batch);
}

std::uint64_t PathLoad::critical_pending() const {
  std::uint64_t all = 0;
  for (const auto& [stream, batch] : sent)
    if (batch.is_critical()) all += batch.bytes();
  return all;
}

void PathLoad::requeue_all() {
  for (auto batch = sent.rbegin(); batch != sent.rend(); ++batch) {
    const auto& chunks = batch->second.chunks;
    for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk)
      batch->second.transfer->requeue(*chunk);
  }
  sent.clear();
}

PathLink::PathLink(asio::any_io_executor executor, std::string interface, std::uint32_t number,
                   std::function<void()> changed)
    : executor_(std::move(executor)),
      interface_(std::move(interface)),
      number_(number),
      changed_(std::move(changed)) {}

PathLink::~PathLink() {
  if (connection_) connection_->set_events(nullptr);  // and letting go of it closes it
}

void PathLink::dial(const PathDial& how) {
  how_ = how;
  net::PeerPolicy policy;
  policy.check = [peer = how.peer](const NodeId& key) -> Result<void> {
    if (key == peer) return {};
    return Error(Errc::untrusted, "another node answers on this path");
  };
  auto task = net::connect(executor_, how.address, how.quic, how.identity, std::move(policy), interface_);
  net::spawn(executor_, std::move(task), [weak = weak_from_this()](Result<net::ConnectionPtr> made) {
    if (const auto self = weak.lock()) self->connected(std::move(made));
  });
}

void PathLink::connected(Result<net::ConnectionPtr> made) {
  if (!made) return end(made.error());
  connection_ = std::move(*made);
  connection_->set_events(this);
  const auto stream = connection_->open_bidirectional();
  if (!stream) return end(stream.error());
  session_stream_ = *stream;
  phase_ = LinkPhase::joining;
  joined_asked_at_ = now_micros();
  probe();
}

void PathLink::probe() {
  if (session_stream_ < 0) return;
  const message::Join join{1, how_.session, number_};
  Buffer frame = frame_buffer(wire::FrameType::join, message::encode(join));
  asked_bytes_ += frame.size();
  connection_->send(session_stream_, std::move(frame), false);
}

bool PathLink::is_ignored(Micros now) const {
  return phase_ == LinkPhase::joining && now - joined_asked_at_ >= kAnswerWithin &&
         connection_->stats().stream_bytes_acknowledged > 0;
}

net::ConnectionStats PathLink::stats() const {
  return connection_ ? connection_->stats() : net::ConnectionStats{};
}

std::uint64_t PathLink::arrived() const {
  const net::ConnectionStats now = stats();
  return now.stream_bytes_acknowledged - std::min(now.stream_bytes_acknowledged, asked_bytes_) +
         now.coded_bytes_delivered;
}

void PathLink::on_stream_data(net::StreamId id, ByteView bytes, bool fin) {
  connection_->consume(id, bytes.size());
  if (id != session_stream_ || phase_ == LinkPhase::ended) return;
  auto taken = frames_.feed(bytes, fin, [this](const wire::Frame& frame) { return take_frame(frame); });
  if (!taken) end(taken.error());
}

Result<void> PathLink::take_frame(const wire::Frame& frame) {
  if (frame.type == wire::FrameType::failure) {
    DCDN_TRY(const auto failure, message::parse<message::Failure>(frame.body.view()));
    return message::told_by_peer("receiver", failure.code, failure.message);
  }
  if (frame.type != wire::FrameType::joined) return {};
  DCDN_TRY(const auto joined, message::parse<message::Joined>(frame.body.view()));
  if (joined.path != number_) return Error(Errc::corrupt, "the receiver joined another path");
  if (phase_ == LinkPhase::joining) phase_ = LinkPhase::open;
  changed_();
  return {};
}

void PathLink::on_stream_reset(net::StreamId, std::uint64_t) {
  end(Error(Errc::temporary, "the receiver gave up a stream"));
}

void PathLink::on_stream_acknowledged(net::StreamId id) {
  load_.sent.erase(id);
  load_.blocked = false;
  changed_();
}

void PathLink::on_writable() {
  load_.blocked = false;
  changed_();
}

void PathLink::on_closed(const net::CloseInfo& info) {
  end(info.error);
}

// The connection is let go of when its owner sees this: not from inside one of its calls.
void PathLink::end(Error error) {
  if (phase_ == LinkPhase::ended) return;
  phase_ = LinkPhase::ended;
  error_ = std::move(error);
  changed_();
}

}  // namespace dcdn::session
