#include "sink/object_sink.hpp"

#include <algorithm>

#include "pipeline/chunk_packer.hpp"

namespace dcdn::sink {

ObjectSink::~ObjectSink() {
  for (const Waiting& waiting : waiting_) budget_->give_back(waiting.carried.size());
}

Result<ChunkTaken> ObjectSink::take_chunk(const Digest& carried_digest, const Buffer& carried,
                                          BufferPool& pool) {
  const auto record = wanted(carried_digest);
  if (!record) return ChunkTaken{};
  if (!needs_content()) {
    if (const auto right = pipeline::check_carried(*record, carried); !right)
      return ChunkTaken{true, right.error()};
    DCDN_CHECK(write_chunk(carried_digest, Buffer(), carried));
    return ChunkTaken{true, {}};
  }
  if (record->codec == wire::CodecId::zstd_after) return take_after(*record, carried, pool);
  const auto content = pipeline::unpack_chunk(*record, carried, pool);
  if (!content) return ChunkTaken{true, content.error()};
  DCDN_CHECK(write_chunk(carried_digest, *content, carried));
  DCDN_CHECK(write_waiting(pool));
  return ChunkTaken{true, {}};
}

Result<ChunkTaken> ObjectSink::take_after(const wire::ChunkRecord& record, const Buffer& carried,
                                          BufferPool& pool) {
  if (const auto right = pipeline::check_carried(record, carried); !right)
    return ChunkTaken{true, right.error()};
  DCDN_TRY(const bool written, write_if_ready({record.carried, carried}, pool));
  if (written) {
    DCDN_CHECK(write_waiting(pool));
  } else {
    DCDN_CHECK(wait_for_past(record.carried, carried));
  }
  return ChunkTaken{true, {}};
}

Result<void> ObjectSink::wait_for_past(const Digest& carried_digest, const Buffer& carried) {
  const auto same = [&](const Waiting& waiting) { return waiting.carried_digest == carried_digest; };
  if (std::ranges::any_of(waiting_, same)) return {};
  if (!budget_->take(carried.size()))
    return Error(Errc::limit, "the sender leaves too large a gap before its chunks");
  waiting_.push_back({carried_digest, carried});
  return {};
}

Result<void> ObjectSink::write_waiting(BufferPool& pool) {
  for (bool progress = true; progress && !waiting_.empty();) {
    progress = false;
    for (std::size_t i = 0; i < waiting_.size();) {
      DCDN_TRY(const bool done, write_if_ready(waiting_[i], pool));
      if (done) {
        budget_->give_back(waiting_[i].carried.size());
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
        progress = true;
      } else {
        ++i;
      }
    }
  }
  return {};
}

Result<bool> ObjectSink::write_if_ready(const Waiting& waiting, BufferPool& pool) {
  const auto record = wanted(waiting.carried_digest);
  if (!record) return true;
  DCDN_TRY(const std::optional<Buffer> past, past_of(*record, pool));
  if (!past) return false;
  DCDN_TRY(const Buffer content, pipeline::unpack_checked(*record, waiting.carried, pool, past->view()));
  DCDN_CHECK(write_chunk(waiting.carried_digest, content, waiting.carried));
  return true;
}

}  // namespace dcdn::sink
