#include "session/incoming_object.hpp"

#include <asio/post.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "store/part_object.hpp"

namespace dcdn::session {

namespace {

constexpr std::chrono::milliseconds kTellEvery{200};
constexpr std::uint64_t kCheckpointBytes = 64u << 20;
constexpr std::uint64_t kCheckBytes = 32u << 20;
// Flow control bounds their bytes, this what a small one costs beside them.
constexpr std::size_t kMostEarlyFrames = 1024;

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

std::string slot_of(const message::Offer& offer, const NodeId& sender) {
  store::PartObject::Options options;
  options.sender = sender;
  options.name = offer.name;
  options.kind = offer.kind;
  return store::slot_name(options);
}

}  // namespace

IncomingObject::IncomingObject(std::shared_ptr<ReceiveShared> shared, std::shared_ptr<ChunkDesk> desk,
                               const NodeId& sender, message::Offer offer, std::unique_ptr<ObjectPeer> peer)
    : shared_(std::move(shared)),
      desk_(std::move(desk)),
      sender_(sender),
      offer_(std::move(offer)),
      peer_(std::move(peer)),
      gate_(sender, *shared_->settings.trusted) {}

std::string IncomingObject::shown_name() const {
  return escape_for_display(offer_.name);
}

void IncomingObject::on_store(std::function<void(IncomingObject&)> job) {
  session::on_store(*shared_, shared_from_this(), std::move(job));
}

void IncomingObject::post(OnLoop on_loop) {
  post_to(*shared_, weak_from_this(), std::move(on_loop));
}

void IncomingObject::post_to(const ReceiveShared& shared, std::weak_ptr<IncomingObject> object,
                             OnLoop on_loop) {
  asio::post(shared.executor, [object = std::move(object), on_loop = std::move(on_loop)] {
    if (const auto self = object.lock(); self && !self->over_) on_loop(*self);
  });
}

void IncomingObject::begin() {
  if (over_) return;
  auto sink = claim_sink();
  if (!sink) return fail(sink.error());
  if (*sink) open(std::move(*sink));
}

// Null: the output is not free.
Result<std::shared_ptr<sink::ObjectSink>> IncomingObject::claim_sink() {
  const ReceiveSettings& settings = shared_->settings;
  DCDN_CHECK(wire::check_name(offer_.name));
  slot_ = slot_of(offer_, sender_);
  DCDN_TRY(const bool has_turn, shared_->slots.claim(slot_, shared_from_this()));
  if (!has_turn) return std::shared_ptr<sink::ObjectSink>();
  if (auto kept = shared_->slots.kept(slot_)) return kept;
  DCDN_TRY(auto sink, settings.make_sink(offer_, sender_, peer_->round_trip()));
  if (settings.one_output) shared_->slots.keep(slot_, sink);
  return sink;
}

void IncomingObject::open(std::shared_ptr<sink::ObjectSink> sink) {
  on_store([sink = std::move(sink)](IncomingObject& self) mutable {
    auto answer = sink->open();
    if (answer) {
      const auto promised =
          sink->offered(self.offer_.bytes.value_or(0), answer->bytes_done, self.offer_.holes);
      if (!promised) answer = promised.error();
    }
    if (answer) self.desk_->add(self.offer_.object, std::move(sink), self.weak_from_this());
    sink.reset();
    self.post([answer = std::move(answer)](IncomingObject& here) { here.opened(answer); });
  });
}

void IncomingObject::opened(Result<message::Answer> answer) {
  if (!answer) return fail(answer.error());
  answer->object = offer_.object;
  opened_ = true;
  ask_ = answer->ask;
  now_.bytes_done = told_.bytes_done = answer->bytes_done;
  peer_->answer(*answer);
  take_early(message::is_plain(*answer));
}

// What a sender sent without waiting for the answer.
void IncomingObject::take_early(bool plain) {
  void_until_again_ = peer_->begins_early() && !plain;
  for (auto& [frame, credit] : std::exchange(early_, {})) {
    if (!over_) {
      pass(frame, std::move(credit));
    } else {  // the one before has failed it
      credit();
    }
  }
}

Result<void> IncomingObject::take_manifest(const wire::Frame& frame, Credit credit) {
  if (opened_) {
    pass(frame, std::move(credit));
    return {};
  }
  if (!peer_->begins_early())
    return Error(Errc::corrupt, "a manifest segment came before the answer to its offer");
  if (early_.size() >= kMostEarlyFrames)
    return Error(Errc::limit, "too many manifest segments came before the answer to their offer");
  early_.emplace_back(frame, std::move(credit));
  return {};
}

Result<void> IncomingObject::take_again() {
  if (!opened_) return Error(Errc::corrupt, "an object is begun again before its answer");
  void_until_again_ = false;
  return {};
}

void IncomingObject::pass(const wire::Frame& frame, Credit credit) {
  if (void_until_again_) return credit();
  auto passed = gate_.take(frame, now_micros());
  if (!passed) {
    credit();
    fail(passed.error());
  } else if (*passed) {
    add_segment(std::move(**passed), std::move(credit));
  } else {
    credit();
  }
}

void IncomingObject::add_segment(pipeline::SegmentGate::Passed passed, Credit credit) {
  on_store([differences = differences_, passed = std::move(passed),
            credit = std::move(credit)](IncomingObject& self) {
    sink::ObjectSink* sink = self.desk_->find(self.offer_.object);
    credit();
    if (sink == nullptr) return;
    auto need = sink->add_segment(passed.segment, passed.id, passed.frames);
    const std::uint64_t index = passed.segment.index;
    if (need)
      if (auto waited = sink->write_waiting(self.shared_->pool); !waited) need = waited.error();
    if (need) {
      const auto outcome = self.desk_->take_held(needed_digests(passed.segment, *need), self.shared_->pool);
      tell(*self.shared_, *self.desk_, outcome);
      if (outcome.lost)
        self.post([](IncomingObject& here) {
          here.peer_->lost(Error(Errc::temporary, "a chunk was dropped as a repeat and is needed after all"));
        });
    }
    const bool compared = need && differences > 0;
    const Bytes ahead = compared ? sink->frames_before_want(passed.segment, *need, differences) : Bytes();
    const ObjectStatus status = status_of(*sink);
    self.post([index, need = std::move(need), ahead, status](IncomingObject& here) {
      here.segment_added(index, need, ahead);
      if (!here.over_) here.report(status);
    });
  });
}

void IncomingObject::segment_added(std::uint64_t index, const Result<store::SegmentNeed>& need,
                                   const Bytes& ahead) {
  if (!need) return fail(need.error());
  if (ask_ && !need->needed.empty()) peer_->want({offer_.object, index, need->needed}, ahead);
}

void IncomingObject::ask_again(const message::Want& want) {
  shared_->watcher.on_note(
      1, shown_name() + ": a difference to the older version did not fit; the data itself is sent");
  peer_->want(want, {});
}

void IncomingObject::tell(const ReceiveShared& shared, ChunkDesk& desk, const ChunkDesk::Outcome& outcome) {
  for (const std::uint32_t number : outcome.changed) {
    const sink::ObjectSink* sink = desk.find(number);
    if (sink == nullptr) continue;
    const ObjectStatus status = status_of(*sink);
    post_to(shared, desk.object(number), [status](IncomingObject& here) { here.report(status); });
  }
  for (const auto& [number, why] : outcome.failed)
    post_to(shared, desk.object(number), [error = why](IncomingObject& here) { here.fail(error); });
  if (outcome.again)
    post_to(shared, desk.object(outcome.again->object),
            [want = *outcome.again](IncomingObject& here) { here.ask_again(want); });
}

void IncomingObject::report(const ObjectStatus& status) {
  if (finishing_) return;
  if (status.bytes_done > now_.bytes_done) {
    shared_->bytes_verified += status.bytes_done - now_.bytes_done;
    shared_->verified_unix_s = now_unix_s();
  }
  now_ = status;
  const auto now = std::chrono::steady_clock::now();
  const bool due = now - told_at_ >= kTellEvery && status.bytes_done != told_.bytes_done;
  if (status.segments_done != told_.segments_done || due) tell_stored();
  if (status.complete) finalize();
}

void IncomingObject::tell_stored() {
  const std::uint64_t before = told_.bytes_done;
  told_ = now_;
  told_at_ = std::chrono::steady_clock::now();
  peer_->stored({offer_.object, now_.segments_done, now_.bytes_done});
  peer_->progressed(now_.bytes_done);
  if (before / kCheckpointBytes == now_.bytes_done / kCheckpointBytes) return;
  if (!shared_->settings.fsync) return;
  on_store([](IncomingObject& self) {
    if (sink::ObjectSink* sink = self.desk_->find(self.offer_.object)) {
      if (auto done = sink->checkpoint(); !done)
        self.post([error = done.error()](IncomingObject& here) { here.fail(error); });
    }
  });
}

// By way of the loop, so that other objects have their turn between two slices.
void IncomingObject::finalize() {
  finishing_ = true;
  on_store([](IncomingObject& self) {
    sink::ObjectSink* sink = self.desk_->find(self.offer_.object);
    if (sink == nullptr) return;
    const auto checked = sink->check_some(kCheckBytes);
    if (!checked) return self.post([error = checked.error()](IncomingObject& here) { here.fail(error); });
    if (!*checked) return self.post([](IncomingObject& here) { here.finalize(); });
    if (sink->finishes_in_group()) return self.finish_with_others();
    self.finished(*sink, sink->finalize());
  });
}

// Behind all that waits already, of which some may join.
void IncomingObject::finish_with_others() {
  sink::FinishGroup& group = shared_->finish_group;
  const auto sink = desk_->share(offer_.object);
  if (group.empty()) shared_->worker.post([&group] { group.finish(); });
  group.add(sink, [self = weak_from_this(), sink](const Result<std::string>& path) {
    if (const auto here = self.lock()) here->finished(*sink, path);
  });
  if (group.full()) group.finish();
}

void IncomingObject::finished(const sink::ObjectSink& sink, const Result<std::string>& path) {
  const Digest id = path ? sink.object_id() : Digest{};
  post([path, id, bytes = sink.bytes_done(), left_out = sink.left_out(), not_noted = sink.not_noted(),
        notes = sink.notes()](IncomingObject& here) {
    if (path && not_noted) here.tell_not_noted(*not_noted);
    for (const std::string& note : notes) here.shared_->watcher.on_note(0, here.shown_name() + ": " + note);
    here.finalized(path, id, bytes, left_out);
  });
}

// Once: the next objects will not fare better.
void IncomingObject::tell_not_noted(const Error& why) {
  if (std::exchange(shared_->told_not_noted, true)) return;
  shared_->watcher.on_note(0, shown_name() + ": that it was delivered is not noted: " + why.message);
}

void IncomingObject::finalized(const Result<std::string>& path, const Digest& id, std::uint64_t bytes,
                               const wire::LeftOutList& left_out) {
  if (!path) return fail(path.error());
  const auto time_s = static_cast<std::uint64_t>(now_s());
  const auto receipt = wire::sign_receipt(shared_->key, sender_, id, bytes, time_s);
  if (!receipt) return fail(receipt.error());
  peer_->receipt(*receipt);
  ++shared_->objects_delivered;
  shared_->bytes_delivered += bytes;
  if (left_out.count > 0) shared_->watcher.on_left_out(offer_.name, left_out);
  shared_->watcher.on_delivered({offer_.name, *path, bytes, id, sender_});
  end(false);
}

void IncomingObject::look(Micros now) {
  if (const auto timely = gate_.check(now); !timely) fail(timely.error());
}

void IncomingObject::fail(const Error& error) {
  if (over_) return;
  peer_->failed(error);
  shared_->watcher.on_object_failed(offer_.name, sender_, error);
  const bool unwritable =
      error.code == Errc::closed_pipe || error.code == Errc::io || error.code == Errc::no_space;
  if (shared_->settings.one_output && unwritable) shared_->output_error = error;
  end(false);
}

void IncomingObject::given_up(const Error& error, bool keep_sink) {
  if (over_) return;
  shared_->watcher.on_object_failed(offer_.name, sender_, error);
  end(keep_sink);
}

void IncomingObject::give_up_slot() {
  if (over_) return;
  peer_->failed(Error(Errc::locked, "another transfer of the same name by the same sender took over"));
  end(false);
}

void IncomingObject::end(bool keep_sink) {
  if (std::exchange(over_, true)) return;
  const auto self = shared_from_this();
  shared_->slots.release(slot_, *this, keep_sink);
  for (const auto& [frame, credit] : std::exchange(early_, {})) credit();
  shared_->worker.post([desk = desk_, number = offer_.object] { desk->remove(number); });
  peer_->ended();
  shared_->slots.serve_waiting();
}

}  // namespace dcdn::session
