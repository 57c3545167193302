#include "node/early_events.hpp"

namespace dcdn::node {

EarlyEvents::Stream* EarlyEvents::stream(net::StreamId id) {
  const auto known = streams_.find(id);
  if (known != streams_.end()) return &known->second;
  return streams_.size() < kMostStreams ? &streams_[id] : nullptr;
}

bool EarlyEvents::data(net::StreamId id, ByteView bytes, bool fin) {
  Stream* kept = stream(id);
  if (kept == nullptr) return false;
  kept->bytes.insert(kept->bytes.end(), bytes.begin(), bytes.end());
  kept->told = true;
  kept->fin = fin;
  return true;
}

bool EarlyEvents::reset(net::StreamId id, std::uint64_t code) {
  Stream* kept = stream(id);
  if (kept == nullptr) return false;
  kept->reset_code = code;
  return true;
}

void EarlyEvents::replay(net::ConnectionEvents& events) const {
  for (const auto& [id, stream] : streams_) {
    if (stream.told) events.on_stream_data(id, stream.bytes, stream.fin);
    if (stream.reset_code) events.on_stream_reset(id, *stream.reset_code);
  }
  if (writable_) events.on_writable();
}

}  // namespace dcdn::node
