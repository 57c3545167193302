#include "session/chunk_desk.hpp"

namespace dcdn::session {

ObjectStatus status_of(const sink::ObjectSink& sink) {
  return {sink.segments_done(), sink.bytes_done(), sink.complete()};
}

void ChunkDesk::add(std::uint32_t number, std::shared_ptr<sink::ObjectSink> sink,
                    std::weak_ptr<IncomingObject> object) {
  sink->share_waiting(waiting_);
  places_[number] = {std::move(sink), std::move(object)};
}

sink::ObjectSink* ChunkDesk::find(std::uint32_t number) const {
  const auto place = places_.find(number);
  return place == places_.end() ? nullptr : place->second.sink.get();
}

std::shared_ptr<sink::ObjectSink> ChunkDesk::share(std::uint32_t number) const {
  const auto place = places_.find(number);
  return place == places_.end() ? nullptr : place->second.sink;
}

std::weak_ptr<IncomingObject> ChunkDesk::object(std::uint32_t number) const {
  const auto place = places_.find(number);
  return place == places_.end() ? std::weak_ptr<IncomingObject>() : place->second.object;
}

ChunkDesk::Outcome ChunkDesk::take(const pipeline::ChunkFrame& chunk, BufferPool& pool, Done credit) {
  Outcome outcome;
  for (auto& [number, place] : places_) write(number, *place.sink, chunk, pool, outcome);
  const bool used = !outcome.changed.empty() || !outcome.failed.empty();
  const bool repeat = !used && written_.find(chunk.carried_digest) != nullptr;
  if (repeat) thrown_away_.insert(chunk.carried_digest, true);
  if (used || repeat || !held_.try_emplace(chunk.carried_digest, Held{chunk.carried, credit}).second)
    credit();
  return outcome;
}

void ChunkDesk::write(std::uint32_t number, sink::ObjectSink& sink, const pipeline::ChunkFrame& chunk,
                      BufferPool& pool, Outcome& outcome) {
  const auto taken = sink.take_chunk(chunk.carried_digest, chunk.carried, pool);
  if (taken && !taken->wanted) return;
  if (taken && !taken->damaged) {
    written_.insert(chunk.carried_digest, true);
    outcome.changed.push_back(number);
  } else {
    outcome.failed.emplace_back(number, taken ? *taken->damaged : taken.error());
  }
}

ChunkDesk::Outcome ChunkDesk::take_difference(const message::Difference& difference, BufferPool& pool) {
  Outcome outcome;
  sink::ObjectSink* sink = find(difference.object);
  if (sink == nullptr) return outcome;
  auto again = sink->write_difference(difference, pool);
  if (!again) {
    outcome.failed.emplace_back(difference.object, again.error());
  } else if (*again) {
    outcome.again = std::move(*again);
    outcome.again->object = difference.object;
  } else if (const auto waited = sink->write_waiting(pool); !waited) {
    outcome.failed.emplace_back(difference.object, waited.error());
  } else {
    written_.insert(difference.carried, true);
    outcome.changed.push_back(difference.object);
  }
  return outcome;
}

ChunkDesk::Outcome ChunkDesk::take_held(const std::vector<Digest>& now_wanted, BufferPool& pool) {
  Outcome all;
  for (const Digest& digest : now_wanted) {
    const auto it = held_.find(digest);
    if (it == held_.end()) {
      all.lost = all.lost || thrown_away_.find(digest) != nullptr;
      continue;
    }
    const Held held = std::move(it->second);
    held_.erase(it);
    for (auto& [number, place] : places_) write(number, *place.sink, {digest, held.carried}, pool, all);
    held.credit();
  }
  return all;
}

void ChunkDesk::discard_all() {
  for (auto& [number, place] : places_) (void)place.sink->discard();
}

void ChunkDesk::clear() {
  places_.clear();
  held_.clear();
}

}  // namespace dcdn::session
