#include "session/send_link.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "pipeline/chunk_packer.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::session {

namespace {

constexpr std::size_t kOffersAhead = 16;                  // objects offered and not yet done
constexpr std::size_t kBatchBytes = 128u << 10;           // small chunks share a stream up to this
constexpr std::uint32_t kUsualLargestChunk = 256u << 10;  // an answer that overtakes the welcome
constexpr std::uint64_t kRefusedCode = 0x100;
constexpr std::chrono::milliseconds kIdleLook{200};
constexpr std::chrono::milliseconds kBusyLook{5};
constexpr Micros kMeasureEvery{500'000};

std::size_t class_of(const ObjectTransfer& transfer) {
  return static_cast<std::size_t>(transfer.object().priority);
}

// What the receiver says, in our words: the code is its, the text is shown escaped.
Error told_by_peer(const message::Failure& failure) {
  const Errc code = message::code_of_number(failure.code);
  // That something of the name exists there is, seen from here, a refusal.
  return {code == Errc::exists ? Errc::refused : code, "receiver: " + escape_for_display(failure.message)};
}

}  // namespace

SendConnection::SendConnection(SendShared& shared, net::ConnectionPtr connection,
                               std::vector<std::unique_ptr<ObjectTransfer>>& transfers)
    : shared_(shared),
      connection_(std::move(connection)),
      carrier_(shared, *connection_, "the path"),
      transfers_(transfers),
      signal_(shared.executor),
      session_frames_(std::make_unique<FrameStream>(control_pool_)) {
  connection_->set_events(this);
}

SendConnection::~SendConnection() {
  connection_->set_events(nullptr);
}

net::Task<void> SendConnection::run() {
  DCDN_CO_CHECK(say_hello());
  while (!lost_) {
    turn();
    if (lost_) break;
    if (all_ended()) {
      connection_->close(0, "done");
      co_return Result<void>();
    }
    auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(kIdleLook);
    const auto waiting = backlog();
    if (std::find(waiting.begin(), waiting.end(), true) != waiting.end() && !shared_.paused &&
        !peer_paused_) {
      wait = kBusyLook;
    }
    if (tokens_at_) wait = std::chrono::duration_cast<std::chrono::milliseconds>(*tokens_at_ - now_micros());
    wait = std::clamp(wait, std::chrono::milliseconds(1), std::chrono::milliseconds(kIdleLook));
    const bool woken = co_await signal_.wait_for(wait);
    (void)woken;
  }
  for (auto& transfer : transfers_) transfer->disconnected();
  co_return *lost_;
}

Result<void> SendConnection::say_hello() {
  DCDN_TRY(session_stream_, connection_->open_bidirectional());
  message::Hello hello;
  hello.agent = shared_.settings.agent;
  hello.session = shared_.settings.session;
  // A receiver has to know that a key is withdrawn before it is offered anything.
  if (!shared_.settings.statements.empty())
    connection_->send(session_stream_, Buffer::copy_of(shared_.settings.statements), false);
  connection_->send(session_stream_, frame_buffer(wire::FrameType::hello, message::encode(hello)), false);
  if (connection_->begins_early()) {
    carrier_.agree();
  } else if (carrier_.may_be_coded()) {
    connection_->send(session_stream_,
                      frame_buffer(wire::FrameType::carrier, message::encode(message::CarrierOffer{})),
                      false);
  }
  return offer_next();
}

// Offers go out with the hello, before the welcome is here: that saves a round trip.
Result<void> SendConnection::offer_next() {
  for (auto& transfer : transfers_) {
    if (active_.size() >= kOffersAhead) return {};
    if (transfer->phase() != TransferPhase::waiting) continue;
    auto stream = connection_->open_bidirectional();
    if (!stream) return {};  // no stream credit now: on_writable comes
    const SendObject& object = transfer->object();
    message::Offer offer;
    offer.object = object.number;
    offer.kind = object.kind;
    offer.name = object.name;
    offer.bytes = object.bytes;
    offer.entries = object.entries;
    offer.priority = object.priority;
    offer.chunk_content = shared_.settings.chunk_bytes.value_or(0);
    connection_->send(*stream, frame_buffer(wire::FrameType::offer, message::encode(offer)), false);
    if (shared_.settings.differences && !object.ready_stream && !object.sealed) {
      connection_->send(*stream,
                        frame_buffer(wire::FrameType::differences, message::encode(message::Differences{})),
                        false);
    }
    active_[*stream] = Active{transfer.get(), std::make_unique<FrameStream>(control_pool_), std::nullopt};
    transfer->offered();
    if (may_begin_early(*transfer)) {
      begun_early_ = true;
      transfer->begin_early({connection_->stats().smoothed_rtt, 0});
    }
  }
  return {};
}

void SendConnection::on_stream_data(net::StreamId id, ByteView bytes, bool fin) {
  connection_->consume(id, bytes.size());
  if (lost_) return;
  Result<void> taken;
  if (id == session_stream_) {
    taken =
        session_frames_->feed(bytes, fin, [this](wire::Frame& frame) { return take_session_frame(frame); });
  } else if (auto it = active_.find(id); it != active_.end()) {
    Active& active = it->second;
    taken = active.frames->feed(bytes, fin,
                                [&](wire::Frame& frame) { return take_object_frame(id, active, frame); });
    const bool over = active.transfer->over();
    if (taken && fin && !over && !active.receipt)
      taken = Error(Errc::corrupt, "the receiver ended an object's stream and has not received it");
    if (taken && over) end(active);
  }
  if (!taken) drop(taken.error().during("from " + connection_->peer_address()));
  signal_.notify();
}

Result<void> SendConnection::take_session_frame(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::FrameType::welcome: {
      DCDN_TRY(const auto welcome, message::parse<message::Welcome>(frame.body.view()));
      if (welcome.protocol != 1)
        return Error(Errc::unsupported, "the receiver speaks another protocol version");
      welcome_ = welcome;
      return {};
    }
    case wire::FrameType::carrier:
      return take_carrier(frame);
    case wire::FrameType::pause:
    case wire::FrameType::resume:
      peer_paused_ = frame.type == wire::FrameType::pause;
      shared_.watcher.on_peer_pause(peer_paused_);
      return {};
    case wire::FrameType::failure: {
      DCDN_TRY(const auto failure, message::parse<message::Failure>(frame.body.view()));
      return told_by_peer(failure);
    }
    case wire::FrameType::key_rotation:
    case wire::FrameType::key_revocation:
      return shared_.watcher.on_statement(frame);
    default:
      return {};  // something newer than this version
  }
}

