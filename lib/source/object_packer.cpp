#include "source/object_packer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "digest/hasher.hpp"
#include "source/extras_reader.hpp"
#include "source/hard_links.hpp"
#include "source/input.hpp"
#include "source/pack_batch.hpp"
#include "source/pack_draft.hpp"
#include "source/source_file.hpp"
#include "wire/left_out.hpp"

namespace dcdn::source {

namespace {

constexpr const char* kStopped = "packing was stopped";

Error stopped_error() {
  return {Errc::interrupted, kStopped};
}

class Packer {
 public:
  Packer(const PackRequest& request, work::WorkerPool& workers, BufferPool& pool,
         const std::function<bool()>& stopped, const EmitSegment& emit)
      : request_(request),
        pool_(pool),
        stopped_(stopped),
        input_(request.input_fd, "standard input", {-1, stopped, kStopped}),
        extras_(request.walk, request.note),
        batch_(request, workers, pool, stopped, emit) {}

  Result<void> run() {
    DCDN_CHECK(pack_entries());
    DCDN_CHECK(close_pack());
    return batch_.cut_final();
  }

 private:
  Result<void> pack_entries() {
    if (request_.path.empty()) return standard_input();
    if (request_.object.kind != wire::ObjectKind::tree) {
      DCDN_TRY(const SourceEntry entry, file_entry(request_.path));
      note_strange_time(entry, request_.note);
      return file(entry);
    }
    return tree();
  }

  Result<void> tree() {
    WalkVisitor visitor;
    visitor.entry = [this](const SourceEntry& entry) { return tree_entry(entry); };
    visitor.left_out = [this](const std::string& path, const Error& why) { return leave_out(path, why); };
    visitor.note = request_.note;
    DCDN_TRY(const SourceEntry top, top_entry(request_.path));
    note_strange_time(top, request_.note);
    DCDN_CHECK(bare_entry(top));
    DCDN_CHECK(walk_tree(request_.path, request_.walk, visitor));
    if (links_.overflowed() && request_.note)
      request_.note("so many files have several names that some are sent once for each");
    return {};
  }

  Result<void> tree_entry(const SourceEntry& entry) {
    if (entry.begin.kind != wire::EntryKind::file) return bare_entry(entry);
    const auto linked = request_.walk.hard_links ? links_.find(entry) : std::nullopt;
    return linked ? link(entry, *linked) : file(entry);
  }

  Result<void> bare_entry(const SourceEntry& entry) {
    wire::EntryBegin begin = entry.begin;
    begin.extras = extras_.of(entry);
    const std::size_t name_bytes = begin.path.size() + begin.target.size() + begin.extras.size();
    return add_bare(name_bytes, {std::move(begin)});
  }

  // Another name of the file that so many files came before.
  Result<void> link(const SourceEntry& entry, std::uint64_t number) {
    wire::EntryBegin begin;
    begin.kind = wire::EntryKind::hard_link;
    begin.path = entry.begin.path;
    begin.mode = 0;
    begin.size = entry.begin.size;
    begin.back = files_ - number;
    return add_bare(begin.path.size(), {std::move(begin)});
  }

  Result<void> leave_out(const std::string& path, const Error& why) {
    if (request_.left_out) request_.left_out(path, why);
    return add_bare(path.size(), {wire::LeftOut{wire::reason_of(why.code), path}});
  }

  // What is wrong with it alone costs a tree only that file, unless all or nothing was asked for.
  Result<void> file(const SourceEntry& entry) {
    at_ = 0;
    fault_.reset();
    const std::uint64_t number = files_;
    auto opened = SourceFile::open(entry);
    if (!opened) {
      fault_ = opened.error();
    } else {
      opened->set_extras(extras_.of(entry, *opened));
      DCDN_CHECK(content(*opened));
    }
    // What says that it is empty and is not has no size that another name could be known by.
    if (!fault_ && (opened->size() > 0 || at_ == 0))
      links_.add(FileMark(opened->status()), opened->begin(), opened->status().st_nlink, number);
    if (!fault_) return {};
    if (request_.object.kind != wire::ObjectKind::tree || request_.walk.strict) return *fault_;
    return leave_out(entry.begin.path, *fault_);
  }

