#include "net/send_queue.hpp"

#include <algorithm>

namespace dcdn::net {

void SendQueue::update(StreamId id, const Stream& stream) {
  if (stream.wants()) {
    ready_.insert(turn_of(id));
  } else {
    ready_.erase(turn_of(id));
  }
}

void SendQueue::push(StreamId id, Buffer bytes, bool fin) {
  Stream& stream = streams_[id];
  if (stream.fin) return;
  stream.fin = fin;
  stream.unsent += bytes.size();
  unsent_bytes_ += bytes.size();
  if (!bytes.empty()) stream.buffers.push_back(std::move(bytes));
  update(id, stream);
}

std::size_t SendQueue::views(StreamId id, std::span<ByteView> into, bool& finishes) const {
  finishes = false;
  const auto found = streams_.find(id);
  if (found == streams_.end()) return 0;
  const Stream& stream = found->second;
  std::size_t count = 0;
  std::size_t offset = stream.next_offset;
  std::size_t at = stream.next_buffer;
  for (; at < stream.buffers.size() && count < into.size(); ++at, offset = 0)
    into[count++] = stream.buffers[at].view().subspan(offset);
  finishes = stream.fin && at == stream.buffers.size();
  return count;
}

void SendQueue::sent(StreamId id, std::size_t bytes, bool fin) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  bytes = std::min(bytes, stream.unsent);
  stream.unsent -= bytes;
  unsent_bytes_ -= bytes;
  while (bytes > 0) {
    const std::size_t left = stream.buffers[stream.next_buffer].size() - stream.next_offset;
    if (bytes < left) {
      stream.next_offset += bytes;
      break;
    }
    bytes -= left;
    ++stream.next_buffer;
    stream.next_offset = 0;
  }
  if (fin && stream.unsent == 0) stream.fin_sent = true;
  if (!stream.wants()) ready_.erase(turn_of(id));
}

void SendQueue::acknowledged(StreamId id, std::uint64_t offset) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  while (stream.next_buffer > 0 && stream.base + stream.buffers.front().size() <= offset) {
    stream.base += stream.buffers.front().size();
    stream.buffers.pop_front();
    --stream.next_buffer;
  }
}

void SendQueue::block(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.blocked = true;
  ready_.erase(turn_of(id));
}

void SendQueue::unblock(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.blocked = false;
  update(id, found->second);
}

void SendQueue::abandon(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  unsent_bytes_ -= stream.unsent;
  stream.unsent = 0;
  stream.fin = stream.fin_sent = true;
  const std::size_t carried = stream.next_buffer + (stream.next_offset > 0 ? 1 : 0);
  stream.buffers.resize(std::min(stream.buffers.size(), carried));
  ready_.erase(turn_of(id));
}

void SendQueue::drop(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  unsent_bytes_ -= found->second.unsent;
  ready_.erase(turn_of(id));
  streams_.erase(found);
}

std::vector<SendQueue::StreamId> SendQueue::ids() const {
  std::vector<StreamId> all;
  for (const auto& [id, stream] : streams_) all.push_back(id);
  return all;
}

void SendQueue::clear() {
  streams_.clear();
  ready_.clear();
  unsent_bytes_ = 0;
}

}  // namespace dcdn::net
