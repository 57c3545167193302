#include "net/stream_book.hpp"

#include <fmt/format.h>

#include <utility>

namespace dcdn::net {

namespace {
constexpr std::uint64_t kMostStreams = 1 << 20;
}

bool StreamBook::is_ours(StreamId id) const {
  return ngtcp2_conn_is_local_stream(engine_.conn(), id) != 0;
}

Result<StreamId> StreamBook::open(bool unidirectional) {
  StreamId id = -1;
  const int failure = unidirectional ? ngtcp2_conn_open_uni_stream(engine_.conn(), &id, nullptr)
                                     : ngtcp2_conn_open_bidi_stream(engine_.conn(), &id, nullptr);
  if (failure == NGTCP2_ERR_STREAM_ID_BLOCKED)
    return Error(Errc::temporary, "the peer's limit of streams is reached");
  if (failure != 0) return Error(Errc::internal, fmt::format("QUIC: {}", ngtcp2_strerror(failure)));
  return id;
}

void StreamBook::consume(StreamId id, std::size_t bytes) {
  ngtcp2_conn_extend_max_stream_offset(engine_.conn(), id, bytes);
  ngtcp2_conn_extend_max_offset(engine_.conn(), bytes);
}

void StreamBook::give_up(StreamId id, std::uint64_t code) {
  queue_.abandon(id);
  resets_.push_back({id, code});
}

void StreamBook::apply_resets() {
  for (const WantedReset& reset : std::exchange(resets_, {})) {
    const StreamId id = reset.id;
    const bool is_known = ngtcp2_conn_set_stream_user_data(engine_.conn(), id, nullptr) == 0;
    const bool will_close = !is_unidirectional(id) || is_ours(id);
    if (is_known && will_close) given_up_.insert(id);
    shut_stream(engine_.conn(), id, reset.code);
    incoming_over(id);
  }
}

bool StreamBook::is_worn_out() const {
  return incoming_total_ >= kMostStreams;
}

void StreamBook::count(ConnectionStats& stats) const {
  stats.packets_lost += packets_lost_;
  stats.stream_bytes_acknowledged += bytes_acknowledged_;
  for (const StreamId id : queue_.ids())
    stats.packets_lost += ngtcp2_conn_get_stream_loss_count(engine_.conn(), id);
}

void StreamBook::opened_by_peer(StreamId id) {
  if (is_unidirectional(id)) incoming_.insert(id);
}

void StreamBook::data(StreamId id, ByteView bytes, bool fin) {
  if (fin) incoming_over(id);
  gate_.data(id, bytes, fin);
}

void StreamBook::acknowledged(StreamId id, std::uint64_t offset, std::uint64_t bytes) {
  queue_.acknowledged(id, offset + bytes);
  bytes_acknowledged_ += bytes;
}

void StreamBook::reset_by_peer(StreamId id, std::uint64_t code) {
  incoming_over(id);
  if (!is_unidirectional(id)) given_up_.insert(id);
  gate_.reset(id, code);
}

void StreamBook::over(StreamId id, std::optional<std::uint64_t> code) {
  packets_lost_ += ngtcp2_conn_get_stream_loss_count(engine_.conn(), id);
  queue_.drop(id);
  if (!is_unidirectional(id) && !is_ours(id)) ngtcp2_conn_extend_max_streams_bidi(engine_.conn(), 1);
  // ngtcp2 answers STOP_SENDING by itself; that the peer wanted no more of the stream shows here.
  const bool given_up = given_up_.erase(id) != 0;
  if (given_up) return;
  if (code) {
    gate_.reset(id, *code);
  } else if (is_unidirectional(id) && is_ours(id)) {
    gate_.acknowledged(id);  // the sending side of a stream is over when all of it is acknowledged
  }
}

// ngtcp2 before 0.13 never reports that a peer's unidirectional stream is closed, so the end of its data has
// to do. Ids in incoming_ are credited once, whether the stream ends by fin, by the peer's reset, or by ours.
// Nor does it free what it keeps of one (200 bytes), so a connection is good for a certain number and is then
// to be made anew.
void StreamBook::incoming_over(StreamId id) {
  if (incoming_.erase(id) == 0) return;
  ngtcp2_conn_extend_max_streams_uni(engine_.conn(), 1);
  ++incoming_total_;
}

}  // namespace dcdn::net
