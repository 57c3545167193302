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
  std::vector<wire::ChunkRecord> chunks = chunk_records(segment);
  for (const Open& open : open_) {
    if (open.id == id) return need_of(open.here);
  }
  if (segment.index < done_) return need_of(std::vector<bool>(chunks.size(), true));
  DCDN_CHECK(checker_.add(segment, id));
  if (promise_) DCDN_CHECK(promise_->announce(segment, 0));
  const std::size_t cost =
      frame_bytes + segment.records.size() * sizeof(wire::Record) + chunks.size() * sizeof(wire::ChunkRecord);
  if (cost > kMostOpenBytes - std::min(open_bytes_, kMostOpenBytes))
    return Error(Errc::limit, "the sender announces too much ahead of the chunks that come first");
  open_bytes_ += cost;
  message::extend_plan(plan_, {segment.index, segment.chunk_bytes, segment.rung});
  for (const wire::ChunkRecord& chunk : chunks)
    ++missing_.try_emplace(chunk.carried, chunk, 0).first->second.places;
  const std::size_t missing = chunks.size();
  open_.push_back({segment, id, std::move(chunks), std::vector<bool>(missing, false), missing, cost});
  return need_of(open_.back().here);
}

std::optional<wire::ChunkRecord> ManifestWindow::wanted(const Digest& carried) const {
  const auto it = missing_.find(carried);
  if (it == missing_.end()) return std::nullopt;
  return it->second.record;
}

std::optional<ManifestWindow::Place> ManifestWindow::find(const Digest& carried) const {
  if (!missing_.contains(carried)) return std::nullopt;
  for (std::size_t at = 0; at < open_.size(); ++at) {
    const Open& open = open_[at];
    if (open.missing == 0) continue;
    for (std::size_t i = 0; i < open.chunks.size(); ++i) {
      if (!open.here[i] && open.chunks[i].carried == carried) return Place{at, i};
    }
  }
  return std::nullopt;
}

std::optional<ManifestWindow::Place> ManifestWindow::mark(const Digest& carried) {
  const auto place = find(carried);
  if (!place) return std::nullopt;
  Open& open = open_[place->segment];
  open.here[place->chunk] = true;
  --open.missing;
  Missing& missing = missing_.find(carried)->second;
  if (promise_) promise_->written(missing.record.content_size);
  if (--missing.places == 0) {
    missing_.erase(carried);
  } else if (const auto next = find(carried)) {
    missing.record = open_[next->segment].chunks[next->chunk];  // it may be compressed after another past
  }
  return place;
}

void ManifestWindow::pop() {
  last_done_ = open_.front().id;
  open_bytes_ -= open_.front().cost;
  open_.pop_front();
  ++done_;
}

}  // namespace dcdn::sink
