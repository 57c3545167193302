// chunk_queue.hpp - the chunks of one object that wait for the wire, in the order in which they leave.
//
// Threads  the loop thread
#pragma once
#include <deque>
#include <vector>

#include "base/buffer.hpp"
#include "source/packed_segment.hpp"

namespace dcdn::session {

/// A chunk whose turn has not come yet. The segment keeps its bytes alive.
struct QueuedChunk {
  source::PackedSegmentPtr segment;
  std::size_t index = 0;
  Buffer difference;  ///< a whole frame that goes instead of the chunk's; empty: the chunk itself
  [[nodiscard]] const source::SegmentChunk& chunk() const { return segment->chunks[index]; }
  [[nodiscard]] std::size_t bytes() const {
    return difference.empty() ? chunk().carried.size() : difference.size();
  }
};

class ChunkQueue {
 public:
  void push(QueuedChunk chunk) {
    bytes_ += chunk.bytes();
    chunks_.push_back(std::move(chunk));
  }
  void push(std::vector<QueuedChunk> chunks) {
    for (QueuedChunk& chunk : chunks) push(std::move(chunk));
  }
  /// Before all others.
  void push_front(const QueuedChunk& chunk) {
    bytes_ += chunk.bytes();
    chunks_.push_front(chunk);
  }
  void pop() {
    bytes_ -= chunks_.front().bytes();
    chunks_.pop_front();
  }
  void clear() {
    chunks_.clear();
    bytes_ = 0;
  }
  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  [[nodiscard]] const QueuedChunk& front() const { return chunks_.front(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }  ///< that will travel, headers left out

 private:
  std::deque<QueuedChunk> chunks_;
  std::size_t bytes_ = 0;
};

}  // namespace dcdn::session