Result<void> SendConnection::take_object_frame(net::StreamId stream, Active& active,
                                               const wire::Frame& frame) {
  const ByteView body = frame.body.view();
  ObjectTransfer& transfer = *active.transfer;
  if (transfer.over()) return {};  // what comes behind a receipt or a failure changes nothing
  switch (frame.type) {
    case wire::FrameType::answer: {
      DCDN_TRY(const auto answer, parse_about<message::Answer>(transfer.object().number, body));
      if (!transfer.awaits_answer()) return Error(Errc::corrupt, "a second answer to one offer");
      if (connection_->begins_early() && !message::is_plain(answer)) {
        const message::Again again{transfer.object().number};
        connection_->send(stream, frame_buffer(wire::FrameType::again, message::encode(again)), false);
      }
      const auto stats = connection_->stats();
      const std::uint32_t largest = welcome_ ? welcome_->max_chunk_content : kUsualLargestChunk;
      const auto limit = std::clamp<std::uint32_t>(largest, wire::kMinChunkContent, wire::kMaxChunkContent);
      if (auto begun = transfer.answered(answer, {stats.smoothed_rtt, 0}, limit); !begun)
        transfer.fail(begun.error());
      return {};
    }
    case wire::FrameType::want: {
      DCDN_TRY(const auto want, parse_about<message::Want>(transfer.object().number, body));
      return transfer.wanted(want);
    }
    case wire::FrameType::basis: {
      DCDN_TRY(const auto piece, parse_about<message::BasisPiece>(transfer.object().number, body));
      return transfer.told(piece);
    }
    case wire::FrameType::compare: {
      DCDN_TRY(const auto compare, parse_about<message::Compare>(transfer.object().number, body));
      return transfer.told(compare);
    }
    case wire::FrameType::stored: {
      DCDN_TRY(const auto stored, parse_about<message::Stored>(transfer.object().number, body));
      made_progress_ = true;
      return transfer.stored(stored);
    }
    case wire::FrameType::receipt:
      return take_receipt(active, frame);
    case wire::FrameType::cancel: {
      DCDN_TRY(const auto cancel, parse_about<message::Cancel>(transfer.object().number, body));
      transfer.fail(Error(Errc::refused, "receiver: cancelled: " + escape_for_display(cancel.reason)));
      return {};
    }
    case wire::FrameType::failure: {
      DCDN_TRY(const auto failure, parse_about<message::Failure>(transfer.object().number, body));
      transfer.fail(told_by_peer(failure));
      return {};
    }
    default:
      return {};
  }
}

Result<void> SendConnection::take_receipt(Active& active, const wire::Frame& frame) {
  DCDN_TRY(const auto receipt, wire::parse_receipt(frame.body.view()));
  auto accepted = active.transfer->received(receipt, connection_->peer());
  if (!accepted) {
    active.transfer->fail(accepted.error());
    return {};
  }
  if (!*accepted) {
    active.receipt = frame;
    return {};
  }
  made_progress_ = true;
  shared_.watcher.on_receipt(active.transfer->object(), receipt, frame.body.view());
  return {};
}

void SendConnection::on_stream_reset(net::StreamId id, std::uint64_t) {
  auto it = active_.find(id);
  if (id == session_stream_ || (it != active_.end() && it->second.transfer->phase() != TransferPhase::done))
    drop(Error(Errc::temporary, "the receiver gave up a stream"));
}

