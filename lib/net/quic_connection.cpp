#include "net/quic_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <asio/post.hpp>
#include <bit>
#include <utility>

#include "base/random.hpp"
#include "net/quic_settings.hpp"

namespace dcdn::net {

namespace {

ngtcp2_path path_of(SocketAddress& local, SocketAddress& remote) {
  return {{local.raw(), local.size()}, {remote.raw(), remote.size()}, nullptr};
}

ngtcp2_cid random_id(std::size_t size) {
  ngtcp2_cid id;
  id.datalen = size;
  random_bytes(MutableByteView(id.data, size));
  return id;
}

Error no_connection(int failure) {
  return {Errc::internal, fmt::format("QUIC: {}", ngtcp2_strerror(failure))};
}

ngtcp2_conn* connection_of(ngtcp2_crypto_conn_ref* reference) {
  return static_cast<ngtcp2_conn*>(reference->user_data);
}

std::chrono::steady_clock::time_point time_point_of(ngtcp2_tstamp time) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(time));
}

}  // namespace

QuicConnection::QuicConnection(QuicSetup setup, Side side)
    : setup_(std::move(setup)),
      side_(side),
      timer_(setup_.executor),
      pacer_(setup_.options.congestion == Congestion::bbr),
      repeat_timer_(setup_.executor),
      coded_timer_(setup_.executor) {
  max_payload_ = max_payload_for(setup_.options, setup_.remote.family());
}

QuicConnection::~QuicConnection() = default;

Result<void> QuicConnection::start_tls(Side side) {
  reference_.get_conn = connection_of;
  reference_.user_data = conn_.get();
  DCDN_TRY(tls_, GnutlsSession::make(side, setup_.credentials, &reference_,
                                     setup_.options.carrier != Carrier::streams));
  ngtcp2_conn_set_tls_native_handle(conn_.get(), tls_->handle());
  const auto keep_alive =
      static_cast<ngtcp2_duration>(setup_.options.keep_alive.count()) * NGTCP2_MILLISECONDS;
  ngtcp2_conn_set_keep_alive_timeout(conn_.get(), keep_alive);
  return {};
}

Result<std::shared_ptr<QuicConnection>> QuicConnection::make_client(QuicSetup setup) {
  auto made = std::make_shared<QuicConnection>(std::move(setup), Side::client);
  const ngtcp2_settings settings = settings_from(made->setup_.options);
  const ngtcp2_transport_params parameters = parameters_from(made->setup_.options);
  const ngtcp2_callbacks callbacks = callbacks_for(Side::client);
  const ngtcp2_cid theirs = random_id(18);
  const ngtcp2_cid ours = random_id(kConnectionIdBytes);
  const ngtcp2_path path = path_of(made->setup_.local, made->setup_.remote);
  ngtcp2_conn* raw = nullptr;
  const int failure = ngtcp2_conn_client_new(&raw, &theirs, &ours, &path, NGTCP2_PROTO_VER_V1, &callbacks,
                                             &settings, &parameters, nullptr, made.get());
  if (failure != 0) return no_connection(failure);
  made->conn_.reset(raw);
  DCDN_CHECK(made->start_tls(Side::client));
  return made;
}

