#include "sink/raw_sink.hpp"

#include <algorithm>
#include <deque>
#include <span>

#include "base/unique_fd.hpp"
#include "digest/hasher.hpp"
#include "sink/manifest_window.hpp"

namespace dcdn::sink {

namespace {

// What may wait for an earlier chunk. A sender of ours never has more than its window under way.
constexpr std::size_t kMaxHeldBytes = 40u << 20;

class RawSink : public ObjectSink {
 public:
  RawSink(PutContent put, wire::ObjectKind kind, RawLimits limits)
      : ObjectSink(limits.promise), put_(std::move(put)), kind_(kind), limits_(std::move(limits)) {}

  Result<message::Answer> open() override {
    if (kind_ == wire::ObjectKind::tree)
      return Error(Errc::refused, "a directory tree cannot be written to --stdout")
          .with_hint("receive it with -o DIR, or as a chunk stream with --stream");
    message::Answer answer;
    answer.repeats_omitted = false;
    answer.segments_done = window_.segments_done();
    answer.last_segment = window_.last_done();
    answer.plan = window_.plan();
    answer.bytes_done = bytes_done_;
    answer.ask = window_.checker().started();
    return answer;
  }

  Result<store::SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id,
                                         ByteView frames) override {
    if (segment.object && segment.object->repeats_omitted)
      return Error(Errc::refused, "this chunk stream leaves out repeats, so it cannot be written to --stdout")
          .with_hint("receive it with -o DIR");
    const std::size_t before = window_.open().size();
    DCDN_TRY(auto need, window_.add(segment, id, frames.size()));
    if (window_.open().size() > before) contents_.emplace_back(contents_for(segment));
    DCDN_CHECK(release());
    return need;
  }

  std::optional<wire::ChunkRecord> wanted(const Digest& carried) const override {
    return window_.wanted(carried);
  }

  Result<void> write_chunk(const Digest& digest, const Buffer& content, const Buffer&) override {
    const auto place = window_.mark(digest);
    if (!place) return {};
    held_ += content.size();
    if (held_ > kMaxHeldBytes)
      return Error(Errc::limit, "the sender leaves too large a gap before its chunks");
    contents_[place->segment].chunks[place->chunk] = content;
    return release();
  }

  Result<std::optional<Buffer>> past_of(const wire::ChunkRecord& record, BufferPool& pool) override {
    const auto place = window_.find(record.carried);
    if (!place) return std::optional<Buffer>();
    const std::span<const Buffer> past =
        std::span(contents_[place->segment].chunks).subspan(place->chunk - record.past, record.past);
    if (std::ranges::any_of(past, [](const Buffer& content) { return content.empty(); }))
      return std::optional<Buffer>();
    return std::optional(joined(past, pool));
  }

  std::uint64_t segments_done() const override { return window_.segments_done(); }
  std::uint64_t bytes_done() const override { return bytes_done_; }
  bool complete() const override { return window_.finished(); }
  Result<std::string> finalize() override { return std::string(); }
  Result<void> discard() override { return {}; }
  Digest object_id() const override { return window_.checker().last_id(); }

 private:
  /// Of an open segment: what is here, until it is written and no chunk after it can need it as its past.
  struct Contents {
    std::vector<Buffer> chunks;
    bool have_pasts = false;
    std::size_t kept = 0;  // the first that is kept
    std::size_t kept_bytes = 0;
  };
  static Contents contents_for(const wire::Segment& segment) {
    Contents contents;
    for (const wire::Record& record : segment.records) {
      const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
      if (chunk == nullptr) continue;
      contents.chunks.emplace_back();
      contents.have_pasts = contents.have_pasts || chunk->past > 0;
    }
    return contents;
  }
  // The chunk was written.
  static void keep_as_past(Contents& contents, std::size_t chunk) {
    contents.kept_bytes += contents.chunks[chunk].size();
    const std::size_t most = contents.have_pasts ? wire::kMaxPastBytes : 0;
    for (; contents.kept <= chunk && contents.kept_bytes > most; ++contents.kept) {
      contents.kept_bytes -= contents.chunks[contents.kept].size();
      contents.chunks[contents.kept] = Buffer();
    }
  }

  // Writes what is next for as long as it is here.
  Result<void> release() {
    while (!window_.open().empty()) {
      const auto& open = window_.open().front();
      for (; next_record_ < open.segment.records.size(); ++next_record_) {
        const wire::Record& record = open.segment.records[next_record_];
        if (std::holds_alternative<wire::ChunkRecord>(record)) {
          if (!open.here[next_chunk_]) return {};
          const Buffer& content = contents_.front().chunks[next_chunk_];
          DCDN_CHECK(put(content));
          held_ -= content.size();
          keep_as_past(contents_.front(), next_chunk_++);
        } else {
          DCDN_CHECK(put_record(record));
        }
      }
      window_.pop();
      contents_.pop_front();
      next_record_ = next_chunk_ = 0;
    }
    return {};
  }

  Result<void> put_record(const wire::Record& record) {
    if (std::holds_alternative<wire::EntryBegin>(record)) hasher_ = digest::Hasher();
    if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) return put_zeros(hole->size);
    const auto* end = std::get_if<wire::EntryEnd>(&record);
    if (end != nullptr && end->content && hasher_.digest() != *end->content)
      return Error(Errc::corrupt,
                   "the whole does not match its digest although every chunk did: the manifest is wrong");
    return {};
  }

  Result<void> put_zeros(std::uint64_t count) {
    static const Buffer zeros = Buffer::copy_of(Bytes(65536));
    while (count > 0) {
      if (limits_.stopped()) return Error(Errc::interrupted, "interrupted while a hole was written");
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(count, zeros.size()));
      DCDN_CHECK(put_unhashed(zeros.first(size)));
      count -= size;
    }
    return {};
  }

  Result<void> put(const Buffer& bytes) {
    hasher_.update(bytes.view());
    return put_unhashed(bytes);
  }

  Result<void> put_unhashed(const Buffer& bytes) {
    bytes_done_ += bytes.size();
    return put_(bytes);
  }

  PutContent put_;
  wire::ObjectKind kind_;
  RawLimits limits_;
  ManifestWindow window_{limits_.promise};
  std::deque<Contents> contents_;  // beside window_.open()
  std::size_t next_record_ = 0;    // in the first open segment
  std::size_t next_chunk_ = 0;
  std::size_t held_ = 0;
  std::uint64_t bytes_done_ = 0;
  digest::Hasher hasher_;
};

}  // namespace

std::unique_ptr<ObjectSink> make_raw_sink(int fd, wire::ObjectKind kind, RawLimits limits) {
  return make_raw_sink([fd](const Buffer& bytes) { return write_all(fd, bytes.view(), "standard output"); },
                       kind, std::move(limits));
}

std::unique_ptr<ObjectSink> make_raw_sink(PutContent put, wire::ObjectKind kind, RawLimits limits) {
  return std::make_unique<RawSink>(std::move(put), kind, std::move(limits));
}

}  // namespace dcdn::sink
