// remaking.hpp - chunks of one object that were not packed, or not kept, and are wanted after all.
//
// Threads  the loop thread; files are read on the session's own thread for that, and chunks are made on the
// workers
// Memory   the wanted chunks of one segment, or kSendWindowBytes of several that the receiver has not stored
#pragma once
#include <deque>
#include <functional>
#include <map>
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
  /// In its turn.
  void add(source::PackedSegmentPtr segment, std::vector<bool> needed);
  /// Begins with the next, if the one before is made and the receiver keeps up.
  void go_on();
  /// The receiver has segments [0, upto).
  void stored(std::uint64_t upto);
  [[nodiscard]] bool busy() const { return running_ || !waiting_.empty(); }
  /// What is under way is not wanted any more.
  void forget();

 private:
  struct Wanted {
    source::PackedSegmentPtr segment;
    std::vector<bool> needed;
    std::size_t bytes = 0;
  };
  void start(Wanted wanted);

  SendShared& shared_;
  const SendObject& object_;
  Take take_;
  std::shared_ptr<source::ChunkRemaker> remaker_;  // used on the other thread only
  std::deque<Wanted> waiting_;
  bool running_ = false;
  std::map<std::uint64_t, std::size_t> made_;  // bytes, by segment, of those that are not stored
  std::size_t made_bytes_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // another one after forget()
};

}  // namespace dcdn::session
