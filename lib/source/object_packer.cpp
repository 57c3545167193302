#include "source/object_packer.hpp"

#include <algorithm>

#include "digest/hasher.hpp"
#include "pipeline/chunk_packer.hpp"
#include "pipeline/segment_builder.hpp"
#include "source/input.hpp"
#include "source/packed_segment.hpp"
#include "source/source_file.hpp"
#include "wire/frame.hpp"
#include "wire/left_out.hpp"
#include "wire/repeat_window.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::source {

namespace {

// A batch is what is read before its chunks are packed in parallel: about a segment's worth.
constexpr std::size_t kBatchChunks = 64;
constexpr std::size_t kBatchBytes = 8u << 20;
constexpr std::size_t kBatchItems = 2048;

constexpr const char* kStopped = "packing was stopped";

Error stopped_error() {
  return {Errc::interrupted, kStopped};
}

// What the batch will add to the manifest, in order: a finished record, or a chunk still to be packed.
struct BatchItem {
  wire::Record record;
  std::optional<std::size_t> chunk;  // index into the batch's contents
};

class Packer {
 public:
  Packer(const PackRequest& request, work::WorkerPool& workers, BufferPool& pool,
         const std::function<bool()>& stopped, const EmitSegment& emit)
      : request_(request),
        workers_(workers),
        pool_(pool),
        stopped_(stopped),
        emit_(emit),
        input_(request.input_fd, "standard input", {-1, stopped, kStopped}),
        builder_(request.object) {}

  Result<void> run() {
    DCDN_CHECK(pack_entries());
    DCDN_CHECK(flush_batch());
    return cut(true);
  }

 private:
  Result<void> pack_entries() {
    if (request_.path.empty()) return standard_input();
    if (request_.object.kind != wire::ObjectKind::tree) {
      DCDN_TRY(const SourceEntry entry, file_entry(request_.path));
      note_strange_time(entry, request_.note);
      return file(entry);
    }
    WalkVisitor visitor;
    visitor.entry = [this](const SourceEntry& entry) -> Result<void> {
      if (entry.begin.kind == wire::EntryKind::file) return file(entry);
      return add(entry.begin);
    };
    visitor.left_out = [this](const std::string& path, const Error& why) { return leave_out(path, why); };
    visitor.note = request_.note;
    DCDN_TRY(const SourceEntry top, top_entry(request_.path));
    note_strange_time(top, request_.note);
    DCDN_CHECK(add(top.begin));
    return walk_tree(request_.path, request_.walk, visitor);
  }

  Result<void> leave_out(const std::string& path, const Error& why) {
    if (request_.left_out) request_.left_out(path, why);
    return add(wire::LeftOut{wire::reason_of(why.code), path});
  }

  // What is wrong with it alone costs a tree only that file, unless all or nothing was asked for.
  Result<void> file(const SourceEntry& entry) {
    file_.at = 0;
    fault_.reset();
    auto opened = SourceFile::open(entry);
    if (!opened) {
      fault_ = opened.error();
    } else if (opened->size() <= chunk_bytes()) {
      DCDN_CHECK(small_file(*opened));
    } else {
      DCDN_CHECK(large_file(*opened));
    }
    if (!fault_) return end_file();
    if (request_.object.kind != wire::ObjectKind::tree || request_.walk.strict) return *fault_;
    return leave_out(entry.begin.path, *fault_);
  }

  Result<void> at_fault(Error error) {
    fault_ = std::move(error);
    return {};
  }

  Result<void> large_file(SourceFile& file) {
    DCDN_CHECK(add(file.begin()));
    while (file_.at < file.size() && !fault_) DCDN_CHECK(file_piece(file));
    return fault_ ? Result<void>() : unchanged(file);
  }

  // One chunk, or what a file system makes up as it is read: of that the size tells nothing (/proc says 0,
  // /sys says a page). So it is read before its size is promised.
  Result<void> small_file(SourceFile& file) {
    if (file.size() == 0) return unannounced_file(file);
    if (file.hole_at(0, file.size()) > 0) {
      DCDN_CHECK(add(file.begin()));
      DCDN_CHECK(add_hole(file.size()));
      return unchanged(file);
    }
    Buffer content = take_buffer(static_cast<std::size_t>(file.size()));
    const auto got = file.read(content.writable(), 0);
    if (!got) return at_fault(got.error());
    if (*got < content.size()) {
      if (const auto taken = file.take_for_size(*got); !taken) return at_fault(taken.error());
    }
    DCDN_CHECK(add(file.begin()));
    if (*got > 0) DCDN_CHECK(add_content(content.first(*got)));
    return *got < content.size() ? Result<void>() : unchanged(file);
  }

  // A file that says it is empty: whatever can be read.
  Result<void> unannounced_file(const SourceFile& file) {
    std::uint8_t first = 0;
    const auto any = file.read(MutableByteView(&first, 1), 0);
    if (!any) return at_fault(any.error());
    wire::EntryBegin begin = file.begin();
    if (*any > 0) begin.size.reset();
    DCDN_CHECK(add(std::move(begin)));
    for (bool more = *any > 0; more;) {
      if (stopped_()) return stopped_error();
      Buffer content = take_buffer(chunk_bytes());
      const auto got = file.read(content.writable(), file_.at);
      if (!got) return at_fault(got.error());
      more = *got == content.size();
      if (*got > 0) DCDN_CHECK(add_content(content.first(*got)));
    }
    return {};
  }

