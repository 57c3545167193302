#include "session/feed_hub.hpp"

#include <unistd.h>

#include <asio/post.hpp>

#include "base/clock.hpp"
#include "session/remaking.hpp"
#include "source/packed_segment.hpp"
#include "source/ready_stream.hpp"

namespace dcdn::session {

namespace {

constexpr std::chrono::milliseconds kFlushAfter{1000};
constexpr std::uint32_t kInnerChunk = 256u << 10;  // inside an encrypted object the path does not show

}  // namespace

FeedHub::~FeedHub() {
  for (Running& running : running_) running.feed->cancel();
  for (Running& running : running_) running.thread.join();
}

std::shared_ptr<Feed> FeedHub::shared_feed(const SendObject& object) {
  auto& feed = shared_feeds_[object.number];
  if (!feed) feed = std::make_shared<Feed>(shared_.budget);
  return feed;
}

std::shared_ptr<Feed> FeedHub::private_feed() {
  return std::make_shared<Feed>(shared_.budget);
}

void FeedHub::reap() {
  std::erase_if(running_, [](Running& running) {
    const bool over = running.feed->result().has_value();
    if (over) running.thread.join();
    return over;
  });
}

PackingPlanPtr FeedHub::start(const SendObject& object, const std::shared_ptr<Feed>& feed,
                              const message::Answer& answer, const pace::PathMeasure& path,
                              std::uint32_t largest, bool read_all) {
  Started& started = started_[feed];
  auto& plan = started.plan;
  if (plan) return plan;
  reap();
  const pace::ChunkSizePolicy policy(shared_.settings.chunk_bytes, shared_.settings.several_paths());
  plan = std::make_shared<PackingPlan>(policy, answer, largest, shared_.settings.compress,
                                       shared_.workers.helpers() + 1);
  plan->sizes.measure(path, shared_.limits.rate());
  plan->rungs.measure(path.carried_bytes_per_s, shared_.limits.rate(), false);
  if (answer.ask || !plan->rungs.follows_link()) feed->let_run();
  // Who has nothing wants everything: then it is read at once, on all cores.
  auto known = open_index(object, answer.ask && !read_all, started);
  auto run = [this, &object, feed, used = started, known = std::move(known),
              repeats_omitted = answer.repeats_omitted]() mutable {
    pack(object, feed, used, std::move(known), repeats_omitted);
  };
  auto thread = work::start_thread("packing", std::move(run));
  if (thread)
    running_.push_back({feed, *std::move(thread)});
  else
    feed->finish(thread.error());
  return plan;
}

// Empty: there cannot be one.
std::string FeedHub::index_path(const SendObject& object) const {
  const IndexSettings& settings = shared_.settings.index;
  if (settings.folder.empty() || !Remaking::can_remake(object)) return "";
  const std::string symlinks = std::to_string(static_cast<int>(shared_.settings.walk.symlinks));
  return source::index_path(settings.folder,
                            {object.path, object.name, symlinks, settings.compress, settings.receivers});
}

bool FeedHub::has_index(const SendObject& object) const {
  const std::string path = index_path(object);
  return !path.empty() && ::access(path.c_str(), R_OK) == 0;
}

// Whatever is wrong with it, it is done without.
std::shared_ptr<source::SourceIndex> FeedHub::open_index(const SendObject& object, bool may_know,
                                                         Started& started) {
  const IndexSettings& settings = shared_.settings.index;
  const std::string path = index_path(object);
  if (path.empty()) return nullptr;
  if (auto writer = source::IndexWriter::start(settings.folder, path))
    started.index = std::make_shared<source::IndexWriter>(*std::move(writer));
  std::shared_ptr<source::SourceIndex> known;
  if (may_know || settings.compare) known = source::SourceIndex::open(path);
  if (known && !settings.compare) started.index_path = path;
  return known;
}

bool FeedHub::uses_index(const std::shared_ptr<Feed>& feed) const {
  const auto found = started_.find(feed);
  return found != started_.end() && !found->second.index_path.empty();
}

void FeedHub::drop_index(const std::shared_ptr<Feed>& feed) {
  if (uses_index(feed)) ::unlink(started_[feed].index_path.c_str());
}

void FeedHub::delivered(const SendObject& object, const std::shared_ptr<Feed>& feed, const Digest& id) {
  const auto found = started_.find(feed);
  if (found == started_.end() || !found->second.index || found->second.index->last() != id) return;
  shared_.difference_worker.post(
      [&shared = shared_, name = object.name, index = std::exchange(found->second.index, nullptr)] {
        const auto finished = index->finish();
        if (finished) return;
        asio::post(shared.executor, [&shared, name, why = finished.error()] {
          shared.watcher.on_note(1, name + ": what was sent is not remembered: " + why.message);
        });
      });
}

void FeedHub::pack(const SendObject& object, const std::shared_ptr<Feed>& feed, const Started& started,
                   std::shared_ptr<source::SourceIndex> known, bool repeats_omitted) {
  const PackingPlanPtr& plan = started.plan;
  const std::function<bool()> stopped = [&feed] { return feed->cancelled(); };
  const source::EmitSegment emit = [&feed, &plan](source::PackedSegment segment) {
    plan->rungs.made(segment.effort);
    return feed->push(std::move(segment));
  };
  const std::uint64_t time_s = static_cast<std::uint64_t>(now_s());
  if (object.sealed) {
    feed->finish(pack_sealed_object(object, plan, stopped, emit, time_s));
    return;
  }
  if (object.ready_stream) {
    source::ReadyStreamRequest request{
        shared_.settings.input_fd,  shared_.settings.input_head, shared_.key, time_s,
        shared_.settings.input_end, left_out_of(object)};
    feed->finish(source::pass_ready_stream(request, shared_.pool, stopped, emit));
    return;
  }
  source::PackRequest request = source_of(object);
  request.object = {object.kind, object.name, repeats_omitted, mirrors(object.kind)};
  request.signer = shared_.key;
  request.time_s = time_s;
  request.known = std::move(known);
  request.looks = shared_.settings.index.looks;
  request.compare = shared_.settings.index.compare;
  request.index = started.index;
  request.chunk_bytes = [plan](std::uint64_t segment) { return plan->sizes.chunk_bytes(segment); };
  request.rung = [plan, feed](std::uint64_t segment) {
    feed->wait_for_turn();
    return plan->rungs.rung(segment);
  };
  feed->finish(source::pack_object(request, shared_.workers, shared_.pool, stopped, emit));
}

bool FeedHub::mirrors(wire::ObjectKind kind) const {
  return kind == wire::ObjectKind::tree && shared_.settings.walk.mirror;
}

// What is read, and how; for whom and in what pieces is the caller's.
source::PackRequest FeedHub::source_of(const SendObject& object) {
  source::PackRequest request;
  request.path = object.path;
  request.input_fd = shared_.settings.input_fd;
  request.input_head = shared_.settings.input_head;
  request.input_end = shared_.settings.input_end;
  request.walk = shared_.settings.walk;
  request.left_out = left_out_of(object);
  request.compress = shared_.settings.compress;
  request.flush_after = kFlushAfter;
  request.note = [this](const std::string& text) {
    asio::post(shared_.executor, [this, text] { shared_.watcher.on_note(0, text); });
  };
  return request;
}

FeedHub::LeftOut FeedHub::left_out_of(const SendObject& object) {
  return [this, &object](const std::string& path, const Error& why) {
    asio::post(shared_.executor,
               [this, &object, path, why] { shared_.watcher.on_left_out(object, path, why); });
  };
}

Result<std::unique_ptr<source::SealedPipe>> FeedHub::open_sealed(const SendObject& object) {
  const SealedObject& inside = *object.sealed;
  DCDN_TRY(auto sealer, pipeline::ContentSealer::make(inside.recipients, inside.secret));
  if (object.ready_stream)
    return source::seal_input(std::move(sealer), shared_.settings.input_fd, shared_.settings.input_head,
                              kFlushAfter, shared_.settings.input_end);
  source::PackRequest inner = source_of(object);
  inner.object = {inside.kind, inside.name, object.rereadable(), mirrors(inside.kind)};
  const std::uint32_t chunk = shared_.settings.chunk_bytes.value_or(kInnerChunk);
  inner.chunk_bytes = [chunk](std::uint64_t) { return chunk; };
  return source::seal_object(std::move(sealer), std::move(inner), shared_.workers, shared_.pool);
}

Result<void> FeedHub::pack_sealed_object(const SendObject& object, const PackingPlanPtr& plan,
                                         const std::function<bool()>& stopped,
                                         const source::EmitSegment& emit, std::uint64_t time_s) {
  DCDN_TRY(const auto pipe, open_sealed(object));
  source::PackRequest request = source::pack_sealed(*pipe, object.name);
  request.signer = shared_.key;
  request.time_s = time_s;
  request.chunk_bytes = [plan](std::uint64_t segment) { return plan->sizes.chunk_bytes(segment); };
  // What can be read again must give the same segments again, however slowly it was read.
  if (!object.rereadable()) request.flush_after = kFlushAfter;
  return source::pack_object(request, shared_.workers, shared_.pool, stopped, emit);
}

}  // namespace dcdn::session
