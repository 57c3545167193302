#include "net/quic_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "net/quic_clock.hpp"

namespace dcdn::net {

namespace {
constexpr std::size_t kLowMark = 1 << 20;
}

QuicConnection::QuicConnection(asio::any_io_executor executor, QuicSetup setup)
    : executor_(std::move(executor)),
      setup_(std::move(setup)),
      alarm_(executor_),
      streams_(engine_, gate_),
      outbox_([this](DatagramBatch& batch) { return send_now(batch); }, setup_.side == Side::client),
      coded_(setup_, engine_, gate_, outbox_),
      writer_(setup_, engine_, streams_, outbox_, coded_) {}

Result<std::shared_ptr<QuicConnection>> QuicConnection::make_client(asio::any_io_executor executor,
                                                                    QuicSetup setup) {
  setup.side = Side::client;
  auto made = std::make_shared<QuicConnection>(std::move(executor), std::move(setup));
  DCDN_TRY(made->engine_, QuicEngine::client(made->setup_, *made));
  return made;
}

Result<std::shared_ptr<QuicConnection>> QuicConnection::make_server(asio::any_io_executor executor,
                                                                    QuicSetup setup,
                                                                    const FirstPacket& first) {
  setup.side = Side::server;
  auto made = std::make_shared<QuicConnection>(std::move(executor), std::move(setup));
  const ngtcp2_cid ours = random_id(kConnectionIdBytes);
  DCDN_TRY(made->engine_, QuicEngine::server(made->setup_, first, ours, *made));
  for (const ngtcp2_cid& id : {ours, first.header.dcid}) {
    made->ids_.emplace_back(id);
    made->setup_.owner->add_id(made->ids_.back(), *made);
  }
  return made;
}

ConnectionPtr QuicConnection::handle() {
  const auto drop = [self = shared_from_this()](Connection*) {
    self->set_events(nullptr);
    self->close(0, "");
  };
  return {static_cast<Connection*>(this), drop};
}

void QuicConnection::receive(ByteView datagram, const SocketAddress& local, const SocketAddress& remote) {
  if (phase_ == Phase::gone) return;
  const auto self = shared_from_this();
  outbox_.heard(datagram.size());
  if (phase_ == Phase::closing) {
    if (closing_.answers_next()) send_close_packet();
    return;
  }
  in_turn_ = true;
  settle(engine_.read(datagram, local, remote));
}

bool QuicConnection::receive_coded(ByteView datagram) {
  if (phase_ != Phase::open || !coded_.is_for_us(datagram)) return false;
  const auto self = shared_from_this();
  in_turn_ = true;
  const auto authentic = coded_.receive(datagram, quic_now());
  if (!authentic) close(close_code_of(authentic.error().code), authentic.error().message);
  if (!authentic || *authentic) outbox_.heard(datagram.size());
  return true;
}

std::string QuicConnection::peer_address() const {
  return engine_.runs() ? engine_.remote().text() : setup_.remote.text();
}

void QuicConnection::schedule_flush() {
  if (flush_posted_ || in_turn_ || !is_live()) return;
  flush_posted_ = true;
  asio::post(executor_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void QuicConnection::flush() {
  in_turn_ = false;
  if (!is_live() || setup_.owner == nullptr) return;
  const auto self = shared_from_this();
  if (closing_.wanted()) {
    close_now(*closing_.wanted());
    return;
  }
  streams_.apply_resets();
  int failure = 0;
  const PacketWriter::Wrote wrote = writer_.write(failure);
  settle(failure);  // the client's handshake can complete while it writes
  if (!is_live()) return;
  if (setup_.owner->socket().take_refused()) {
    peer_refused();
    if (!is_live()) return;
  }
  if (const auto told = setup_.owner->socket().take_too_long()) packet_too_long(*told);
  const ngtcp2_tstamp now = quic_now();
  if (engine_.bytes_in_flight() == 0) outbox_.answered();
  outbox_.turn(now);
  if (phase_ == Phase::open) coded_.turn(now);
  tell_writable();
  if (wrote == PacketWriter::Wrote::more) schedule_flush();
  set_alarm(now);
}

void QuicConnection::set_alarm(ngtcp2_tstamp now) {
  if (phase_ == Phase::gone) return;
  const ngtcp2_tstamp next = engine_.runs() ? ngtcp2_conn_get_expiry(engine_.conn()) : closing_.over_at();
  const ngtcp2_tstamp next_coded = phase_ == Phase::open ? coded_.due(now) : kNever;
  alarm_.set(std::min({next, outbox_.due(now), next_coded, writer_.size().due(now)}),
             [self = shared_from_this()] { self->on_alarm(); });
}

void QuicConnection::on_alarm() {
  const ngtcp2_tstamp now = quic_now();
  if (phase_ == Phase::closing) {
    if (now >= closing_.over_at()) return vanish();
    outbox_.turn(now);
    set_alarm(now);
    return;
  }
  if (!is_live()) return;
  if (ngtcp2_conn_get_expiry(engine_.conn()) <= now) {
    in_turn_ = true;
    settle(ngtcp2_conn_handle_expiry(engine_.conn(), now));
  }
  flush();
}

Sent QuicConnection::send_now(DatagramBatch& batch) {
  const Sent sent = setup_.owner->socket().send(batch);
  if (sent == Sent::blocked) setup_.owner->wait_writable(*this);
  return sent;
}

void QuicConnection::socket_writable() {
  if (setup_.owner != nullptr && outbox_.resume()) flush();
}

Result<void> QuicConnection::migrate(const SocketAddress& local) {
  if (phase_ != Phase::open) return Error(Errc::temporary, "the connection is not established");
  const int failure = engine_.migrate(local, engine_.remote());
  if (failure != 0) return Error(Errc::temporary, fmt::format("QUIC: {}", ngtcp2_strerror(failure)));
  setup_.local = local;
  outbox_.forget_refusals();
  writer_.size().begin();
  schedule_flush();
  return {};
}

void QuicConnection::path_validated(const ngtcp2_path& path) {
  setup_.local = SocketAddress::from_raw(path.local.addr, path.local.addrlen);
  const SocketAddress remote = SocketAddress::from_raw(path.remote.addr, path.remote.addrlen);
  outbox_.address_proved(remote);
  if (setup_.side == Side::server) writer_.size().begin();
  coded_.path_validated(remote);
}

// Who cannot see our packets cannot name the connection that they are of, and is not believed.
void QuicConnection::packet_too_long(const TooLong& told) {
  const ngtcp2_cid* const id = ngtcp2_conn_get_dcid(engine_.conn());
  constexpr std::uint8_t kLongHeader = 0x80;
  const bool is_ours =
      told.is_local || (told.quoted_bytes > id->datalen && (told.quoted[0] & kLongHeader) == 0 &&
                        std::equal(id->data, id->data + id->datalen, told.quoted.begin() + 1));
  if (is_ours) writer_.size().too_long(told.sent, told.fits, quic_now());
}

Result<void> QuicConnection::use_interface(const std::string& name) {
  if (closed() || setup_.owner == nullptr) return gate_.why_closed();
  return setup_.owner->use_interface(name);
}

void QuicConnection::detach() {
  setup_.owner = nullptr;
  alarm_.cancel();
  phase_ = Phase::gone;
}

void QuicConnection::set_events(ConnectionEvents* events) {
  gate_.attach(events);
  if (!gate_.holds_back()) return;
  asio::post(executor_, [self = shared_from_this()] {
    self->gate_.release();
    self->flush();
  });
}

Result<StreamId> QuicConnection::open_stream(bool unidirectional) {
  if (closed()) return gate_.why_closed();
  return streams_.open(unidirectional);
}

Result<StreamId> QuicConnection::open_bulk(bool critical) {
  if (closed()) return gate_.why_closed();
  return coded_.is_started() ? Result<StreamId>(coded_.open(critical)) : open_unidirectional();
}

Result<void> QuicConnection::start_coded(double bytes_per_s) {
  DCDN_CHECK(listen_to_coded(bytes_per_s));
  coded_.start(bytes_per_s);
  return {};
}

Result<void> QuicConnection::listen_to_coded(double bytes_per_s) {
  if (coded_.listens()) return {};
  if (phase_ != Phase::open || setup_.owner == nullptr) return gate_.why_closed();
  const std::chrono::duration<double> round_trip = stats().smoothed_rtt;
  DCDN_CHECK(coded_.listen(bytes_per_s, round_trip.count()));
  setup_.owner->add_token(coded_.token(), *this);
  return {};
}

void QuicConnection::send(StreamId id, Buffer bytes, bool fin) {
  if (closed()) return;
  if (is_coded(id)) {
    coded_.push(id, std::move(bytes), fin);
  } else {
    streams_.queue().push(id, std::move(bytes), fin);
  }
  queued_high_ = std::max(queued_high_, queued_bytes());
  schedule_flush();
}

void QuicConnection::consume(StreamId id, std::size_t bytes) {
  if (!engine_.runs() || bytes == 0) return;
  if (is_coded(id)) {
    coded_.consumed(bytes);
  } else {
    streams_.consume(id, bytes);
  }
  schedule_flush();
}

void QuicConnection::reset_stream(StreamId id, std::uint64_t code) {
  if (closed()) return;
  if (is_coded(id)) return coded_.drop(id);
  streams_.give_up(id, code);
  schedule_flush();
}

void QuicConnection::close(std::uint64_t code, const std::string& reason) {
  if (closed()) return;
  closing_.want(code, reason);
  schedule_flush();
}

void QuicConnection::tell_writable() {
  const std::size_t now = queued_bytes();
  const std::size_t before = std::exchange(queued_high_, now);
  const bool fell = before >= kLowMark && now < kLowMark;
  const bool ran_empty = before > 0 && now == 0;
  if (streams_.take_granted() || fell || ran_empty) gate_.writable();
}

ConnectionStats QuicConnection::path_stats() const {
  ConnectionStats now;
  engine_.count(now);
  streams_.count(now);
  coded_.count(now);
  return now;
}

ConnectionStats QuicConnection::stats() const {
  ConnectionStats now = engine_.runs() ? path_stats() : path_at_end_;
  outbox_.count(now);
  return now;
}

void QuicConnection::learn_peer() {
  const Result<NodeId> key = engine_.tls().peer_key();
  if (key) peer_ = *key;
  if (key && setup_.policy.learn) setup_.policy.learn(peer_, engine_.tls().peer_names());
  const Result<void> verdict = key ? setup_.policy.check(peer_) : Result<void>(key.error());
  if (verdict) return;
  closing_.refuse(verdict.error());
  // It can already have sent data behind its handshake: nobody may see it.
  gate_.attach(nullptr);
}

void QuicConnection::settle(int failure) {
  if (!is_live()) return;
  if (closing_.refusal()) {
    close_now(*closing_.refusal());
    return;
  }
  if (failure != 0) {
    fail(failure);
    return;
  }
  if (phase_ == Phase::handshaking && ready_now_) announce_ready();
  if (streams_.is_worn_out() || coded_.is_worn_out())
    close(close_code_of(Errc::temporary), "this connection has carried enough, connect again");
  if (streams_.take_granted()) gate_.writable();
}

void QuicConnection::announce_ready() {
  phase_ = Phase::open;
  writer_.size().begin();
  outbox_.address_proved(engine_.remote());
  coded_.set_early(engine_.tls().early());
  // The client's first coded packets may come right behind its handshake. What fails here fails later as
  // well.
  if (coded_.is_early() && setup_.side == Side::server) (void)listen_to_coded(0);
  if (const Ready ready = std::exchange(ready_, nullptr)) ready(Result<void>());
}

}  // namespace dcdn::net
