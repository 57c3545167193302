// basis_book.hpp - what a receiver tells its sender of older files, for one object on one connection; and the
// chunks that come back as differences to them.
//
// Spec     dcdn-session(5), DIFFERENCES
// Threads  one at a time (the receiver's store thread)
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "delta/signature.hpp"
#include "message/difference_message.hpp"
#include "store/part_object.hpp"

namespace dcdn::sink {

class BasisBook {
 public:
  BasisBook(std::uint32_t object, std::shared_ptr<store::BasisFiles> files)
      : object_(object), files_(std::move(files)) {}

  /// Where the first missing chunk like a record belongs.
  using SpotOf = std::function<std::optional<store::ChunkSpot>(const wire::ChunkRecord&)>;
  /// Frames that go ahead of the want of a segment: signatures not told yet, and which of them its chunks are
  /// to be compared with. Empty: it does not pay, or there is nothing older. `version`: of differences, the
  /// highest that the sender knows.
  Bytes frames_before_want(const wire::Segment& segment, const store::SegmentNeed& need,
                           std::uint32_t version, const SpotOf& spot_of);
  /// The content that a difference makes. error corrupt, io, changed: ask for the chunk itself.
  Result<Buffer> make(const message::Difference& difference, const wire::ChunkRecord& record,
                      BufferPool& pool, const SpotOf& spot_of);

 private:
  /// The file whose records come now.
  struct CurrentFile {
    std::uint64_t seen_bytes = 0;
    std::uint64_t missing_bytes = 0;
    std::uint64_t missing_chunks = 0;
    bool nothing_older = false;
    std::optional<std::uint32_t> basis;
  };
  /// Its records in one segment.
  struct FilePart {
    std::uint32_t chunks = 0;
    const wire::ChunkRecord* first_needed = nullptr;
  };
  void close_part(FilePart& part, const SpotOf& spot_of, message::Compare& compare, Bytes& frames);
  [[nodiscard]] delta::SignatureShape shape_for(std::uint64_t old_bytes, std::uint64_t file_bytes) const;
  std::optional<std::uint32_t> basis_of(const FilePart& part, const SpotOf& spot_of, Bytes& frames);
  /// False: the older file could not be read to its end.
  bool tell(const delta::SignatureShape& shape, store::OlderContent& older, Bytes& frames);

  std::uint32_t object_;
  std::shared_ptr<store::BasisFiles> files_;
  CurrentFile file_;
  std::vector<std::string> told_;  // paths, by number; empty: of a pack, whose files are looked up again
  std::size_t told_bytes_ = 0;     // of their signatures
  std::optional<std::uint32_t> open_number_;  // told_[open_number_] is open_
  store::OlderContent open_;
};

}  // namespace dcdn::sink