void SendConnection::on_closed(const net::CloseInfo& info) {
  if (!lost_) {
    Error error = info.error;
    if (info.clean && info.by_peer && info.code != 0)
      error = Error(message::code_of_number(static_cast<std::uint32_t>(info.code)),
                    "receiver: " + escape_for_display(info.reason));
    // A receiver that goes away politely before everything is done may come back: another try tells.
    if (info.clean && info.code == 0) error = Error(Errc::temporary, "the receiver closed the connection");
    // Codes from kRefusedCode on: it did not take us as a peer (dcdn-session(5), CLOSING).
    if (info.error.code == Errc::untrusted || (info.by_peer && info.code >= kRefusedCode))
      error = info.error.during(connection_->peer_address());
    lost_ = error;
  }
  signal_.notify();
}

void SendConnection::drop(Error error) {
  const std::uint64_t code = message::code_number(error.code);
  stop(code, std::move(error));
}

void SendConnection::end(Active& active) {
  for (auto it = active_.begin(); it != active_.end(); ++it) {
    if (&it->second != &active) continue;
    connection_->send(it->first, Buffer(), true);
    active_.erase(it);
    return;
  }
}

void SendConnection::stop(std::uint64_t close_code, Error error) {
  if (lost_) return;
  connection_->close(close_code, error.message);
  lost_ = std::move(error);
  signal_.notify();
}

void SendConnection::turn() {
  tell_pause();
  if (auto offered = offer_next(); !offered) return drop(offered.error());
  send_segments();
  tokens_at_.reset();
  const Micros now = now_micros();
  if (now >= next_measure_) {
    next_measure_ = now + kMeasureEvery;
    const auto stats = connection_->stats();
    carrier_.consider(stats);
    const double sent = static_cast<double>(std::max<std::uint64_t>(stats.packets_sent, 1));
    for (auto& transfer : transfers_)
      transfer->measure({stats.smoothed_rtt, static_cast<double>(stats.packets_lost) / sent});
  }
  if (paths_) paths_->turn(now);
  if (!shared_.paused && !peer_paused_) tokens_at_ = send_chunks();
}

void SendConnection::send_segments() {
  std::vector<net::StreamId> ended;
  for (auto& [stream, active] : active_) {
    auto frames = active.transfer->due_segments();
    if (!frames) {
      const message::Cancel cancel{active.transfer->object().number, frames.error().message.substr(0, 200)};
      connection_->send(stream, frame_buffer(wire::FrameType::cancel, message::encode(cancel)), true);
      active.transfer->fail(frames.error());
      ended.push_back(stream);
      continue;
    }
    for (Buffer& frame : *frames) connection_->send(stream, std::move(frame), false);
    if (!frames->empty() && active.receipt) {
      const wire::Frame receipt = *std::exchange(active.receipt, std::nullopt);
      if (auto taken = take_receipt(active, receipt); !taken) return drop(taken.error());
      if (active.transfer->phase() != TransferPhase::running) {
        connection_->send(stream, Buffer(), true);
        ended.push_back(stream);
      }
    }
  }
  for (const net::StreamId stream : ended) active_.erase(stream);
}

std::array<bool, pace::kClasses> SendConnection::backlog() const {
  std::array<bool, pace::kClasses> waiting{};
  for (const auto& [stream, active] : active_) {
    if (active.transfer->has_chunk()) waiting[class_of(*active.transfer)] = true;
  }
  return waiting;
}

std::optional<Micros> SendConnection::send_chunks() {
  const std::size_t limit = queue_limit();
  for (;;) {
    const auto priority = scheduler_.pick(backlog());
    if (!priority) return std::nullopt;
    ObjectTransfer& next = *oldest_of(*priority);
    net::Connection* way = way_for(next, limit);
    if (way == nullptr) return std::nullopt;
    const Micros now = now_micros();
    const Micros ready = std::max(shared_.byte_bucket.ready_at(now), shared_.chunk_bucket.ready_at(now));
    if (ready > now) return ready;
    if (send_batch(next, *way, now)) continue;
    if (!paths_) return std::nullopt;  // on_writable comes
    paths_->has_no_stream(*way);
  }
}

ObjectTransfer* SendConnection::oldest_of(std::size_t priority) const {
  ObjectTransfer* oldest = nullptr;
  for (const auto& [stream, active] : active_) {
    if (!active.transfer->has_chunk() || class_of(*active.transfer) != priority) continue;
    if (oldest == nullptr || active.transfer->object().number < oldest->object().number)
      oldest = active.transfer;
  }
  return oldest;
}

// An object's next chunk, and small ones after it on the same stream.
bool SendConnection::send_batch(ObjectTransfer& oldest, net::Connection& way, Micros now) {
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
    (void)shared_.byte_bucket.try_spend(static_cast<double>(size), now);
    (void)shared_.chunk_bucket.try_spend(1, now);
    const bool limited = shared_.byte_bucket.ready_at(now) > now || shared_.chunk_bucket.ready_at(now) > now;
    last = bytes >= kBatchBytes || limited || !oldest.has_chunk() ||
           bytes + oldest.next_chunk().bytes() > kBatchBytes;
    way.send(*stream, first, last && !whole);
    if (whole) way.send(*stream, chunk.carried, last);
  }
  if (paths_) paths_->gave(way, *stream, std::move(batch));
  scheduler_.sent(class_of(oldest), bytes);
  return true;
}

}  // namespace dcdn::session