  // One cell of the chunk grid, or a whole run of cells that the file system says are a hole.
  Result<void> file_piece(SourceFile& file) {
    if (stopped_()) return stopped_error();
    const std::uint64_t cell = std::min<std::uint64_t>(chunk_bytes(), file.size() - file_.at);
    const std::uint64_t hole = file.hole_at(file_.at, cell);
    if (hole > 0) return add_hole(hole);
    Buffer content = take_buffer(static_cast<std::size_t>(cell));
    const auto got = file.read(content.writable(), file_.at);
    if (!got) return at_fault(got.error());
    return *got < cell ? at_fault(file.shorter()) : add_content(std::move(content));
  }

  Result<void> unchanged(const SourceFile& file) {
    const auto untouched = file.is_untouched();
    if (!untouched) return at_fault(untouched.error());
    if (*untouched) return {};
    DCDN_CHECK(flush_batch());  // now the digest is that of all that was read
    const auto again = file.expect_again(file_.at, file_.data, hasher_.digest(), stopped_);
    return again || again.error().code == Errc::interrupted ? again : at_fault(again.error());
  }

  Result<void> standard_input() {
    wire::EntryBegin begin;
    begin.mode = 0644;
    DCDN_CHECK(add(begin));
    file_.at = 0;
    for (;;) {
      Buffer content = take_buffer(chunk_bytes());
      DCDN_TRY(const std::size_t got, fill(content.writable()));
      if (got > 0) DCDN_CHECK(add_content(content.first(got)));
      if (input_.ended()) break;
      if (got < content.size()) DCDN_CHECK(flush_early());
    }
    if (request_.input_end) DCDN_CHECK(request_.input_end(stopped_));
    return end_file();
  }

  std::size_t take_head(MutableByteView into) {
    const std::size_t size = std::min(into.size(), request_.input_head.size() - head_used_);
    if (size > 0) std::memcpy(into.data(), request_.input_head.view().data() + head_used_, size);
    head_used_ += size;
    return size;
  }

  // Reads until full, the end, or a silence of flush_after with something to flush.
  Result<std::size_t> fill(MutableByteView into) {
    std::size_t got = take_head(into);
    while (got < into.size()) {
      const bool unsent = got > 0 || !items_.empty() || !builder_.empty();
      if (unsent && request_.flush_after.count() > 0) {
        DCDN_TRY(const bool more, input_.wait_for(request_.flush_after));
        if (!more) break;
      }
      DCDN_TRY(const std::size_t part, input_.read(into.subspan(got)));
      if (part == 0) break;
      got += part;
    }
    return got;
  }

  Result<void> flush_early() {
    DCDN_CHECK(flush_batch());
    flush_hole();
    return builder_.empty() ? Result<void>() : cut(false);
  }

  Result<void> end_file() {
    DCDN_CHECK(add(wire::HoleRecord{0}));            // none follows this
    return add(wire::EntryEnd{file_.at, Digest()});  // hash_files puts the digest in
  }

  Result<void> add_content(Buffer content) {
    file_.at += content.size();
    batch_bytes_ += content.size();
    contents_.push_back(std::move(content));
    items_.push_back({wire::HoleRecord{}, contents_.size() - 1});
    return flush_when_full();
  }

  Result<void> add_hole(std::uint64_t bytes) {
    file_.at += bytes;
    return add(wire::HoleRecord{bytes});
  }

  Result<void> add(wire::Record record) {
    items_.push_back({std::move(record), std::nullopt});
    return flush_when_full();
  }

  Result<void> flush_when_full() {
    const bool full =
        contents_.size() >= kBatchChunks || batch_bytes_ >= kBatchBytes || items_.size() >= kBatchItems;
    return full ? flush_batch() : Result<void>();
  }

  Result<void> flush_batch() {
    if (stopped_()) return stopped_error();
    std::vector<pipeline::PackedChunk> packed(contents_.size());
    // The files' digests cannot be shared out, so they come first.
    workers_.run(contents_.size() + 1, [&](std::size_t i) {
      if (i == 0) return hash_files();
      packed[i - 1] = pipeline::pack_chunk(contents_[i - 1], request_.compress, pool_);
    });
    for (BatchItem& item : items_) {
      DCDN_CHECK(item.chunk ? replay(std::move(packed[*item.chunk])) : replay(std::move(item.record)));
    }
    items_.clear();
    contents_.clear();
    batch_bytes_ = 0;
    return {};
  }

  // On some thread, but one batch at a time.
  void hash_files() {
    for (BatchItem& item : items_) {
      if (item.chunk) {
        const ByteView content = contents_[*item.chunk].view();
        if (!digest::is_all_zero(content)) hasher_.update(content);  // else it will be a hole
      } else if (auto* end = std::get_if<wire::EntryEnd>(&item.record)) {
        end->content = hasher_.digest();
        hasher_ = digest::Hasher();
      } else if (std::holds_alternative<wire::LeftOut>(item.record)) {
        hasher_ = digest::Hasher();
      }
    }
  }