Result<std::shared_ptr<QuicConnection>> QuicConnection::make_server(QuicSetup setup,
                                                                    const FirstPacket& first) {
  auto made = std::make_shared<QuicConnection>(std::move(setup), Side::server);
  ngtcp2_settings settings = settings_from(made->setup_.options);
  ngtcp2_transport_params parameters = parameters_from(made->setup_.options);
  if (first.original_id) {
    settings.token = first.header.token;
    parameters.original_dcid = *first.original_id;
    parameters.retry_scid = first.header.dcid;
    parameters.retry_scid_present = 1;
  } else {
    parameters.original_dcid = first.header.dcid;
  }
  const ngtcp2_callbacks callbacks = callbacks_for(Side::server);
  const ngtcp2_cid ours = random_id(kConnectionIdBytes);
  parameters.stateless_reset_token_present = 1;
  const auto& secret = made->setup_.credentials->reset_secret();
  if (ngtcp2_crypto_generate_stateless_reset_token(parameters.stateless_reset_token, secret.data(),
                                                   secret.size(), &ours) != 0)
    return Error(Errc::internal, "QUIC: no stateless reset token");
  const ngtcp2_path path = path_of(made->setup_.local, made->setup_.remote);
  ngtcp2_conn* raw = nullptr;
  const int failure = ngtcp2_conn_server_new(&raw, &first.header.scid, &ours, &path, first.header.version,
                                             &callbacks, &settings, &parameters, nullptr, made.get());
  if (failure != 0) return no_connection(failure);
  made->conn_.reset(raw);
  DCDN_CHECK(made->start_tls(Side::server));
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
  if (phase_ == Phase::closing) {
    // RFC 9000 section 10.2.1: answer, but ever less often.
    if (std::has_single_bit(++packets_while_closing_)) send_close_packet();
    return;
  }
  if (!is_live()) return;
  const auto self = shared_from_this();
  SocketAddress from = local;
  SocketAddress to = remote;
  const ngtcp2_path path = path_of(from, to);
  const ngtcp2_pkt_info info{};
  refusals_in_a_row_ = 0;
  stats_.bytes_received += datagram.size();
  in_turn_ = true;
  settle(ngtcp2_conn_read_pkt(conn_.get(), &path, &info, datagram.data(), datagram.size(), quic_now()));
}

SocketAddress QuicConnection::remote_now() const {
  if (!conn_) return setup_.remote;
  const ngtcp2_path* path = ngtcp2_conn_get_path(conn_.get());
  return SocketAddress::from_raw(path->remote.addr, path->remote.addrlen);
}

std::string QuicConnection::peer_address() const {
  return remote_now().text();
}

