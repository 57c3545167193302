#include "session/send_link.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "dcdn/units.hpp"
#include "pace/carrier_rule.hpp"
#include "session/offers_ahead.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::session {

namespace {

constexpr std::uint32_t kUsualLargestChunk = 256u << 10;  // an answer that overtakes the welcome
constexpr std::uint64_t kRefusedCode = 0x100;
constexpr std::size_t kMostStatements = 128;  // of each side; each may cost two verifications
constexpr std::chrono::milliseconds kIdleLook{200};
// A standstill on the path is borne as long as silence is, but no longer than is tried at all. One that is
// the receiver's may be a slow disk that writes back what it was given.
constexpr std::chrono::seconds kPathPatience{30};
constexpr std::chrono::minutes kReceiverPatience{10};
constexpr std::chrono::milliseconds kBusyLook{5};

pace::Standstill patience_of(const SendSettings& settings) {
  const pace::BackoffOptions& retry = settings.backoff;
  std::chrono::milliseconds path =
      std::max<std::chrono::milliseconds>(kPathPatience, settings.quic.idle_timeout);
  const bool limited = !retry.forever && retry.total > std::chrono::milliseconds(0);
  if (limited) path = std::min(path, retry.total);
  return {path, kReceiverPatience, now_micros()};
}

}  // namespace

SendLink::SendLink(SendShared& shared, net::ConnectionPtr connection, Transfers& transfers)
    : shared_(shared),
      connection_(std::move(connection)),
      carrier_(shared, *connection_, "the path"),
      transfers_(transfers),
      signal_(shared.executor),
      session_frames_(std::make_unique<FrameStream>(control_pool_)),
      pump_(shared, connection_, carrier_, transfers, [this] { signal_.notify(); }),
      standstill_(patience_of(shared.settings)) {
  connection_->set_events(this);
}

SendLink::~SendLink() {
  connection_->set_events(nullptr);
}

net::Task<void> SendLink::run() {
  DCDN_CO_CHECK(say_hello());
  while (!lost_) {
    const std::optional<Micros> tokens_at = turn();
    if (lost_) break;
    if (all_ended() && farewell_.is_over(now_micros())) {
      connection_->close(0, "done");
      co_return Result<void>();
    }
    const bool waiting = pump_.has_backlog() && !shared_.paused && !peer_paused_;
    std::chrono::milliseconds wait = waiting ? kBusyLook : kIdleLook;
    if (tokens_at) wait = std::chrono::duration_cast<std::chrono::milliseconds>(*tokens_at - now_micros());
    wait = std::clamp(wait, std::chrono::milliseconds(1), kIdleLook);
    const bool woken = co_await signal_.wait_for(wait);
    (void)woken;
  }
  for (auto& transfer : transfers_) transfer->disconnected();
  co_return *lost_;
}

Result<void> SendLink::say_hello() {
  DCDN_TRY(session_stream_, connection_->open_bidirectional());
  message::Hello hello;
  hello.agent = shared_.settings.agent;
  hello.session = shared_.settings.session;
  // A receiver has to know that a key is withdrawn before it is offered anything.
  const Bytes statements = shared_.settings.statements ? shared_.settings.statements() : Bytes();
  if (!statements.empty()) connection_->send(session_stream_, Buffer::copy_of(statements), false);
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
Result<void> SendLink::offer_next() {
  OffersAhead offers_ahead(active_);
  for (auto& transfer : transfers_) {
    if (transfer->phase() != TransferPhase::waiting) continue;
    if (!offers_ahead.take(transfer->object())) return {};
    auto stream = connection_->open_bidirectional();
    if (!stream) return {};  // no stream credit now: on_writable comes
    const SendObject& object = transfer->object();
    message::Offer offer;
    offer.object = object.number;
    offer.kind = object.kind;
    offer.name = object.name;
    offer.bytes = object.bytes;
    offer.holes = object.holes;
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
    pump_.add(*transfer);
    transfer->offered();
    if (may_begin_early(*transfer)) {
      begun_early_ = true;
      transfer->begin_early({connection_->stats().smoothed_rtt, 0});
    }
  }
  return {};
}

// One object of a session's first connection does not wait for its answer, which saves a round trip. It is
// one of which the receiver can hardly have anything, or that is worth it: of a repeated command this is
// wasted.
bool SendLink::may_begin_early(const ObjectTransfer& transfer) const {
  constexpr std::uint64_t kWorthIt = 1u << 20;
  const SendObject& object = transfer.object();
  const bool first = !begun_early_ && shared_.connections == 1;
  const bool small_chunks = shared_.settings.chunk_bytes.value_or(0) <= kEarlyLargestChunk;
  const bool pays = object.priority == message::Priority::critical || object.bytes.value_or(0) >= kWorthIt;
  return connection_->begins_early() && first && !transfer.was_sent_before() && small_chunks && pays &&
         object.rereadable() && !pace::is_short_path(connection_->stats().min_rtt) && !shared_.paused;
}

void SendLink::on_stream_data(net::StreamId id, ByteView bytes, bool fin) {
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
    if (taken && over) {
      connection_->send(id, Buffer(), true);
      end(id);
    }
  }
  if (!taken) drop(taken.error().during("from " + connection_->peer_address()));
  signal_.notify();
}

