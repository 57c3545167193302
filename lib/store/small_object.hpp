// small_object.hpp - an object on its way in that is one file of at most one chunk, and all of it in its
// first segment: it needs no staging folder, because there is nothing to go on with after a break.
//
// OUT/.dcdn-part/<slot>.small   the file until it has its name; removed by the next that opens the folder
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "store/part_chain.hpp"
#include "store/part_object.hpp"
#include "store/publish.hpp"
#include "store/sync_batch.hpp"

namespace dcdn::store {

/// Threads  one at a time (the receiver's store thread).
class SmallObject {
 public:
  /// Whether it is such an object. The manifest's own rules were not asked yet.
  static bool is_one(const wire::Segment& segment);
  /// Nothing of the object is here, and its name is free: else it is a PartObject's. `segment`: is_one().
  /// error limit, no_space: ObjectPromise; corrupt: the manifest; locked; io.
  static Result<std::unique_ptr<SmallObject>> begin(std::shared_ptr<ReceiveDir> dir,
                                                    PartObject::Options options, const wire::Segment& segment,
                                                    const Digest& id, std::size_t frame_bytes);
  ~SmallObject();  ///< what has no name yet is gone

  /// Its chunk, if it travels as `carried` and is not here.
  [[nodiscard]] std::optional<wire::ChunkRecord> wanted(const Digest& carried) const;
  [[nodiscard]] SegmentNeed need_of(const wire::Segment& segment) const { return chain_.need_of(segment); }
  /// Content that was verified against `record`, which is wanted.
  Result<void> write(const wire::ChunkRecord& record, ByteView content);
  [[nodiscard]] bool complete() const { return staged_; }
  /// When complete: what has to be on disk before it gets its name.
  void stage(SyncBatch& batch);
  /// After that: its name, by the collision policy as publish() has it. `folders` gets what is to be synced
  /// then.
  Result<std::string> give_name(const NoteName& note, SyncBatch& folders);
  [[nodiscard]] Delivered delivered_as(const std::string& name) const;
  [[nodiscard]] const PartChain& chain() const { return chain_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  SmallObject(std::shared_ptr<ReceiveDir> dir, PartObject::Options options);
  Result<void> make(ByteView content);
  [[nodiscard]] std::string shown() const;

  std::shared_ptr<ReceiveDir> dir_;
  PartObject::Options options_;
  std::string slot_;
  bool claimed_ = false;
  bool staged_ = false;
  PartChain chain_;
  wire::EntryBegin begin_;
  UniqueFd fd_;  // from when it is written until stage()
  std::vector<std::string> notes_;
};

}  // namespace dcdn::store
