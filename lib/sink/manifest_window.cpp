#include "sink/manifest_window.hpp"

#include <algorithm>

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
  const std::size_t cost = frame_bytes + segment.records.size() * sizeof(wire::Record);
  if (cost > kMostOpenBytes - std::min(open_bytes_, kMostOpenBytes))
    return Error(Errc::limit, "the sender announces too much ahead of the chunks that come first");
  open_bytes_ += cost;
  if (plan_.size() < message::kMaxChunkPlanSteps &&
      (plan_.empty() || plan_.back().chunk_content != segment.chunk_bytes))
    plan_.push_back({segment.index, segment.chunk_bytes});
  for (const wire::ChunkRecord& chunk : chunks)
    ++missing_.try_emplace(chunk.carried, chunk, 0).first->second.second;
  open_.push_back({segment, id, std::vector<bool>(chunks.size(), false), chunks.size(), cost});
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
  open_bytes_ -= open_.front().cost;
  open_.pop_front();
  ++done_;
}

}  // namespace dcdn::sink
