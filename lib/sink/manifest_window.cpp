#include "sink/manifest_window.hpp"

#include <algorithm>

#include "wire/frame.hpp"

namespace dcdn::sink {

namespace {

std::vector<wire::ChunkRecord> chunk_records(const wire::Segment& segment) {
  std::vector<wire::ChunkRecord> chunks;
  for (const wire::Record& record : segment.records) {
    if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) chunks.push_back(*chunk);
  }
  return chunks;
}

store::SegmentNeed need_of(const std::vector<bool>& here) {
  store::SegmentNeed need;
  need.needed.resize(here.size());
  for (std::size_t i = 0; i < here.size(); ++i) need.needed[i] = !here[i];
  need.any = std::find(here.begin(), here.end(), false) != here.end();
  return need;
}

}  // namespace

Result<store::SegmentNeed> ManifestWindow::add(const wire::Segment& segment, const Digest& id,
                                               std::size_t frame_bytes) {
  const std::vector<wire::ChunkRecord> chunks = chunk_records(segment);
  for (const Open& open : open_) {
    if (open.id == id) return need_of(open.here);
  }
  if (segment.index < done_) return need_of(std::vector<bool>(chunks.size(), true));
  DCDN_CHECK(checker_.add(segment, id));
  if (promise_) DCDN_CHECK(promise_->announce(segment, 0));
  if (frame_bytes > kMostOpenBytes - std::min(open_bytes_, kMostOpenBytes))
    return Error(Errc::limit, "the sender announces too much ahead of the chunks that come first");
  open_bytes_ += frame_bytes;
  std::uint32_t largest = 0;  // a chunk below the smallest size is the tail of a small file
  for (const wire::ChunkRecord& chunk : chunks)
    largest = std::max<std::uint32_t>({largest, chunk.content_size, wire::kMinChunkContent});
  if (largest > 0 && plan_.size() < message::kMaxChunkPlanSteps &&
      (plan_.empty() || (plan_.back().chunk_content != largest && !segment.final)))
    plan_.push_back({segment.index, largest});
  for (const wire::ChunkRecord& chunk : chunks)
    ++missing_.try_emplace(chunk.carried, chunk, 0).first->second.second;
  open_.push_back({segment, id, std::vector<bool>(chunks.size(), false), chunks.size(), frame_bytes});
  return need_of(open_.back().here);
}

std::optional<wire::ChunkRecord> ManifestWindow::wanted(const Digest& carried) const {
  const auto it = missing_.find(carried);
  if (it == missing_.end()) return std::nullopt;
  return it->second.first;
}

std::optional<ManifestWindow::Place> ManifestWindow::mark(const Digest& carried) {
  const auto it = missing_.find(carried);
  if (it == missing_.end()) return std::nullopt;
  if (promise_) promise_->written(it->second.first.content_size);
  if (--it->second.second == 0) missing_.erase(it);
  for (std::size_t at = 0; at < open_.size(); ++at) {
    Open& open = open_[at];
    if (open.missing == 0) continue;
    std::size_t i = 0;
    for (const wire::Record& record : open.segment.records) {
      const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
      if (chunk == nullptr) continue;
      if (!open.here[i] && chunk->carried == carried) {
        open.here[i] = true;
        --open.missing;
        return Place{at, i};
      }
      ++i;
    }
  }
  return std::nullopt;
}

void ManifestWindow::pop() {
  last_done_ = open_.front().id;
  open_bytes_ -= open_.front().frame_bytes;
  open_.pop_front();
  ++done_;
}

}  // namespace dcdn::sink
