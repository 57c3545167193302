#include "sink/stream_sink.hpp"

#include "base/unique_fd.hpp"
#include "pipeline/chunk_packer.hpp"
#include "sink/manifest_window.hpp"
#include "wire/left_out_content.hpp"
#include "wire/repeat_window.hpp"

namespace dcdn::sink {

namespace {

class StreamSink : public ObjectSink {
 public:
  StreamSink(int fd, std::shared_ptr<store::ObjectPromise> promise)
      : ObjectSink(promise), fd_(fd), window_(std::move(promise)) {}

  Result<message::Answer> open() override {
    message::Answer answer;
    answer.segments_done = window_.segments_done();
    answer.last_segment = window_.last_done();
    answer.plan = window_.plan();
    answer.bytes_done = bytes_done();
    answer.ask = window_.checker().started();
    return answer;
  }

  Result<store::SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id,
                                         ByteView frames) override {
    const std::uint64_t before = window_.checker().next_index();
    DCDN_TRY(auto need, window_.add(segment, id, frames.size()));
    if (segment.object) repeats_omitted_ = segment.object->repeats_omitted;
    if (window_.checker().next_index() == before) return need;
    DCDN_CHECK(write_all(fd_, frames, "standard output"));
    for (const wire::Record& record : segment.records) DCDN_CHECK(list(record));
    pop_whole();
    return need;
  }

  std::optional<wire::ChunkRecord> wanted(const Digest& carried) const override {
    return window_.wanted(carried);
  }

  // What comes out is unpacked by whoever reads it, who checks the content then.
  bool needs_content() const override { return false; }

  Result<std::optional<Buffer>> past_of(const wire::ChunkRecord&, BufferPool&) override {
    return std::optional<Buffer>();  // needs no content
  }
  Result<void> write_chunk(const Digest& digest, const Buffer&, const Buffer& carried) override {
    const auto record = window_.wanted(digest);
    if (!record) return {};
    const Buffer prefix = pipeline::chunk_frame_prefix(*record, carried);
    DCDN_CHECK(write_all(fd_, prefix.view(), "standard output"));
    DCDN_CHECK(write_all(fd_, carried.view(), "standard output"));
    // One frame serves every place when repeats are left out; otherwise each place gets its own.
    do {
      if (!window_.mark(digest)) break;
      bytes_done_ += record->content_size;
    } while (repeats_omitted_);
    if (repeats_omitted_) written_.insert(digest, true);
    pop_whole();
    return {};
  }

  std::uint64_t segments_done() const override { return window_.segments_done(); }
  std::uint64_t bytes_done() const override { return left_out_content_.rest_of(bytes_done_); }
  bool complete() const override { return window_.finished(); }
  Result<std::string> finalize() override { return std::string(); }
  Result<void> discard() override { return {}; }
  Digest object_id() const override { return window_.checker().last_id(); }
  wire::LeftOutList left_out() const override { return left_out_; }

 private:
  Result<void> list(const wire::Record& record) {
    left_out_content_.add(record);
    if (const auto* left = std::get_if<wire::LeftOut>(&record)) left_out_.add(*left);
    if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) bytes_done_ += hole->size;
    const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (chunk == nullptr || !repeats_omitted_ || written_.find(chunk->carried) == nullptr) return {};
    window_.mark(chunk->carried);
    bytes_done_ += chunk->content_size;
    return {};
  }

  void pop_whole() {
    while (!window_.open().empty() && window_.open().front().missing == 0) window_.pop();
  }

  int fd_;
  ManifestWindow window_;
  wire::RepeatWindow<bool> written_;
  wire::LeftOutList left_out_;
  wire::LeftOutContent left_out_content_;
  bool repeats_omitted_ = false;
  std::uint64_t bytes_done_ = 0;
};

}  // namespace

std::unique_ptr<ObjectSink> make_stream_sink(int fd, std::shared_ptr<store::ObjectPromise> promise) {
  return std::make_unique<StreamSink>(fd, std::move(promise));
}

}  // namespace dcdn::sink
