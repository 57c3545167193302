#include "net/closing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.hpp"
#include "net/quic_clock.hpp"

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

CloseInfo end_by_failure(int failure) {
  return CloseInfo{false, false, 0, "", error_of_failure(failure)};
}

void Closing::want(std::uint64_t code, const std::string& reason) {
  wanted_ =
      CloseInfo{true, false, code, reason.substr(0, kMaxReason), Error(Errc::temporary, "connection closed")};
}

void Closing::refuse(const Error& why) {
  refusal_ = CloseInfo{true, false, close_code_of(why.code), why.message.substr(0, kMaxReason), why};
}

CloseInfo Closing::by_peer(const QuicEngine& engine) const {
  const ngtcp2_ccerr close = close_of_peer(engine.conn());
  CloseInfo info;
  info.by_peer = true;
  if (peer_forgot_) {
    info.error = Error(Errc::temporary, "the peer does not know the connection any more (it restarted)");
    return info;
  }
  info.reason.assign(reinterpret_cast<const char*>(close.reason),
                     close.reason == nullptr ? 0 : close.reasonlen);
  if (close.type == NGTCP2_CCERR_TYPE_APPLICATION) {
    info.clean = true;
    info.code = close.error_code;
    const std::string told =
        info.reason.empty() ? "connection closed by the peer" : escape_for_display(info.reason);
    info.error = Error(code_of_application(close.error_code), told);
  } else {
    info.error = error_of_transport(close.error_code, info.reason);
  }
  return info;
}

void Closing::write(const QuicEngine& engine, const CloseInfo& said, std::size_t max_payload) {
  ngtcp2_ccerr close;
  ngtcp2_ccerr_default(&close);
  ngtcp2_ccerr_set_application_error(
      &close, said.code, reinterpret_cast<const std::uint8_t*>(said.reason.data()), said.reason.size());
  write(engine, close, max_payload);
}

void Closing::write(const QuicEngine& engine, int failure, std::size_t max_payload) {
  ngtcp2_ccerr close;
  ngtcp2_ccerr_default(&close);
  if (failure == NGTCP2_ERR_CRYPTO) {
    ngtcp2_ccerr_set_tls_alert(&close, ngtcp2_conn_get_tls_alert(engine.conn()), nullptr, 0);
  } else {
    ngtcp2_ccerr_set_liberr(&close, failure, nullptr, 0);
  }
  write(engine, close, max_payload);
}

void Closing::write_refusal(const QuicEngine& engine, std::size_t max_payload) {
  ngtcp2_ccerr close;
  ngtcp2_ccerr_default(&close);
  ngtcp2_ccerr_set_transport_error(&close, kConnectionRefused, nullptr, 0);
  write(engine, close, max_payload);
}

void Closing::write(const QuicEngine& engine, const ngtcp2_ccerr& close, std::size_t max_payload) {
  std::array<std::uint8_t, 1500> buffer;
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  const ngtcp2_ssize written =
      ngtcp2_conn_write_connection_close(engine.conn(), &path.path, nullptr, buffer.data(),
                                         std::min(buffer.size(), max_payload), &close, quic_now());
  if (written <= 0) return;
  packet_.assign(buffer.begin(), buffer.begin() + written);
  local_ = SocketAddress::from_raw(path.path.local.addr, path.path.local.addrlen);
  remote_ = SocketAddress::from_raw(path.path.remote.addr, path.path.remote.addrlen);
}

std::optional<DatagramBatch> Closing::packet() const {
  if (packet_.empty()) return std::nullopt;
  return DatagramBatch{packet_, packet_.size(), local_, remote_};
}

bool Closing::answers_next() {
  return std::has_single_bit(++late_packets_);
}

}  // namespace dcdn::net