Result<void> SendLink::take_session_frame(const wire::Frame& frame) {
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
      return message::told_by_peer("receiver", failure.code, failure.message);
    }
    case wire::FrameType::key_rotation:
    case wire::FrameType::key_revocation:
      if (++statements_ > kMostStatements) return Error(Errc::limit, "too many statements about keys");
      return shared_.watcher.on_statement(frame);
    default:
      return {};  // something newer than this version
  }
}

Result<void> SendLink::take_carrier(const wire::Frame& frame) {
  // What it says does not matter yet: there is one version.
  if (const auto agreed = message::parse<message::CarrierOffer>(frame.body.view()); !agreed)
    return agreed.error();
  if (!carrier_.may_be_coded())
    return Error(Errc::corrupt, "the receiver agrees to a carrier that was not offered");
  carrier_.agree();
  return {};
}

Result<void> SendLink::take_object_frame(net::StreamId stream, Active& active, const wire::Frame& frame) {
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
        give_up(stream, active, begun.error());
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
      transfer.fail(told_of(transfer.object(), failure));
      return {};
    }
    default:
      return {};
  }
}

Result<void> SendLink::take_receipt(Active& active, const wire::Frame& frame) {
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

void SendLink::on_stream_reset(net::StreamId id, std::uint64_t) {
  auto it = active_.find(id);
  if (id == session_stream_ || (it != active_.end() && it->second.transfer->phase() != TransferPhase::done))
    drop(Error(Errc::temporary, "the receiver gave up a stream"));
}

void SendLink::on_stream_acknowledged(net::StreamId id) {
  pump_.on_acknowledged(id);
  farewell_.acknowledged(id);
  if (all_ended()) signal_.notify();
}

void SendLink::on_writable() {
  pump_.on_writable();
}

void SendLink::on_closed(const net::CloseInfo& info) {
  if (!lost_) {
    Error error = info.error;
    if (info.clean && info.by_peer && info.code != 0)
      error = message::told_by_peer("receiver", info.code, info.reason);
    // A receiver that goes away politely before everything is done may come back: another try tells.
    if (info.clean && info.code == 0) error = Error(Errc::temporary, "the receiver closed the connection");
    // Codes from kRefusedCode on: it did not take us as a peer (dcdn-session(5), CLOSING).
    const std::string address = connection_->peer_address();
    if (info.error.code == Errc::untrusted || (info.by_peer && info.code >= kRefusedCode))
      error = info.error.message.starts_with(address) ? info.error : info.error.during(address);
    lost_ = error;
  }
  signal_.notify();
}

void SendLink::drop(Error error) {
  const std::uint64_t code = message::code_number(error.code);
  stop(code, std::move(error));
}

void SendLink::end(net::StreamId stream) {
  const auto ended = active_.find(stream);
  pump_.remove(*ended->second.transfer);
  active_.erase(ended);
}

void SendLink::stop(std::uint64_t close_code, Error error) {
  if (lost_) return;
  connection_->close(close_code, error.message);
  lost_ = std::move(error);
  signal_.notify();
}

Micros SendLink::stood_still() const {
  return standstill_.lasted(now_micros());
}

// What lives by its keep-alives alone is as good as lost: another connection may do better, and if none does,
// that counts as time without progress.
std::optional<Error> SendLink::standstill() {
  const Micros now = now_micros();
  if (!standstill_.is_due(now)) return std::nullopt;
  pace::Standstill::Reading reading = pump_.standing();
  if (shared_.paused || peer_paused_) reading.under_way = reading.waiting = false;
  standstill_.look(reading, now);
  const pace::Standstill::Reason reason = standstill_.reason(now);
  if (reason == pace::Standstill::Reason::none) return std::nullopt;
  const std::string time =
      format_duration(std::chrono::duration_cast<std::chrono::seconds>(standstill_.lasted(now)));
  const bool path = reason == pace::Standstill::Reason::path;
  return Error(Errc::temporary, path ? "connected, but nothing has arrived there for " + time
                                     : "connected, but the receiver has taken nothing for " + time);
}

std::optional<Micros> SendLink::turn() {
  tell_pause();
  if (const auto stuck = standstill()) {
    drop(*stuck);
    return std::nullopt;
  }
  if (auto offered = offer_next(); !offered) {
    drop(offered.error());
    return std::nullopt;
  }
  send_segments();
  return pump_.turn(shared_.paused || peer_paused_);
}

void SendLink::tell_pause() {
  const bool paused = shared_.paused;
  if (paused == told_paused_) return;
  told_paused_ = paused;
  const auto type = paused ? wire::FrameType::pause : wire::FrameType::resume;
  connection_->send(session_stream_,
                    frame_buffer(type, message::encode(message::PauseResume{"by the sender"})), false);
}

void SendLink::send_segments() {
  std::vector<net::StreamId> ended;
  for (auto& [stream, active] : active_) {
    if (const auto again = active.transfer->take_begin_again()) return drop(*again);
    auto frames = active.transfer->due_segments();
    if (!frames) {
      give_up(stream, active, frames.error());
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
  for (const net::StreamId stream : ended) end(stream);
}

void SendLink::give_up(net::StreamId stream, Active& active, const Error& why) {
  const message::Cancel cancel{active.transfer->object().number,
                               reason_for_peer(active.transfer->object(), why)};
  connection_->send(stream, frame_buffer(wire::FrameType::cancel, message::encode(cancel)), true);
  farewell_.said(stream);
  active.transfer->fail(why);
}

bool SendLink::all_ended() const {
  return std::all_of(transfers_.begin(), transfers_.end(), [](const auto& each) { return each->over(); });
}

}  // namespace dcdn::session
