#include "net/quic_callbacks.hpp"

#include <ngtcp2/ngtcp2_crypto.h>

#include <algorithm>

#include "base/random.hpp"
#include "net/quic_clock.hpp"
#include "net/quic_connection.hpp"

namespace dcdn::net {

namespace {

// A client sends no resets: who forgot a connection has no socket for it either.
int make_reset_token(std::uint8_t* token, const ngtcp2_cid& id, const QuicSetup& setup) {
  if (setup.side == Side::client) {
    random_bytes(MutableByteView(token, NGTCP2_STATELESS_RESET_TOKENLEN));
    return 0;
  }
  const ResetSecret secret = setup.credentials->reset_secret(setup.local);
  return ngtcp2_crypto_generate_stateless_reset_token(token, secret.data(), secret.size(), &id);
}

}  // namespace

struct QuicCallbacks {
  static QuicConnection& self(void* user) { return *static_cast<QuicConnection*>(user); }

  static void random(std::uint8_t* into, std::size_t size, const ngtcp2_rand_ctx*) {
    random_bytes(MutableByteView(into, size));
  }

  static int new_id(ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* token, std::size_t size, void* user) {
    QuicConnection& connection = self(user);
    id->datalen = size;
    random_bytes(MutableByteView(id->data, size));
    if (make_reset_token(token, *id, connection.setup_) != 0) return NGTCP2_ERR_CALLBACK_FAILURE;
    if (connection.setup_.owner == nullptr) return NGTCP2_ERR_CALLBACK_FAILURE;
    connection.ids_.emplace_back(*id);
    connection.setup_.owner->add_id(connection.ids_.back(), connection);
    return 0;
  }

  static int remove_id(ngtcp2_conn*, const ngtcp2_cid* id, void* user) {
    QuicConnection& connection = self(user);
    const ConnectionId gone(*id);
    std::erase(connection.ids_, gone);
    if (connection.setup_.owner != nullptr) connection.setup_.owner->remove_id(gone);
    return 0;
  }

  static int handshake_completed(ngtcp2_conn*, void* user) {
    QuicConnection& connection = self(user);
    connection.learn_peer();
    if (connection.setup_.side == Side::server || connection.setup_.policy.before_accepted)
      connection.ready_now_ = true;
    return 0;
  }

  static int handshake_confirmed(ngtcp2_conn*, void* user) {
    self(user).ready_now_ = true;
    return 0;
  }

  static int stream_opened(ngtcp2_conn*, std::int64_t id, void* user) {
    self(user).streams_.opened_by_peer(id);
    return 0;
  }

  static int stream_data(ngtcp2_conn*, std::uint32_t flags, std::int64_t id, std::uint64_t,
                         const std::uint8_t* bytes, std::size_t size, void* user, void*) {
    const bool fin = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
    self(user).streams_.data(id, ByteView(bytes, size), fin);
    return 0;
  }

  static int acknowledged(ngtcp2_conn*, std::int64_t id, std::uint64_t offset, std::uint64_t size, void* user,
                          void*) {
    self(user).streams_.acknowledged(id, offset, size);
    return 0;
  }

  static int stream_closed(ngtcp2_conn*, std::uint32_t flags, std::int64_t id, std::uint64_t code, void* user,
                           void*) {
    const bool has_code = (flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) != 0;
    self(user).streams_.over(id, has_code ? std::optional(code) : std::nullopt);
    return 0;
  }

  static int stream_reset(ngtcp2_conn*, std::int64_t id, std::uint64_t, std::uint64_t code, void* user,
                          void*) {
    self(user).streams_.reset_by_peer(id, code);
    return 0;
  }

  static int more_streams(ngtcp2_conn*, std::uint64_t, void* user) {
    self(user).streams_.granted();
    return 0;
  }

  static int more_stream_data(ngtcp2_conn*, std::int64_t id, std::uint64_t, void* user, void*) {
    self(user).streams_.queue().unblock(id);
    return 0;
  }

  static int datagram_arrived(ngtcp2_conn*, std::uint64_t probe, void* user) {
    self(user).writer_.size().arrived(probe, quic_now());
    return 0;
  }

  static int datagram_lost(ngtcp2_conn*, std::uint64_t probe, void* user) {
    self(user).writer_.size().lost(probe, quic_now());
    return 0;
  }

  static void path_validated(const ngtcp2_path& path, void* user) { self(user).path_validated(path); }

  static int stateless_reset(ngtcp2_conn*, const ngtcp2_pkt_stateless_reset*, void* user) {
    self(user).closing_.peer_forgot();
    return 0;
  }
};

ngtcp2_callbacks callbacks_for(Side side) {
  ngtcp2_callbacks table{};
  if (side == Side::client) {
    table.client_initial = ngtcp2_crypto_client_initial_cb;
    table.recv_retry = ngtcp2_crypto_recv_retry_cb;
    table.handshake_confirmed = QuicCallbacks::handshake_confirmed;
  } else {
    table.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  }
  table.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  table.encrypt = ngtcp2_crypto_encrypt_cb;
  table.decrypt = ngtcp2_crypto_decrypt_cb;
  table.hp_mask = ngtcp2_crypto_hp_mask_cb;
  table.update_key = ngtcp2_crypto_update_key_cb;
  table.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  table.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  table.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  table.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  table.rand = QuicCallbacks::random;
  table.get_new_connection_id = QuicCallbacks::new_id;
  table.remove_connection_id = QuicCallbacks::remove_id;
  table.handshake_completed = QuicCallbacks::handshake_completed;
  table.recv_stream_data = QuicCallbacks::stream_data;
  table.acked_stream_data_offset = QuicCallbacks::acknowledged;
  table.stream_open = QuicCallbacks::stream_opened;
  table.stream_close = QuicCallbacks::stream_closed;
  table.stream_reset = QuicCallbacks::stream_reset;
  table.extend_max_local_streams_bidi = QuicCallbacks::more_streams;
  table.extend_max_local_streams_uni = QuicCallbacks::more_streams;
  table.extend_max_stream_data = QuicCallbacks::more_stream_data;
  table.ack_datagram = QuicCallbacks::datagram_arrived;
  table.lost_datagram = QuicCallbacks::datagram_lost;
  table.path_validation = on_path_validation<QuicCallbacks::path_validated>;
  table.recv_stateless_reset = QuicCallbacks::stateless_reset;
  return table;
}

}  // namespace dcdn::net
