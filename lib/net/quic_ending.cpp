// How a connection ends: by an error of QUIC's, because either side says so, or because nobody is there.
#include <utility>

#include "net/quic_clock.hpp"
#include "net/quic_connection.hpp"

namespace dcdn::net {

void QuicConnection::fail(int failure) {
  switch (failure) {
    case NGTCP2_ERR_CLOSING:
      return;
    case NGTCP2_ERR_DRAINING:
      finish(closing_.by_peer(engine_));
      vanish();
      return;
    case NGTCP2_ERR_IDLE_CLOSE:
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:  // nobody there who could be told
      finish(end_by_failure(failure));
      vanish();
      return;
    default:
      closing_.write(engine_, failure, writer_.max_payload());
      close_said(end_by_failure(failure));
  }
}

void QuicConnection::close_now(const CloseInfo& said) {
  closing_.write(engine_, said, writer_.max_payload());
  close_said(said);
}

// CONNECTION_CLOSE is written, if it could be: it leaves, and for a while again for whoever missed it.
void QuicConnection::close_said(CloseInfo info) {
  const auto packet = closing_.packet();
  if (packet) {
    setup_.local = packet->local;
    setup_.remote = packet->remote;
    send_close_packet();
  }
  const bool may_get_lost = stats().packets_lost > 0 || coded_.loss() > 0;
  const ngtcp2_duration timeout = ngtcp2_conn_get_pto(engine_.conn());
  finish(info);
  if (phase_ != Phase::closing || !packet) {
    vanish();
    return;
  }
  const ngtcp2_tstamp now = quic_now();
  // The peer would otherwise wait for its idle timeout. On a path that loses packets one copy is a gamble.
  if (may_get_lost) outbox_.put(*packet, {1, 3, timeout / 8}, now);
  closing_.linger_until(now + 3 * timeout);  // RFC 9000 section 10.2
  set_alarm(now);
}

void QuicConnection::finish(const CloseInfo& info) {
  const auto self = shared_from_this();
  const bool was_handshaking = phase_ == Phase::handshaking;
  path_at_end_ = path_stats();
  phase_ = Phase::closing;
  engine_.end();
  streams_.queue().clear();
  outbox_.clear();
  alarm_.cancel();
  if (setup_.owner != nullptr) setup_.owner->ended(*this);
  if (was_handshaking) {
    if (const Ready ready = std::exchange(ready_, nullptr)) ready(info.error);
    return;
  }
  gate_.closed(info);
}

void QuicConnection::send_close_packet() {
  const auto packet = closing_.packet();
  if (setup_.owner != nullptr && packet) outbox_.put(*packet);
}

void QuicConnection::vanish() {
  phase_ = Phase::gone;
  alarm_.cancel();
  if (ConnectionOwner* owner = std::exchange(setup_.owner, nullptr)) owner->forget(*this);
}

void QuicConnection::peer_refused() {
  if (!is_live()) return;
  const auto self = shared_from_this();
  if (phase_ == Phase::open && !outbox_.refused()) return;
  const Errc code = phase_ == Phase::open ? Errc::temporary : Errc::unreachable;
  finish(CloseInfo{false, false, 0, "", Error(code, "nobody listens there")});
  vanish();
}

void QuicConnection::give_up() {
  if (!is_live()) return;
  const auto self = shared_from_this();
  CloseInfo given_up;
  if (setup_.side == Side::server) {
    closing_.write_refusal(engine_, writer_.max_payload());
  } else {
    closing_.write(engine_, given_up, writer_.max_payload());
  }
  send_close_packet();
  finish(given_up);
  vanish();
}

}  // namespace dcdn::net
