#include "session/feed_hub.hpp"

#include <asio/post.hpp>

#include "base/clock.hpp"
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

std::shared_ptr<source::ChunkSizer> FeedHub::start(const SendObject& object,
                                                   const std::shared_ptr<Feed>& feed,
                                                   const message::Answer& answer,
                                                   const pace::PathMeasure& path, std::uint32_t largest) {
  auto& sizer = sizers_[feed];
  if (sizer) return sizer;
  reap();
  const pace::ChunkSizePolicy policy(shared_.settings.chunk_bytes, shared_.settings.several_paths());
  sizer = std::make_shared<source::ChunkSizer>(policy, answer.plan, largest);
  sizer->measure(path, shared_.limits.rate());
  const bool repeats_omitted = answer.repeats_omitted;
  auto thread = work::start_thread("packing", [this, &object, feed, used = sizer, repeats_omitted] {
    pack(object, feed, used, repeats_omitted);
  });
  if (thread)
    running_.push_back({feed, *std::move(thread)});
  else
    feed->finish(thread.error());
  return sizer;
}

void FeedHub::pack(const SendObject& object, const std::shared_ptr<Feed>& feed,
                   const std::shared_ptr<source::ChunkSizer>& sizer, bool repeats_omitted) {
  const std::function<bool()> stopped = [&feed] { return feed->cancelled(); };
  const source::EmitSegment emit = [&feed](source::PackedSegment segment) {
    return feed->push(std::move(segment));
  };
  const std::uint64_t time_s = static_cast<std::uint64_t>(now_s());
  if (object.sealed) {
    feed->finish(pack_sealed_object(object, sizer, stopped, emit, time_s));
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
  request.object = {object.kind, object.name, repeats_omitted};
  request.signer = shared_.key;
  request.time_s = time_s;
  request.chunk_bytes = [sizer](std::uint64_t segment) { return sizer->chunk_bytes(segment); };
  feed->finish(source::pack_object(request, shared_.workers, shared_.pool, stopped, emit));
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
  inner.object = {inside.kind, inside.name, object.rereadable()};
  const std::uint32_t chunk = shared_.settings.chunk_bytes.value_or(kInnerChunk);
  inner.chunk_bytes = [chunk](std::uint64_t) { return chunk; };
  return source::seal_object(std::move(sealer), std::move(inner), shared_.workers, shared_.pool);
}

Result<void> FeedHub::pack_sealed_object(const SendObject& object,
                                         const std::shared_ptr<source::ChunkSizer>& sizer,
                                         const std::function<bool()>& stopped,
                                         const source::EmitSegment& emit, std::uint64_t time_s) {
  DCDN_TRY(const auto pipe, open_sealed(object));
  source::PackRequest request = source::pack_sealed(*pipe, object.name);
  request.signer = shared_.key;
  request.time_s = time_s;
  request.chunk_bytes = [sizer](std::uint64_t segment) { return sizer->chunk_bytes(segment); };
  // What can be read again must give the same segments again, however slowly it was read.
  if (!object.rereadable()) request.flush_after = kFlushAfter;
  return source::pack_object(request, shared_.workers, shared_.pool, stopped, emit);
}

}  // namespace dcdn::session