void QuicConnection::schedule_flush() {
  if (flush_posted_ || in_turn_ || !is_live()) return;
  flush_posted_ = true;
  asio::post(setup_.executor, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void QuicConnection::arm_timer() {
  if (!conn_) return;
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(conn_.get());
  if (armed_for_ <= expiry)
    return;  // it wakes early, finds nothing to do, and is set anew: cheaper than moving it
  armed_for_ = expiry;
  timer_.expires_at(time_point_of(expiry));
  timer_.async_wait([self = shared_from_this()](std::error_code cancelled) {
    if (!cancelled) self->on_timer();
  });
}

void QuicConnection::on_timer() {
  armed_for_ = UINT64_MAX;
  if (phase_ == Phase::closing) {
    vanish();
    return;
  }
  if (!is_live()) return;
  const ngtcp2_tstamp now = quic_now();
  if (ngtcp2_conn_get_expiry(conn_.get()) <= now) {
    in_turn_ = true;
    settle(ngtcp2_conn_handle_expiry(conn_.get(), now));
  }
  flush();
}

void QuicConnection::socket_writable() {
  while (!unsent_.empty() && setup_.owner != nullptr) {
    UnsentBatch& first = unsent_.front();
    if (setup_.owner->socket().send(first.batch) == UdpSocket::Sent::blocked) {
      setup_.owner->wait_writable(*this);
      return;
    }
    unsent_.erase(unsent_.begin());
  }
  flush();
}

// At once, not after the new path has proved itself: the old address is gone, nothing can be lost on the way.
Result<void> QuicConnection::migrate(const SocketAddress& local) {
  if (phase_ != Phase::open) return Error(Errc::temporary, "the connection is not established");
  SocketAddress from = local;
  SocketAddress to = remote_now();
  const ngtcp2_path path = path_of(from, to);
  const int failure = ngtcp2_conn_initiate_immediate_migration(conn_.get(), &path, quic_now());
  if (failure != 0) return Error(Errc::temporary, fmt::format("QUIC: {}", ngtcp2_strerror(failure)));
  setup_.local = local;
  refusals_in_a_row_ = 0;
  schedule_flush();
  return {};
}

Result<void> QuicConnection::use_interface(const std::string& name) {
  if (closed() || setup_.owner == nullptr) return Error(Errc::temporary, "connection closed");
  return setup_.owner->use_interface(name);
}

void QuicConnection::detach() {
  setup_.owner = nullptr;
  timer_.cancel();
  repeat_timer_.cancel();
  coded_timer_.cancel();
  phase_ = Phase::gone;
}

void QuicConnection::set_events(ConnectionEvents* events) {
  gate_.attach(events);
  if (!gate_.holds_back()) return;
  asio::post(setup_.executor, [self = shared_from_this()] {
    self->gate_.release();
    self->flush();
  });
}

Result<StreamId> QuicConnection::open_stream(bool unidirectional) {
  if (closed()) return Error(Errc::temporary, "connection closed");
  StreamId id = -1;
  const int failure = unidirectional ? ngtcp2_conn_open_uni_stream(conn_.get(), &id, nullptr)
                                     : ngtcp2_conn_open_bidi_stream(conn_.get(), &id, nullptr);
  if (failure == NGTCP2_ERR_STREAM_ID_BLOCKED)
    return Error(Errc::temporary, "the peer's limit of streams is reached");
  if (failure != 0) return no_connection(failure);
  return id;
}

Result<StreamId> QuicConnection::open_bidirectional() {
  return open_stream(false);
}
Result<StreamId> QuicConnection::open_unidirectional() {
  return open_stream(true);
}

void QuicConnection::send(StreamId id, Buffer bytes, bool fin) {
  if (closed()) return;
  if (is_coded(id)) {
    if (coded_) coded_->push(id, std::move(bytes), fin);
  } else {
    queue_.push(id, std::move(bytes), fin);
  }
  queued_high_ = std::max(queued_high_, queued_bytes());
  schedule_flush();
}

void QuicConnection::consume(StreamId id, std::size_t bytes) {
  if (!conn_ || bytes == 0) return;
  if (is_coded(id)) {
    if (coded_) coded_->consumed(bytes);
    schedule_flush();
    return;
  }
  ngtcp2_conn_extend_max_stream_offset(conn_.get(), id, bytes);
  ngtcp2_conn_extend_max_offset(conn_.get(), bytes);
  schedule_flush();
}

void QuicConnection::reset_stream(StreamId id, std::uint64_t code) {
  if (closed()) return;
  if (is_coded(id)) {
    if (coded_) coded_->drop(id);
    return;
  }
  queue_.drop(id);
  resets_.push_back({id, code});
  schedule_flush();
}

void QuicConnection::apply_resets() {
  for (const WantedReset& reset : std::exchange(resets_, {})) {
    const StreamId id = reset.id;
    const bool is_known = ngtcp2_conn_set_stream_user_data(conn_.get(), id, nullptr) == 0;
    const bool will_close = !is_unidirectional(id) || ngtcp2_conn_is_local_stream(conn_.get(), id) != 0;
    if (is_known && will_close) given_up_.insert(id);
    ngtcp2_conn_shutdown_stream(conn_.get(), id, reset.code);
    incoming_over(id);
  }
}

void QuicConnection::close(std::uint64_t code, const std::string& reason) {
  constexpr std::size_t kMaxReason = 512;
  if (closed()) return;
  close_wanted_ = WantedClose{code, reason.substr(0, kMaxReason)};
  schedule_flush();
}

ConnectionStats QuicConnection::stats() const {
  ConnectionStats now = stats_;
  if (!conn_) return now;
  ngtcp2_conn_stat state;
  ngtcp2_conn_get_conn_stat(conn_.get(), &state);
  const auto microseconds = [](ngtcp2_duration time) {
    return std::chrono::microseconds(time == UINT64_MAX ? 0 : time / NGTCP2_MICROSECONDS);
  };
  now.smoothed_rtt = microseconds(state.smoothed_rtt);
  now.min_rtt = microseconds(state.min_rtt);
  now.congestion_window = state.cwnd;
  now.bytes_in_flight = state.bytes_in_flight;
  now.probe_timeout = microseconds(ngtcp2_conn_get_pto(conn_.get()));
  now.timeouts = static_cast<unsigned>(state.pto_count);
  if (coded_) coded_->count(now);
  for (const StreamId id : queue_.ids())
    now.packets_lost += ngtcp2_conn_get_stream_loss_count(conn_.get(), id);
  return now;
}

}  // namespace dcdn::net
