#include "net/quic_engine.hpp"

#include <fmt/format.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "base/random.hpp"
#include "net/connection_id.hpp"
#include "net/quic_callbacks.hpp"
#include "net/quic_clock.hpp"
#include "net/quic_settings.hpp"

namespace dcdn::net {

namespace {

ngtcp2_path path_of(SocketAddress& local, SocketAddress& remote) {
  return {{local.raw(), local.size()}, {remote.raw(), remote.size()}, nullptr};
}

Error no_connection(int failure) {
  return {Errc::internal, fmt::format("QUIC: {}", ngtcp2_strerror(failure))};
}

std::chrono::microseconds microseconds(ngtcp2_duration time) {
  return std::chrono::microseconds(time == UINT64_MAX ? 0 : time / NGTCP2_MICROSECONDS);
}

}  // namespace

ngtcp2_cid random_id(std::size_t size) {
  ngtcp2_cid id;
  id.datalen = size;
  random_bytes(MutableByteView(id.data, size));
  return id;
}

Result<void> QuicEngine::start_tls(const QuicSetup& setup) {
  DCDN_TRY(tls_, GnutlsSession::make(setup.side, setup.credentials, conn_.get(),
                                     setup.options.carrier != Carrier::streams));
  ngtcp2_conn_set_tls_native_handle(conn_.get(), tls_->handle());
  set_keep_alive(setup.options.keep_alive);
  return {};
}

Result<QuicEngine> QuicEngine::client(const QuicSetup& setup, QuicConnection& connection) {
  const ngtcp2_settings settings = settings_from(setup.options);
  const ngtcp2_transport_params parameters = parameters_from(setup.options);
  const ngtcp2_callbacks callbacks = callbacks_for(Side::client);
  const ngtcp2_cid theirs = random_id(18);
  const ngtcp2_cid ours = random_id(kConnectionIdBytes);
  SocketAddress local = setup.local;
  SocketAddress remote = setup.remote;
  const ngtcp2_path path = path_of(local, remote);
  ngtcp2_conn* raw = nullptr;
  const int failure = ngtcp2_conn_client_new(&raw, &theirs, &ours, &path, NGTCP2_PROTO_VER_V1, &callbacks,
                                             &settings, &parameters, nullptr, &connection);
  if (failure != 0) return no_connection(failure);
  QuicEngine made;
  made.conn_.reset(raw);
  DCDN_CHECK(made.start_tls(setup));
  return made;
}

Result<QuicEngine> QuicEngine::server(const QuicSetup& setup, const FirstPacket& first,
                                      const ngtcp2_cid& ours, QuicConnection& connection) {
  ngtcp2_settings settings = settings_from(setup.options);
  ngtcp2_transport_params parameters = parameters_from(setup.options);
  if (first.original_id) {
    set_token(settings, first.header);
    set_original_id(parameters, *first.original_id);
    parameters.retry_scid = first.header.dcid;
    parameters.retry_scid_present = 1;
  } else {
    set_original_id(parameters, first.header.dcid);
  }
  const ngtcp2_callbacks callbacks = callbacks_for(Side::server);
  parameters.stateless_reset_token_present = 1;
  const ResetSecret secret = setup.credentials->reset_secret(setup.local);
  if (ngtcp2_crypto_generate_stateless_reset_token(parameters.stateless_reset_token, secret.data(),
                                                   secret.size(), &ours) != 0)
    return Error(Errc::internal, "QUIC: no stateless reset token");
  SocketAddress local = setup.local;
  SocketAddress remote = setup.remote;
  const ngtcp2_path path = path_of(local, remote);
  ngtcp2_conn* raw = nullptr;
  const int failure = ngtcp2_conn_server_new(&raw, &first.header.scid, &ours, &path, first.header.version,
                                             &callbacks, &settings, &parameters, nullptr, &connection);
  if (failure != 0) return no_connection(failure);
  QuicEngine made;
  made.conn_.reset(raw);
  DCDN_CHECK(made.start_tls(setup));
  return made;
}

void QuicEngine::end() {
  conn_.reset();
  tls_.reset();
}

int QuicEngine::read(ByteView datagram, SocketAddress local, SocketAddress remote) {
  const ngtcp2_path path = path_of(local, remote);
  const ngtcp2_pkt_info info{};
  const ngtcp2_tstamp now = quic_now();
  const std::uint64_t before = bytes_in_flight();
  const int failure = ngtcp2_conn_read_pkt(conn_.get(), &path, &info, datagram.data(), datagram.size(), now);
  if (bytes_in_flight() < before) timeouts_.answered(now);
  return failure;
}

// At once, not after the new path has proved itself: the old address is gone, nothing can be lost on the way.
int QuicEngine::migrate(SocketAddress local, SocketAddress remote) {
  const ngtcp2_path path = path_of(local, remote);
  return ngtcp2_conn_initiate_immediate_migration(conn_.get(), &path, quic_now());
}

SocketAddress QuicEngine::remote() const {
  const ngtcp2_path* path = ngtcp2_conn_get_path(conn_.get());
  return SocketAddress::from_raw(path->remote.addr, path->remote.addrlen);
}

ngtcp2_conn_info QuicEngine::state() const {
  ngtcp2_conn_info state;
  ngtcp2_conn_get_conn_info(conn_.get(), &state);
  return state;
}

unsigned QuicEngine::count_timeouts(ngtcp2_tstamp now) const {
  return bytes_in_flight() == 0 ? 0 : timeouts_.count(now, ngtcp2_conn_get_pto(conn_.get()));
}

unsigned QuicEngine::timeouts(ngtcp2_tstamp now) {
  if (bytes_in_flight() == 0) timeouts_.answered(now);
  return count_timeouts(now);
}

void QuicEngine::set_keep_alive(std::chrono::milliseconds every) {
  ngtcp2_conn_set_keep_alive_timeout(conn_.get(),
                                     static_cast<ngtcp2_duration>(every.count()) * NGTCP2_MILLISECONDS);
}

void QuicEngine::count(ConnectionStats& stats) const {
  const ngtcp2_conn_info now = state();
  stats.smoothed_rtt = microseconds(now.smoothed_rtt);
  stats.min_rtt = microseconds(now.min_rtt);
  stats.congestion_window = now.cwnd;
  stats.bytes_in_flight = now.bytes_in_flight;
  stats.probe_timeout = microseconds(ngtcp2_conn_get_pto(conn_.get()));
  stats.timeouts = count_timeouts(quic_now());
}

}  // namespace dcdn::net
