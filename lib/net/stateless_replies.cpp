#include "net/stateless_replies.hpp"

#include <ngtcp2/ngtcp2_crypto.h>

#include "base/random.hpp"
#include "net/connection_id.hpp"
#include "net/quic_clock.hpp"

namespace dcdn::net {

namespace {

constexpr double kRepliesPerSecond = 500;  // a flood of rubbish must not become a flood of ours
constexpr std::size_t kMinInitialDatagram = 1200;
// RFC 9000 section 10.3: a reset has at least 5 bytes of noise before its token, and is shorter than what it
// answers, so that two ends that reset each other come to an end. A keep-alive has about 30 bytes, and is all
// that a sender says that waits for its receipt: it must get an answer too.
constexpr std::size_t kMinResetNoise = 5;
constexpr std::size_t kMaxResetNoise = 22;
constexpr std::size_t kMinResetTrigger = kMinResetNoise + NGTCP2_STATELESS_RESET_TOKENLEN + 1;
constexpr ngtcp2_duration kTokenLifetime = 10 * NGTCP2_SECONDS;

}  // namespace

StatelessReplies::StatelessReplies(UdpSocket& socket, std::shared_ptr<const TlsCredentials> credentials)
    : socket_(socket),
      credentials_(std::move(credentials)),
      answers_(kRepliesPerSecond, kRepliesPerSecond, quic_now()) {
  random_bytes(token_secret_);
}

bool StatelessReplies::take_budget() {
  const ngtcp2_tstamp now = quic_now();
  if (answers_.left(now) < 1) return false;
  answers_.spend(1, now);
  return true;
}

void StatelessReplies::send(ByteView packet, const SocketAddress& local, const SocketAddress& remote) {
  DatagramBatch batch{packet, packet.size(), local, remote};
  socket_.send(batch);  // a full socket buffer loses the answer, as the network might
}

void StatelessReplies::negotiate_version(const ngtcp2_version_cid& asked, std::size_t datagram_size,
                                         const SocketAddress& local, const SocketAddress& remote) {
  if (datagram_size < kMinInitialDatagram || !take_budget()) return;
  const std::array<std::uint32_t, 1> versions{NGTCP2_PROTO_VER_V1};
  std::array<std::uint8_t, 600> packet;
  const ngtcp2_ssize size = ngtcp2_pkt_write_version_negotiation(
      packet.data(), packet.size(), static_cast<std::uint8_t>(random_u64()), asked.scid, asked.scidlen,
      asked.dcid, asked.dcidlen, versions.data(), versions.size());
  if (size > 0) send(ByteView(packet).first(static_cast<std::size_t>(size)), local, remote);
}

void StatelessReplies::reset(ByteView datagram, const SocketAddress& local, const SocketAddress& remote) {
  if (datagram.size() < kMinResetTrigger || !take_budget()) return;
  ngtcp2_cid id;
  ngtcp2_cid_init(&id, datagram.data() + 1, kConnectionIdBytes);
  std::array<std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> token;
  const ResetSecret secret = credentials_->reset_secret(local);
  if (ngtcp2_crypto_generate_stateless_reset_token(token.data(), secret.data(), secret.size(), &id) != 0)
    return;
  std::array<std::uint8_t, kMaxResetNoise> noise;
  random_bytes(noise);
  const std::size_t noise_size =
      std::min(kMaxResetNoise, datagram.size() - 1 - NGTCP2_STATELESS_RESET_TOKENLEN);
  std::array<std::uint8_t, kMaxResetNoise + NGTCP2_STATELESS_RESET_TOKENLEN> packet;
  const ngtcp2_ssize size =
      ngtcp2_pkt_write_stateless_reset(packet.data(), packet.size(), token.data(), noise.data(), noise_size);
  if (size > 0) send(ByteView(packet).first(static_cast<std::size_t>(size)), local, remote);
}

void StatelessReplies::close(const ngtcp2_pkt_hd& first, std::uint64_t code, const SocketAddress& local,
                             const SocketAddress& remote) {
  if (!take_budget()) return;
  std::array<std::uint8_t, kMinInitialDatagram> packet;
  const ngtcp2_ssize size = ngtcp2_crypto_write_connection_close(packet.data(), packet.size(), first.version,
                                                                 &first.scid, &first.dcid, code, nullptr, 0);
  if (size > 0) send(ByteView(packet).first(static_cast<std::size_t>(size)), local, remote);
}

void StatelessReplies::retry(const ngtcp2_pkt_hd& first, const SocketAddress& local,
                             const SocketAddress& remote) {
  if (!take_budget()) return;
  ngtcp2_cid id;
  id.datalen = kConnectionIdBytes;
  random_bytes(MutableByteView(id.data, id.datalen));
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN> token;
  const ngtcp2_ssize token_size = ngtcp2_crypto_generate_retry_token(
      token.data(), token_secret_.data(), token_secret_.size(), first.version, remote.raw(), remote.size(),
      &id, &first.dcid, quic_now());
  if (token_size < 0) return;
  std::array<std::uint8_t, 512> packet;
  const ngtcp2_ssize size =
      ngtcp2_crypto_write_retry(packet.data(), packet.size(), first.version, &first.scid, &id, &first.dcid,
                                token.data(), static_cast<std::size_t>(token_size));
  if (size > 0) send(ByteView(packet).first(static_cast<std::size_t>(size)), local, remote);
}

std::optional<ngtcp2_cid> StatelessReplies::original_id(const ngtcp2_pkt_hd& first,
                                                        const SocketAddress& remote) const {
  const ByteView token = token_of(first);
  if (token.empty() || token[0] != NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY) return std::nullopt;
  ngtcp2_cid original;
  const int failure = ngtcp2_crypto_verify_retry_token(
      &original, token.data(), token.size(), token_secret_.data(), token_secret_.size(), first.version,
      remote.raw(), remote.size(), &first.dcid, kTokenLifetime, quic_now());
  if (failure != 0) return std::nullopt;
  return original;
}

}  // namespace dcdn::net
