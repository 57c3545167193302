#include "source/object_packer.hpp"

#include <algorithm>
#include <utility>

#include "digest/hasher.hpp"
#include "source/chunk_remaker.hpp"
#include "source/extras_reader.hpp"
#include "source/hard_links.hpp"
#include "source/known_files.hpp"
#include "source/pack_batch.hpp"
#include "source/pack_draft.hpp"
#include "source/piped_content.hpp"
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
        input_(request, stopped, kStopped),
        reader_({request.path, request.object.kind, request.walk.symlinks, request.compress}),
        extras_(request.walk, request.note),
        known_(request),
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
    bool taken = false;
    if (known_.find(entry) && !request_.compare) {
      DCDN_TRY(taken, unread_file(entry));
      if (taken && !fault_) links_.add(entry.mark, entry.begin, entry.names, number);
      if (!taken) known_.forget();
    }
    if (!taken) DCDN_CHECK(read_file(entry, number));
    if (!fault_) return {};
    if (request_.object.kind != wire::ObjectKind::tree || request_.walk.strict) return *fault_;
    return leave_out(entry.begin.path, *fault_);
  }

  Result<void> read_file(const SourceEntry& entry, std::uint64_t number) {
    auto opened = SourceFile::open(entry);
    if (!opened) return at_fault(opened.error());
    opened->set_extras(extras_.of(entry, *opened));
    if (!known_.is_still(*opened)) known_.forget();
    const std::optional<KnownPiece> first = known_.first();
    if (opened->size() == 0) {
      DCDN_CHECK(unannounced_file(*opened));
    } else if (opened->size() <= pack_limit(chunk_bytes())) {
      DCDN_CHECK(small_file(*opened, first ? &*first : nullptr));
    } else {
      DCDN_CHECK(large_file(*opened));
    }
    // What says that it is empty and is not has no size that another name could be known by.
    if (!fault_ && (opened->size() > 0 || at_ == 0))
      links_.add(FileMark(opened->status()), opened->begin(), opened->status().st_nlink, number);
    return {};
  }

  // A file of which only its looks are seen; and its attributes, if they were asked for. False: it has to be
  // read.
  Result<bool> unread_file(const SourceEntry& entry) {
    wire::EntryBegin begin = entry.begin;
    if (request_.walk.attributes != wire::KeptAttributes::none) {
      auto opened = SourceFile::open(entry);
      if (!opened || !known_.is_still(*opened)) return false;
      begin.extras = extras_.of(entry, *opened);
    } else {
      begin.extras = extras_.of(entry);
    }
    const std::uint64_t size = begin.size.value_or(0);
    if (size == 0) {
      saw(entry.look);
      const std::size_t name_bytes = begin.path.size() + begin.extras.size();
      DCDN_CHECK(add_bare(name_bytes, {std::move(begin), empty_end()}));
      return true;
    }
    const auto first = known_.first();
    if (!first) return false;
    if (size <= pack_limit(chunk_bytes())) return unread_small_file(entry, std::move(begin), *first);
    DCDN_CHECK(unread_large_file(entry, std::move(begin)));
    return true;
  }

  Result<bool> unread_small_file(const SourceEntry& entry, wire::EntryBegin begin, const KnownPiece& piece) {
    // A pack of one file is compressed otherwise than a chunk of a large one.
    if (!piece.chunk || *begin.size > pack_limit(piece.chunk->segment->head.chunk_bytes)) return false;
    if (draft_ && draft_->is_before(begin.path.size() + begin.extras.size(), *begin.size))
      DCDN_CHECK(close_pack());
    if (!draft_) draft_.emplace(chunk_bytes());
    saw(entry.look);
    if (draft_->add_unread(std::move(begin), piece)) DCDN_CHECK(close_pack());
    return true;
  }

  Result<void> unread_large_file(const SourceEntry& entry, wire::EntryBegin begin) {
    DCDN_CHECK(close_pack());
    const std::uint64_t size = *begin.size;
    const std::string path = begin.path;
    saw(entry.look);
    DCDN_CHECK(batch_.add(std::move(begin)));
    while (at_ < size) {
      if (stopped_()) return stopped_error();
      const std::uint64_t cell = std::min<std::uint64_t>(chunk_bytes(), size - at_);
      const auto piece = known_.at(at_, cell, size - at_);
      if (!piece) return read_after_all(entry);
      if (piece->chunk) {
        DCDN_CHECK(batch_.add_known({*piece->chunk, {{path, at_, cell, 0}}}));
        at_ += cell;
      } else {
        DCDN_CHECK(add_hole(piece->size));
      }
    }
    const std::optional<Digest> digest = known_.digest();
    return digest ? end_file(*digest) : read_after_all(entry);
  }

  // From here on the chunks are others; what was passed over is part of the file's digest.
  Result<void> read_after_all(const SourceEntry& entry) {
    auto file = SourceFile::open(entry);
    if (!file) return at_fault(file.error());
    if (!known_.is_still(*file)) return file->not_the_same();
    known_.forget();
    digest::Hasher hasher;
    for (const DataRegion& region : batch_.data()) DCDN_CHECK(file->hash(region, hasher, stopped_));
    batch_.set_data_hasher(hasher);
    return rest_of(*file);
  }

  Result<void> at_fault(Error error) {
    fault_ = std::move(error);
    return {};
  }

  Result<void> large_file(SourceFile& file) {
    DCDN_CHECK(close_pack());
    saw(file.look());
    DCDN_CHECK(batch_.add(file.begin()));
    return rest_of(file);
  }

  Result<void> rest_of(SourceFile& file) {
    while (at_ < file.size() && !fault_) DCDN_CHECK(file_piece(file));
    if (!fault_) DCDN_CHECK(unchanged(file));
    return fault_ ? Result<void>() : end_file();
  }

  // Into the pack that is open, or a new one. What a file system makes up as it is read may be shorter than
  // it says (/sys says a page), so it is read before its size is promised.
  Result<void> small_file(SourceFile& file, const KnownPiece* known) {
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
    saw(file.look());
    if (*got == 0) return add_bare(name_bytes, {file.begin(), empty_end()});
    if (!draft_) draft_.emplace(std::move(fresh));
    return draft_->add_file(file.begin(), known) ? close_pack() : Result<void>();
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
    saw(file.look());
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
    if (*got < cell) return at_fault(file.shorter());
    const auto known = known_.at(at_, cell, file.size() - at_);
    if (!known || !known->chunk) return add_content(std::move(content));
    at_ += cell;
    return batch_.add_chunk(std::move(content),
                            KnownContent{*known->chunk, {{file.begin().path, at_ - cell, cell, 0}}});
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
      DCDN_TRY(const std::size_t got, input_.fill(content.writable(), !batch_.empty()));
      if (got > 0) DCDN_CHECK(add_content(content.first(got)));
      if (input_.ended()) break;
      if (got < content.size()) DCDN_CHECK(batch_.cut_early());
    }
    if (request_.input_end) DCDN_CHECK(request_.input_end(stopped_));
    return end_file();
  }

  Result<void> end_file(const Digest& digest = Digest()) {
    DCDN_CHECK(batch_.add(wire::HoleRecord{0}));     // none follows this
    return batch_.add(wire::EntryEnd{at_, digest});  // the batch puts one in that is not known
  }

  // A file begins now, in the order of its record.
  void saw(const wire::FileLook& look) {
    ++files_;
    if (request_.index) batch_.add_look(look);
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
    if (!draft_->is_known())
      for (const FilePart& part : draft_->unread()) DCDN_CHECK(reader_.read(part, draft_->content()));
    Pack pack = draft_->finish(request_.headroom, pool_);
    draft_.reset();
    return batch_.add_pack(std::move(pack));
  }

  std::uint32_t chunk_bytes() {
    if (batch_.next_index() != chunk_bytes_for_ || chunk_bytes_ == 0) {
      chunk_bytes_for_ = batch_.next_index();
      chunk_bytes_ = request_.chunk_bytes(chunk_bytes_for_);
      batch_.set_chunk_bytes(chunk_bytes_);
    }
    return chunk_bytes_;
  }

  Buffer take_buffer(std::size_t bytes) {
    return pool_.take(request_.headroom + bytes).part(request_.headroom, bytes);
  }

  const PackRequest& request_;
  BufferPool& pool_;
  const std::function<bool()>& stopped_;
  PipedContent input_;
  ChunkRemaker reader_;  // of files that were not read when they were met
  ExtrasReader extras_;
  HardLinks links_;
  KnownFiles known_;
  PackBatch batch_;
  std::optional<PackDraft> draft_;  // small files that are collected; none of it is in the batch
  std::uint64_t at_ = 0;            // read of the current file
  std::optional<Error> fault_;      // of that file
  std::uint64_t files_ = 0;         // that have begun
  std::uint32_t chunk_bytes_ = 0;
  std::uint64_t chunk_bytes_for_ = 0;
};

}  // namespace

Result<void> pack_object(const PackRequest& request, work::WorkerPool& workers, BufferPool& pool,
                         const std::function<bool()>& stopped, const EmitSegment& emit) {
  return Packer(request, workers, pool, stopped, emit).run();
}

}  // namespace dcdn::source
