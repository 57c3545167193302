// remaking.hpp - chunks of one object that were not packed, or not kept, and are wanted after all.
//
// Threads  the loop thread; files are read on the session's own thread for that, and chunks are made on the
// workers
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "session/send_shared.hpp"
#include "source/chunk_remaker.hpp"

namespace dcdn::session {

class Remaking {
 public:
  /// Gets the segment with the bytes of what is needed of it; or why that cannot be had.
  using Take = std::function<void(Result<source::PackedSegmentPtr>, const std::vector<bool>& needed)>;
  Remaking(SendShared& shared, const SendObject& object, Take take);

  /// Its content can be read again, chunk by chunk.
  [[nodiscard]] static bool can_remake(const SendObject& object) {
    return object.rereadable() && !object.sealed;
  }
  /// Something that is needed has no bytes.
  [[nodiscard]] static bool is_due(const source::PackedSegment& segment, const std::vector<bool>& needed);
  void start(source::PackedSegmentPtr segment, std::vector<bool> needed);
  [[nodiscard]] bool busy() const { return due_bytes_ > 0; }
  /// Content that is being made.
  [[nodiscard]] std::size_t due_bytes() const { return due_bytes_; }
  /// What is under way is not wanted any more.
  void forget();

 private:
  SendShared& shared_;
  const SendObject& object_;
  Take take_;
  std::shared_ptr<source::ChunkRemaker> remaker_;  // used on the other thread only
  std::size_t due_bytes_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // another one after forget()
};

}  // namespace dcdn::session