  Result<void> replay(pipeline::PackedChunk chunk) {
    if (chunk.hole) {
      pass_hole(chunk.record.content_size);
      return {};
    }
    flush_hole();
    pass_data(chunk.record.content_size);
    builder_.add(chunk.record);
    content_bytes_ += chunk.record.content_size;
    const bool repeat = request_.object.repeats_omitted && seen_.find(chunk.record.carried) != nullptr;
    if (!repeat) seen_.insert(chunk.record.carried, true);
    chunks_.push_back({chunk.record, std::move(chunk.carried), repeat});
    return cut_when_due();
  }

  Result<void> replay(wire::Record record) {
    if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) {
      pass_hole(hole->size);
      if (hole->size == 0) flush_hole();  // the file ends here
      return {};
    }
    if (std::holds_alternative<wire::EntryBegin>(record)) {
      file_.passed = 0;
      file_.data.clear();
    }
    if (std::holds_alternative<wire::LeftOut>(record)) hole_bytes_ = 0;
    builder_.add(std::move(record));
    return cut_when_due();
  }

  void pass_hole(std::uint64_t bytes) {
    hole_bytes_ += bytes;
    file_.passed += bytes;
  }

  void pass_data(std::uint64_t bytes) {
    if (file_.data.empty() || file_.data.back().end() != file_.passed)
      file_.data.push_back({file_.passed, 0});
    file_.data.back().size += bytes;
    file_.passed += bytes;
  }

  // Holes next to each other are one record, however they were found: that keeps the manifest canonical.
  void flush_hole() {
    if (hole_bytes_ == 0) return;
    builder_.add(wire::HoleRecord{hole_bytes_});
    content_bytes_ += hole_bytes_;
    hole_bytes_ = 0;
  }

  Result<void> cut_when_due() { return builder_.due() ? cut(false) : Result<void>(); }

  Result<void> cut(bool final) {
    pipeline::BuiltSegment built = builder_.cut(final);
    PackedSegment segment;
    segment.index = built.segment.index;
    segment.id = built.id;
    segment.final = final;
    DCDN_TRY(segment.frames,
             segment_frames(built.segment, built.body, built.id, request_.signer, request_.time_s));
    segment.chunks = std::exchange(chunks_, {});
    segment.content_bytes = std::exchange(content_bytes_, 0);
    return emit_(std::move(segment)) ? Result<void>() : Result<void>(stopped_error());
  }

  std::uint32_t chunk_bytes() {
    if (builder_.next_index() != chunk_bytes_for_ || chunk_bytes_ == 0) {
      chunk_bytes_for_ = builder_.next_index();
      chunk_bytes_ = request_.chunk_bytes(chunk_bytes_for_);
    }
    return chunk_bytes_;
  }

  Buffer take_buffer(std::size_t bytes) {
    return pool_.take(request_.headroom + bytes).part(request_.headroom, bytes);
  }

  struct FileState {
    std::uint64_t at = 0;          // read so far
    std::uint64_t passed = 0;      // of that, what went on to the manifest
    std::vector<DataRegion> data;  // of that, what is no hole
  };
  std::optional<Error> fault_;  // of the file that is being read

  const PackRequest& request_;
  work::WorkerPool& workers_;
  BufferPool& pool_;
  const std::function<bool()>& stopped_;
  const EmitSegment& emit_;
  Input input_;
  pipeline::SegmentBuilder builder_;
  wire::RepeatWindow<bool> seen_;
  FileState file_;
  digest::Hasher hasher_;  // of the file that hash_files has come to
  std::vector<BatchItem> items_;
  std::vector<Buffer> contents_;
  std::size_t batch_bytes_ = 0;
  std::vector<SegmentChunk> chunks_;
  std::uint64_t content_bytes_ = 0;
  std::uint64_t hole_bytes_ = 0;
  std::size_t head_used_ = 0;
  std::uint32_t chunk_bytes_ = 0;
  std::uint64_t chunk_bytes_for_ = 0;
};

}  // namespace

Result<Buffer> segment_frames(const wire::Segment& segment, const Bytes& body, const Digest& id,
                              const std::optional<sign::SecretKey>& signer, std::uint64_t time_s) {
  Bytes frames;
  wire::append_frame(frames, wire::FrameType::segment, body);
  if (signer) {
    const Digest stream = segment.index == 0 ? id : segment.stream;
    DCDN_TRY(const wire::SegmentSignature signature,
             wire::sign_segment(*signer, stream, segment.index, id, time_s));
    wire::append_frame(frames, wire::FrameType::signature, wire::encode(signature));
  }
  return Buffer::copy_of(frames);
}

Result<void> pack_object(const PackRequest& request, work::WorkerPool& workers, BufferPool& pool,
                         const std::function<bool()>& stopped, const EmitSegment& emit) {
  return Packer(request, workers, pool, stopped, emit).run();
}

}  // namespace dcdn::source
