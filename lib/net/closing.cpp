// How a connection ends: by us, by the peer, by time, by a fault.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/quic_connection.hpp"

namespace dcdn::net {

namespace {

constexpr std::uint64_t kConnectionRefused = 0x02;  // RFC 9000 section 20.1
constexpr std::uint64_t kApplicationError = 0x0c;
constexpr std::uint64_t kCryptoError = 0x100;
constexpr std::size_t kMaxReason = 512;

// TLS alerts (RFC 8446 section 6) that speak of the certificate.
bool is_certificate_alert(std::uint64_t alert) {
  return (alert >= 41 && alert <= 49) || alert == 116;
}
constexpr std::uint64_t kNoApplicationProtocol = 120;
constexpr std::uint64_t kProtocolVersion = 70;

Errc code_of_application(std::uint64_t code) {
  for (const Errc known :
       {Errc::untrusted, Errc::refused, Errc::limit, Errc::locked, Errc::no_space, Errc::unsupported})
    if (code == close_code_of(known)) return known;
  return Errc::temporary;
}

Error error_of_transport(std::uint64_t code, const std::string& reason) {
  const std::string told = reason.empty() ? "" : fmt::format(" ({})", escape_for_display(reason));
  if (code == kConnectionRefused)
    return {Errc::temporary, "the peer has no room for another connection" + told};
  if (code == kApplicationError)
    return {Errc::untrusted, "the peer broke off while keys were checked" + told};
  if (code >= kCryptoError && code < kCryptoError + 256) {
    const std::uint64_t alert = code - kCryptoError;
    if (is_certificate_alert(alert)) return {Errc::untrusted, "the peer refused our certificate" + told};
    if (alert == kNoApplicationProtocol || alert == kProtocolVersion)
      return {Errc::unsupported, "the peer does not speak dcdn/1" + told};
    return {Errc::temporary, fmt::format("the handshake failed: TLS alert {}{}", alert, told)};
  }
  return {Errc::temporary, fmt::format("the peer closed the connection: QUIC error {}{}", code, told)};
}

Error error_of_failure(int failure) {
  switch (failure) {
    case NGTCP2_ERR_IDLE_CLOSE:
      return {Errc::temporary, "the peer went silent"};
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
      return {Errc::unreachable, "nothing answers"};
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
      return {Errc::unsupported, "the peer speaks no version of QUIC known here"};
    case NGTCP2_ERR_CRYPTO:
      return {Errc::untrusted, "the TLS handshake failed"};
    default:
      return {Errc::temporary, fmt::format("QUIC: {}", ngtcp2_strerror(failure))};
  }
}

}  // namespace

void QuicConnection::settle(int failure) {
  if (!is_live()) return;
  if (refusal_) {
    const Error why = *refusal_;
    const std::uint64_t code = close_code_of(why.code);
    const std::string reason = why.message.substr(0, kMaxReason);
    ngtcp2_connection_close_error close;
    ngtcp2_connection_close_error_default(&close);
    ngtcp2_connection_close_error_set_application_error(
        &close, code, reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
    close_with(close, CloseInfo{true, false, code, reason, why});
    return;
  }
  if (failure != 0) {
    fail(failure);
    return;
  }
  if (phase_ == Phase::handshaking && ready_now_) announce_ready();
  if (std::exchange(streams_granted_, false)) gate_.writable();
}

void QuicConnection::announce_ready() {
  phase_ = Phase::open;
  early_ = tls_->early();
  // The client's first coded packets may come right behind its handshake. What fails here fails later as
  // well.
  if (early_ && side_ == Side::server) (void)make_coded(0);
  if (const Ready ready = std::exchange(ready_, nullptr)) ready(Result<void>());
}

void QuicConnection::fail(int failure) {
  switch (failure) {
    case NGTCP2_ERR_CLOSING:
      return;
    case NGTCP2_ERR_DRAINING:
      peer_closed();
      return;
    case NGTCP2_ERR_IDLE_CLOSE:
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:  // nobody there who could be told
      finish(CloseInfo{false, false, 0, "", error_of_failure(failure)});
      vanish();
      return;
    default:
      break;
  }
  ngtcp2_connection_close_error close;
  ngtcp2_connection_close_error_default(&close);
  if (failure == NGTCP2_ERR_CRYPTO) {
    ngtcp2_connection_close_error_set_transport_error_tls_alert(
        &close, ngtcp2_conn_get_tls_alert(conn_.get()), nullptr, 0);
  } else {
    ngtcp2_connection_close_error_set_transport_error_liberr(&close, failure, nullptr, 0);
  }
  close_with(close, CloseInfo{false, false, 0, "", error_of_failure(failure)});
}

void QuicConnection::peer_closed() {
  ngtcp2_connection_close_error close;
  ngtcp2_conn_get_connection_close_error(conn_.get(), &close);
  CloseInfo info;
  info.by_peer = true;
  if (reset_by_peer_) {
    info.error = Error(Errc::temporary, "the peer does not know the connection any more (it restarted)");
  } else {
    info.reason.assign(reinterpret_cast<const char*>(close.reason),
                       close.reason == nullptr ? 0 : close.reasonlen);
    if (close.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION) {
      info.clean = true;
      info.code = close.error_code;
      const std::string told =
          info.reason.empty() ? "connection closed by the peer" : escape_for_display(info.reason);
      info.error = Error(code_of_application(close.error_code), told);
    } else {
      info.error = error_of_transport(close.error_code, info.reason);
    }
  }
  finish(std::move(info));
  vanish();
}

void QuicConnection::close_with(const ngtcp2_connection_close_error& close, CloseInfo info) {
  std::array<std::uint8_t, 1500> buffer;
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  const ngtcp2_ssize written =
      ngtcp2_conn_write_connection_close(conn_.get(), &path.path, nullptr, buffer.data(),
                                         std::min(buffer.size(), max_payload_), &close, quic_now());
  if (written > 0) {
    close_packet_.assign(buffer.begin(), buffer.begin() + written);
    setup_.local = SocketAddress::from_raw(path.path.local.addr, path.path.local.addrlen);
    setup_.remote = SocketAddress::from_raw(path.path.remote.addr, path.path.remote.addrlen);
    send_close_packet();
  }
  const bool may_get_lost = stats().packets_lost > 0 || (coded_ && coded_->loss() > 0);
  const ngtcp2_duration pto = ngtcp2_conn_get_pto(conn_.get());
  finish(std::move(info));
  if (phase_ != Phase::closing || close_packet_.empty()) {
    vanish();
    return;
  }
  // The peer would otherwise wait for its idle timeout. On a path that loses packets one copy is a gamble.
  if (may_get_lost) {
    const DatagramBatch batch{close_packet_, close_packet_.size(), setup_.local, setup_.remote};
    count_and_queue(batch);
    repeats_.add(batch, 3, pto / 8, quic_now());
    repeat_turn();
  }
  armed_for_ = quic_now() + 3 * pto;  // RFC 9000 section 10.2
  timer_.expires_after(std::chrono::nanoseconds(3 * pto));
  timer_.async_wait([self = shared_from_this()](std::error_code cancelled) {
    if (!cancelled) self->on_timer();
  });
}

void QuicConnection::finish(CloseInfo info) {
  const auto self = shared_from_this();
  const bool was_handshaking = phase_ == Phase::handshaking;
  stats_ = stats();
  phase_ = Phase::closing;
  conn_.reset();
  tls_.reset();
  queue_.clear();
  unsent_.clear();
  timer_.cancel();
  repeat_timer_.cancel();
  repeats_.forget();
  coded_timer_.cancel();
  if (setup_.owner != nullptr) setup_.owner->ended(*this);
  if (was_handshaking) {
    if (const Ready ready = std::exchange(ready_, nullptr)) ready(info.error);
    return;
  }
  gate_.closed(info);
}

void QuicConnection::send_close_packet() {
  if (setup_.owner == nullptr || close_packet_.empty()) return;
  DatagramBatch batch{close_packet_, close_packet_.size(), setup_.local, setup_.remote};
  setup_.owner->socket().send(batch);
}

void QuicConnection::vanish() {
  phase_ = Phase::gone;
  timer_.cancel();
  repeat_timer_.cancel();
  if (ConnectionOwner* owner = std::exchange(setup_.owner, nullptr)) owner->forget(*this);
}

void QuicConnection::peer_refused() {
  // One ICMP message may be old or forged, so an open connection ends only when packets of ours keep coming
  // back and nothing else arrives.
  constexpr unsigned kRefusals = 3;
  if (!is_live()) return;
  const auto self = shared_from_this();
  if (phase_ == Phase::open && ++refusals_in_a_row_ < kRefusals) return;
  const Errc code = phase_ == Phase::open ? Errc::temporary : Errc::unreachable;
  finish(CloseInfo{false, false, 0, "", Error(code, "nobody listens there")});
  vanish();
}

}  // namespace dcdn::net
