// How a receive connection uses the store thread: sinks are opened, fed and finished there, the news comes
// back here.

#include "base/clock.hpp"
#include "base/text.hpp"
#include "session/receive_link.hpp"
#include "sink/directory_sink.hpp"
#include "sink/raw_sink.hpp"
#include "sink/stream_sink.hpp"

namespace dcdn::session {

namespace {

constexpr std::chrono::milliseconds kTellEvery{200};
constexpr std::uint64_t kCheckpointBytes = 64u << 20;

std::vector<Digest> needed_digests(const wire::Segment& segment, const store::SegmentNeed& need) {
  std::vector<Digest> digests;
  std::size_t i = 0;
  for (const wire::Record& record : segment.records) {
    const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (chunk == nullptr) continue;
    if (i < need.needed.size() && need.needed[i]) digests.push_back(chunk->carried);
    ++i;
  }
  return digests;
}

ObjectStatus status_of(const sink::ObjectSink& sink) {
  return {sink.segments_done(), sink.bytes_done(), sink.complete()};
}

// How much content an object may come to, with what is here of it; `total` is 0 when nobody knows. What the
// offer already breaks is told before a byte travels; what it leaves open or lies about is checked as it
// comes.
Result<std::uint64_t> content_limit(const ReceiveSettings& settings, std::uint64_t here,
                                    std::uint64_t total) {
  std::uint64_t most = settings.max_object_bytes > 0 ? settings.max_object_bytes : UINT64_MAX;
  if (std::max(here, total) > most)
    return Error(Errc::limit, "the object is larger than the receiver's --max-object");
  if (!settings.dir) return most;
  const std::uint64_t coming = total > here ? total - here : 0;
  if (settings.quota_bytes > 0) {
    DCDN_TRY(const std::uint64_t used, settings.dir->used_bytes());
    if (used + coming > settings.quota_bytes)
      return Error(Errc::limit, "the receiver's --quota does not allow it");
    most = std::min(most, here + (settings.quota_bytes - used));
  }
  DCDN_TRY(const std::uint64_t free, settings.dir->free_bytes());
  if (coming + settings.reserve_bytes > free)
    return Error(Errc::no_space,
                 "the receiver's disk has no room for it (" + std::to_string(free) + " bytes free)");
  return most;
}

}  // namespace

Result<std::shared_ptr<sink::ObjectSink>> ReceiveConnection::sink_for(Object& object) {
  const ReceiveSettings& settings = shared_->settings;
  DCDN_CHECK(wire::check_name(object.offer.name));
  store::PartObject::Options options;
  options.sender = connection_->peer();
  options.name = object.offer.name;
  options.kind = object.offer.kind;
  options.collision = settings.collision;
  options.fsync = settings.fsync;
  object.slot = store::slot_name(options);
  if (settings.sink == SinkKind::raw) {
    if (!shared_->raw_slot.empty() && shared_->raw_slot != object.slot) {
      shared_->raw_waiting.emplace_back(weak_from_this(), object.offer.object);
      return std::shared_ptr<sink::ObjectSink>();
    }
    shared_->raw_slot = object.slot;
  }
  SlotUse& use = shared_->slots[object.slot];
  if (use.connection == this) return Error(Errc::usage, "the same name is offered twice");
  if (use.connection != nullptr) use.connection->give_up_slot(use.object);
  use.connection = this;
  use.object = object.offer.object;
  if (use.kept) return use.kept;
  if (settings.sink == SinkKind::raw) {
    use.kept = sink::make_raw_sink(settings.output_fd, object.offer.kind);
    return use.kept;
  }
  if (settings.sink == SinkKind::stream) {
    use.kept = sink::make_stream_sink(settings.output_fd);
    return use.kept;
  }
  sink::OlderFiles older{settings.use_older, settings.basis, object.offer.object, object.offer.bytes, {}};
  older.link.rtt = connection_->stats().smoothed_rtt;
  return std::shared_ptr<sink::ObjectSink>(
      sink::make_directory_sink(settings.dir, options, settings.delivered_dir, std::move(older)));
}

void ReceiveConnection::open_sink(Object& object, std::shared_ptr<sink::ObjectSink> sink) {
  const std::uint32_t number = object.offer.object;
  const std::uint64_t bytes = object.offer.bytes.value_or(0);
  on_store([number, bytes, sink = std::move(sink)](ReceiveConnection& self) mutable {
    auto answer = sink->open();
    std::uint64_t most = 0;
    if (answer) {
      const auto limit = content_limit(self.shared_->settings, answer->bytes_done, bytes);
      if (limit) {
        most = *limit;
      } else {
        answer = limit.error();
      }
    }
    if (answer) self.desk_->add(number, std::move(sink));
    sink.reset();
    self.post([number, most, answer = std::move(answer)](ReceiveConnection& here) {
      here.opened(number, answer, most);
    });
  });
}

void ReceiveConnection::opened(std::uint32_t number, Result<message::Answer> answer,
                               std::uint64_t most_bytes) {
  Object* object = find(number);
  if (object == nullptr) return;
  if (!answer) return fail(number, answer.error());
  answer->object = number;
  object->opened = true;
  object->most_bytes = most_bytes;
  object->ask = answer->ask;
  object->now.bytes_done = object->told.bytes_done = answer->bytes_done;
  connection_->send(object->stream, frame_buffer(wire::FrameType::answer, message::encode(*answer)), false);
  take_early(*object, message::is_plain(*answer));
}

void ReceiveConnection::add_segment(Object& object, pipeline::SegmentGate::Passed passed,
                                    std::function<void()> credit) {
  const std::uint32_t number = object.offer.object;
  on_store([number, differences = object.differences, passed = std::move(passed),
            credit = std::move(credit)](ReceiveConnection& self) {
    sink::ObjectSink* sink = self.desk_->find(number);
    credit();
    if (sink == nullptr) return;
    auto need = sink->add_segment(passed.segment, passed.id, passed.frames);
    const std::uint64_t index = passed.segment.index;
    if (need) {
      self.post_outcome(self.desk_->take_held(needed_digests(passed.segment, *need), self.shared_->pool));
    }
    const bool compared = need && differences > 0;
    const Bytes ahead = compared ? sink->frames_before_want(passed.segment, *need, differences) : Bytes();
    const ObjectStatus status = status_of(*sink);
    self.post([number, index, need = std::move(need), ahead, status](ReceiveConnection& here) {
      here.segment_added(number, index, need, ahead);
      here.report(number, status);
    });
  });
}

void ReceiveConnection::segment_added(std::uint32_t number, std::uint64_t index,
                                      Result<store::SegmentNeed> need, const Bytes& ahead) {
  Object* object = find(number);
  if (object == nullptr) return;
  if (!need) return fail(number, need.error());
  if (!object->ask || need->needed.empty()) return;
  if (!ahead.empty()) connection_->send(object->stream, Buffer::copy_of(ahead), false);
  const message::Want want{number, index, need->needed};
  connection_->send(object->stream, frame_buffer(wire::FrameType::want, message::encode(want)), false);
}

void ReceiveConnection::ask_again(const message::Want& want) {
  const Object* object = find(want.object);
  if (object == nullptr) return;
  shared_->watcher.on_note(1, escape_for_display(object->offer.name) +
                                  ": a difference to the older version did not fit; the data itself is sent");
  connection_->send(object->stream, frame_buffer(wire::FrameType::want, message::encode(want)), false);
}

void ReceiveConnection::post_outcome(const ChunkDesk::Outcome& outcome) {
  for (const std::uint32_t number : outcome.changed) {
    sink::ObjectSink* sink = desk_->find(number);
    if (sink == nullptr) continue;
    const ObjectStatus status = status_of(*sink);
    post([number, status](ReceiveConnection& here) { here.report(number, status); });
  }
  for (const auto& [number, error] : outcome.failed)
    post([number = number, error = error](ReceiveConnection& here) { here.fail(number, error); });
  if (outcome.again) post([want = *outcome.again](ReceiveConnection& here) { here.ask_again(want); });
  if (outcome.lost)
    post([](ReceiveConnection& here) {
      here.drop(Error(Errc::temporary, "a chunk was dropped as a repeat and is needed after all"));
    });
}

void ReceiveConnection::report(std::uint32_t number, const ObjectStatus& status) {
  Object* object = find(number);
  if (object == nullptr || object->finishing) return;
  if (status.bytes_done > object->now.bytes_done) {
    shared_->bytes_verified += status.bytes_done - object->now.bytes_done;
    shared_->verified_unix_s = now_unix_s();
  }
  object->now = status;
  if (status.bytes_done > object->most_bytes) {
    on_store([number](ReceiveConnection& self) {
      if (sink::ObjectSink* sink = self.desk_->find(number)) (void)sink->discard();
    });
    return fail(number, Error(Errc::limit, "the object grew beyond the receiver's --max-object or --quota"));
  }
  const auto now = std::chrono::steady_clock::now();
  const bool due = now - object->told_at >= kTellEvery && status.bytes_done != object->told.bytes_done;
  if (status.segments_done != object->told.segments_done || due) tell_stored(*object);
  if (status.complete) finalize(*object);
}

void ReceiveConnection::tell_stored(Object& object) {
  const std::uint64_t before = object.told.bytes_done;
  object.told = object.now;
  object.told_at = std::chrono::steady_clock::now();
  const message::Stored stored{object.offer.object, object.now.segments_done, object.now.bytes_done};
  connection_->send(object.stream, frame_buffer(wire::FrameType::stored, message::encode(stored)), false);
  if (before / kCheckpointBytes == object.now.bytes_done / kCheckpointBytes) return;
  shared_->watcher.on_session_progress(session_id_, title(), done_before_ + object.now.bytes_done, total_);
  if (!shared_->settings.fsync) return;
  on_store([number = object.offer.object](ReceiveConnection& self) {
    if (sink::ObjectSink* sink = self.desk_->find(number)) {
      if (auto done = sink->checkpoint(); !done)
        self.post([number, error = done.error()](ReceiveConnection& here) { here.fail(number, error); });
    }
  });
}

void ReceiveConnection::finalize(Object& object) {
  object.finishing = true;
  const std::uint32_t number = object.offer.object;
  on_store([number](ReceiveConnection& self) {
    sink::ObjectSink* sink = self.desk_->find(number);
    if (sink == nullptr) return;
    auto path = sink->finalize();
    const Digest id = path ? sink->object_id() : Digest{};
    const std::uint64_t bytes = sink->bytes_done();
    self.post([number, path = std::move(path), id, bytes](ReceiveConnection& here) {
      here.finalized(number, path, id, bytes);
    });
  });
}

void ReceiveConnection::finalized(std::uint32_t number, Result<std::string> path, const Digest& id,
                                  std::uint64_t bytes) {
  Object* object = find(number);
  if (object == nullptr) return;
  if (!path) return fail(number, path.error());
  const auto time_s = static_cast<std::uint64_t>(now_s());
  const auto receipt = wire::sign_receipt(shared_->key, connection_->peer(), id, bytes, time_s);
  if (!receipt) return fail(number, receipt.error());
  connection_->send(object->stream, frame_buffer(wire::FrameType::receipt, wire::encode(*receipt)), true);
  ++delivered_;
  ++shared_->objects_delivered;
  shared_->bytes_delivered += bytes;
  done_before_ += bytes;
  shared_->watcher.on_delivered(escape_for_display(object->offer.name), *path, bytes, id);
  shared_->watcher.on_session_progress(session_id_, title(), done_before_, total_);
  remove(number, false);
}

void ReceiveConnection::fail(std::uint32_t number, const Error& error) {
  Object* object = find(number);
  if (object == nullptr) return;
  if (!first_error_) first_error_ = error;
  const std::string hint = error.hint.empty() ? "" : " (" + error.hint + ")";
  const message::Failure failure{number, message::code_number(error.code),
                                 (error.message + hint).substr(0, 1000)};
  connection_->send(object->stream, frame_buffer(wire::FrameType::failure, message::encode(failure)), true);
  shared_->watcher.on_object_failed(escape_for_display(object->offer.name), error);
  const bool output = shared_->settings.sink != SinkKind::directory;
  if (output && (error.code == Errc::closed_pipe || error.code == Errc::io || error.code == Errc::no_space))
    shared_->output_error = error;
  remove(number, false);
}

void ReceiveConnection::remove(std::uint32_t number, bool keep_sink) {
  const auto it = objects_.find(number);
  if (it == objects_.end()) return;
  const auto use = shared_->slots.find(it->second.slot);
  if (use != shared_->slots.end() && use->second.connection == this && use->second.object == number) {
    use->second.connection = nullptr;
    if (!keep_sink || !use->second.kept) {
      if (shared_->raw_slot == it->second.slot) shared_->raw_slot.clear();
      shared_->slots.erase(use);
    }
  }
  for (const wire::Frame& frame : it->second.early)
    connection_->consume(it->second.stream, wire::kHeaderBytes + frame.body.size());
  object_streams_.erase(it->second.stream);
  objects_.erase(it);
  shared_->worker.post([desk = desk_, number] { desk->remove(number); });
  while (shared_->raw_slot.empty() && !shared_->raw_waiting.empty()) {
    const auto [waiting, waiting_number] = shared_->raw_waiting.front();
    shared_->raw_waiting.pop_front();
    if (auto other = waiting.lock()) other->offer_again(waiting_number);
  }
}

// The output is free now.
void ReceiveConnection::offer_again(std::uint32_t number) {
  Object* object = find(number);
  if (object == nullptr || over_) return;
  auto sink = sink_for(*object);
  if (!sink) return fail(number, sink.error());
  if (*sink) open_sink(*object, std::move(*sink));
}

void ReceiveConnection::give_up_slot(std::uint32_t number) {
  Object* object = find(number);
  if (object == nullptr) return;
  const Error error(Errc::locked, "another transfer of the same name by the same sender took over");
  const message::Failure failure{number, message::code_number(error.code), error.message};
  connection_->send(object->stream, frame_buffer(wire::FrameType::failure, message::encode(failure)), true);
  if (!first_error_) first_error_ = error;
  object_streams_.erase(object->stream);
  objects_.erase(number);
  shared_->worker.post([desk = desk_, number] { desk->remove(number); });
}

void ReceiveConnection::cancel() {
  shared_->worker.post([desk = desk_, numbers = seen_objects_] {
    for (const std::uint32_t number : numbers) {
      if (sink::ObjectSink* sink = desk->find(number)) (void)sink->discard();
    }
  });
  while (!objects_.empty()) fail(objects_.begin()->first, Error(Errc::refused, "cancelled by the receiver"));
}

}  // namespace dcdn::session