  Result<void> content(SourceFile& file) {
    if (file.size() == 0) return unannounced_file(file);
    return file.size() <= pack_limit(chunk_bytes()) ? small_file(file) : large_file(file);
  }

  Result<void> at_fault(Error error) {
    fault_ = std::move(error);
    return {};
  }

  Result<void> large_file(SourceFile& file) {
    DCDN_CHECK(close_pack());
    ++files_;
    DCDN_CHECK(batch_.add(file.begin()));
    while (at_ < file.size() && !fault_) DCDN_CHECK(file_piece(file));
    if (!fault_) DCDN_CHECK(unchanged(file));
    return fault_ ? Result<void>() : end_file();
  }

  // Into the pack that is open, or a new one. What a file system makes up as it is read may be shorter than
  // it says (/sys says a page), so it is read before its size is promised.
  Result<void> small_file(SourceFile& file) {
    const auto size = static_cast<std::size_t>(file.size());
    const std::size_t name_bytes = file.begin().path.size() + file.begin().extras.size();
    if (draft_ && draft_->is_before(name_bytes, size)) DCDN_CHECK(close_pack());
    PackDraft fresh(chunk_bytes());
    PackDraft& draft = draft_ ? *draft_ : fresh;
    const MutableByteView content = draft.room(size);
    const auto got = file.read(content, 0);
    if (!got) return at_fault(got.error());
    if (*got < size) {
      if (const auto taken = file.take_for_size(*got); !taken) return at_fault(taken.error());
    } else {
      DCDN_CHECK(small_unchanged(file, content));
      if (fault_) return {};
    }
    ++files_;
    if (*got == 0) return add_bare(name_bytes, {file.begin(), empty_end()});
    if (!draft_) draft_.emplace(std::move(fresh));
    return draft_->add_file(file.begin()) ? close_pack() : Result<void>();
  }

  Result<void> small_unchanged(const SourceFile& file, ByteView content) {
    const auto untouched = file.is_untouched();
    if (!untouched) return at_fault(untouched.error());
    if (*untouched) return {};
    const auto again =
        file.expect_again(content.size(), {{0, content.size()}}, digest::blake3(content), stopped_);
    return again || again.error().code == Errc::interrupted ? again : at_fault(again.error());
  }

  static wire::EntryEnd empty_end() { return {0, digest::blake3({})}; }

  // A file that says it is empty: whatever can be read.
  Result<void> unannounced_file(const SourceFile& file) {
    std::uint8_t first = 0;
    const auto any = file.read(MutableByteView(&first, 1), 0);
    if (!any) return at_fault(any.error());
    ++files_;
    wire::EntryBegin begin = file.begin();
    if (*any == 0) {
      const std::size_t name_bytes = begin.path.size() + begin.extras.size();
      return add_bare(name_bytes, {std::move(begin), empty_end()});
    }
    DCDN_CHECK(close_pack());
    begin.size.reset();
    DCDN_CHECK(batch_.add(std::move(begin)));
    for (bool more = true; more;) {
      if (stopped_()) return stopped_error();
      Buffer content = take_buffer(chunk_bytes());
      const auto got = file.read(content.writable(), at_);
      if (!got) return at_fault(got.error());
      more = *got == content.size();
      if (*got > 0) DCDN_CHECK(add_content(content.first(*got)));
    }
    return end_file();
  }

  // One cell of the chunk grid, or a whole run of cells that the file system says are a hole.
  Result<void> file_piece(SourceFile& file) {
    if (stopped_()) return stopped_error();
    const std::uint64_t cell = std::min<std::uint64_t>(chunk_bytes(), file.size() - at_);
    const std::uint64_t hole = file.hole_at(at_, cell);
    if (hole > 0) return add_hole(hole);
    Buffer content = take_buffer(static_cast<std::size_t>(cell));
    const auto got = file.read(content.writable(), at_);
    if (!got) return at_fault(got.error());
    return *got < cell ? at_fault(file.shorter()) : add_content(std::move(content));
  }

  Result<void> unchanged(const SourceFile& file) {
    const auto untouched = file.is_untouched();
    if (!untouched) return at_fault(untouched.error());
    if (*untouched) return {};
    const auto again = file.expect_again(at_, batch_.data(), batch_.data_digest(), stopped_);
    return again || again.error().code == Errc::interrupted ? again : at_fault(again.error());
  }

  Result<void> standard_input() {
    wire::EntryBegin begin;
    begin.mode = 0644;
    DCDN_CHECK(batch_.add(begin));
    at_ = 0;
    for (;;) {
      Buffer content = take_buffer(chunk_bytes());
      DCDN_TRY(const std::size_t got, fill(content.writable()));
      if (got > 0) DCDN_CHECK(add_content(content.first(got)));
      if (input_.ended()) break;
      if (got < content.size()) DCDN_CHECK(batch_.cut_early());
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
      const bool unsent = got > 0 || !batch_.empty();
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

  Result<void> end_file() {
    DCDN_CHECK(batch_.add(wire::HoleRecord{0}));       // none follows this
    return batch_.add(wire::EntryEnd{at_, Digest()});  // the batch puts the digest in
  }

  Result<void> add_content(Buffer content) {
    at_ += content.size();
    return batch_.add_chunk(std::move(content));
  }

  Result<void> add_hole(std::uint64_t bytes) {
    at_ += bytes;
    return batch_.add(wire::HoleRecord{bytes});
  }

  // An entry that has no content: it does not end the pack that is open.
  Result<void> add_bare(std::size_t name_bytes, std::vector<wire::Record> records) {
    if (draft_) return draft_->add_entry(std::move(records), name_bytes) ? close_pack() : Result<void>();
    for (wire::Record& record : records) DCDN_CHECK(batch_.add(std::move(record)));
    return {};
  }

  Result<void> close_pack() {
    if (!draft_) return {};
    Pack pack = draft_->finish(request_.headroom, pool_);
    draft_.reset();
    return batch_.add_pack(std::move(pack));
  }

  std::uint32_t chunk_bytes() {
    if (batch_.next_index() != chunk_bytes_for_ || chunk_bytes_ == 0) {
      chunk_bytes_for_ = batch_.next_index();
      chunk_bytes_ = request_.chunk_bytes(chunk_bytes_for_);
      batch_.set_chunk_bytes(chunk_bytes_);
      const std::uint8_t wanted = request_.rung ? request_.rung(chunk_bytes_for_) : compress::kUsualRung;
      batch_.set_rung(request_.compress.rung_of(wanted));
    }
    return chunk_bytes_;
  }

  Buffer take_buffer(std::size_t bytes) {
    return pool_.take(request_.headroom + bytes).part(request_.headroom, bytes);
  }

  const PackRequest& request_;
  BufferPool& pool_;
  const std::function<bool()>& stopped_;
  Input input_;
  ExtrasReader extras_;
  HardLinks links_;
  PackBatch batch_;
  std::optional<PackDraft> draft_;  // small files that are collected; none of it is in the batch
  std::uint64_t at_ = 0;            // read of the current file
  std::optional<Error> fault_;      // of that file
  std::uint64_t files_ = 0;         // that have begun
  std::size_t head_used_ = 0;
  std::uint32_t chunk_bytes_ = 0;
  std::uint64_t chunk_bytes_for_ = 0;
};

}  // namespace

Result<void> pack_object(const PackRequest& request, work::WorkerPool& workers, BufferPool& pool,
                         const std::function<bool()>& stopped, const EmitSegment& emit) {
  return Packer(request, workers, pool, stopped, emit).run();
}

}  // namespace dcdn::source
