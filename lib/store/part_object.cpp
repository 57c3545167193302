#include "store/part_object.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "store/part_impl.hpp"

namespace dcdn::store {

namespace {

// How much of what came early one write may read back: enough to keep up, little enough not to be felt.
constexpr std::uint64_t kCatchUpBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kCheckBytes = std::uint64_t{64} << 20;

Error finished_error(const PartObject::Options& options) {
  return {Errc::internal, escape_for_display(options.name) + ": is no longer open here"};
}

Result<void> check_receivable(const std::string& name) {
  DCDN_CHECK(wire::check_name(name));
  if (name != kPartDirName) return {};
  return Error(Errc::refused, name + ": is the name of the staging folder")
      .with_hint("send it as another name");
}

ChunkSpot spot_at(const ChunkPlace& place) {
  return {place.file->path, place.file->promised_bytes, place.offset, {}};
}

}  // namespace

std::string slot_name(const PartObject::Options& options) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn slot 1\n"));
  hasher.update(options.sender.view());
  hasher.update(as_bytes(std::to_string(static_cast<unsigned>(options.kind)) + "\n" + options.name));
  return to_hex(hasher.digest().view().first(16));
}

PartObject::PartObject(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PartObject::~PartObject() = default;

Result<std::optional<Delivered>> PartObject::finish_delivery(std::shared_ptr<ReceiveDir> dir, Options options,
                                                             const BeforeNaming& before_naming) {
  DCDN_CHECK(check_receivable(options.name));
  if (!is_directory(dir->part_fd(), slot_name(options))) return std::optional<Delivered>();
  Impl impl(std::move(dir), std::move(options));
  DCDN_CHECK(impl.claim());
  return impl.deliver_again(before_naming);
}

Result<std::unique_ptr<PartObject>> PartObject::open(std::shared_ptr<ReceiveDir> dir, Options options) {
  DCDN_CHECK(check_receivable(options.name));
  auto impl = std::make_unique<Impl>(std::move(dir), std::move(options));
  DCDN_CHECK(impl->claim());
  DCDN_CHECK(impl->open());
  return std::unique_ptr<PartObject>(new PartObject(std::move(impl)));
}

ResumePoint PartObject::resume_point() const {
  ResumePoint point;
  point.segments_done = impl_->chain.segments_done();
  if (point.segments_done > 0) point.last_segment = impl_->chain.segment_id(point.segments_done - 1);
  point.marks = impl_->chain.marks();
  point.plan = impl_->chain.plan();
  point.bytes_done = impl_->chain.bytes_done();
  point.anything = !impl_->chain.empty() || (impl_->old && !impl_->old->empty());
  return point;
}

bool PartObject::has_index() const {
  return impl_->laid_over && impl_->laid_over->index;
}

void PartObject::set_basis(std::shared_ptr<BasisFiles> basis) {
  impl_->basis = std::move(basis);
}

Result<void> PartObject::Impl::check_new(const wire::Segment& segment, const Digest& id) const {
  DCDN_CHECK(chain.check(segment, id));
  for (const wire::Record& record : segment.records) {
    const auto* entry = std::get_if<wire::EntryBegin>(&record);
    if (entry == nullptr || entry->kind != wire::EntryKind::symlink || options.allow_unsafe_links) continue;
    if (!link_stays_inside(entry->path, entry->target))
      return Error(Errc::refused, escape_for_display(options.name + "/" + entry->path) + ": links to " +
                                      escape_for_display(entry->target) +
                                      ", which may be outside what is sent")
          .with_hint("leave the link out (--symlinks=skip), or receive it with --links any");
  }
  return {};
}

Result<void> PartObject::Impl::promise(const wire::Segment& segment, std::size_t frame_bytes) {
  if (!options.promise) return {};
  const auto promised = options.promise->announce(segment, frame_bytes);
  if (promised) return {};
  if (promised.error().code == Errc::limit) {
    over = true;
    options.promise->restart();
    (void)remove_slots().has_value();
  }
  return promised.error().during(escape_for_display(options.name));
}

Result<SegmentNeed> PartObject::add_segment(const wire::Segment& segment, const Digest& id, ByteView frames) {
  Impl& self = *impl_;
  if (self.over) return finished_error(self.options);
  if (self.chain.has_segment(segment.index) && self.chain.segment_id(segment.index) != id)
    DCDN_CHECK(self.or_over(self.set_aside(segment.index)));
  std::vector<wire::ChunkRecord> due;
  if (!self.chain.has_segment(segment.index)) {
    DCDN_CHECK(self.check_new(segment, id));
    DCDN_CHECK(self.promise(segment, frames.size()));
    const std::uint64_t at = self.log->size();
    DCDN_CHECK(self.log->append(frames));
    self.packs->add_segment(at, self.chain.entries());
    DCDN_TRY(due, self.add_to_chain(segment, id));
    DCDN_CHECK(self.check_whole_files());
  }
  // Also when an earlier call got no further than this.
  DCDN_CHECK(self.map->resize(std::max(self.map->size(), self.chain.chunks())));
  DCDN_CHECK(self.fill_from_known(segment));
  self.note_rotten(due);
  return self.chain.need_of(segment);
}

Result<void> PartObject::Impl::fill_from_known(const wire::Segment& segment) {
  for (const wire::Record& record : segment.records) {
    const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (chunk == nullptr || chain.find_missing(*chunk) == nullptr) continue;
    Buffer content;
    const ChunkPlace* known = chain.find_known(chunk->content);
    if (known != nullptr && map->has(known->chunk)) {
      const ChunkPlace source = *known;
      if (auto read = read_place(source, *chunk)) content = *std::move(read);
    }
    if (content.empty() && old) content = old->find(*chunk).value_or(Buffer());
    if (content.empty() && basis) content = find_in_basis(*chunk).value_or(Buffer());
    if (content.empty()) continue;
    DCDN_TRY(const std::uint64_t stored, store(*chunk, content));
    (void)stored;
  }
  return {};
}

std::optional<Buffer> PartObject::Impl::find_in_basis(const wire::ChunkRecord& record) {
  const std::vector<ChunkPlace>& places = chain.find_missing(record)->places;
  if (auto content = find_in_basis(places.front(), record)) return content;
  return places.size() > 1 ? find_in_basis(places.back(), record) : std::nullopt;
}

std::optional<Buffer> PartObject::Impl::find_in_basis(const ChunkPlace& place,
                                                      const wire::ChunkRecord& record) {
  if (place.file) return basis->find(spot_at(place), record);
  const auto pack = pack_at(place);
  return pack ? basis->find(**pack, record) : std::nullopt;
}

Result<const PackedFiles*> PartObject::Impl::pack_at(const ChunkPlace& place) {
  return packs->files_of(place.segment, place.chunk - chain.first_chunk(place.segment));
}

Result<Buffer> PartObject::Impl::read_place(const ChunkPlace& place, const wire::ChunkRecord& record) {
  Buffer content = Buffer::allocate(record.content_size);
  if (place.file && map->get(place.chunk) == Have::in_place && laid_over) {
    DCDN_CHECK(
        laid_over->place.read({place.file->entry, place.file->path, place.offset}, content.writable()));
  } else if (place.file) {
    DCDN_CHECK(files->read(place.file, place.offset, content.writable()));
  } else {
    DCDN_TRY(const PackedFiles* pack, pack_at(place));
    DCDN_CHECK(read_pack(*pack, content.writable()));
  }
  if (digest::blake3(content.view()) == record.content) return content;
  return Error(Errc::corrupt, display() + ": a chunk is not what it was");
}

Result<Have> PartObject::Impl::put(const ChunkPlace& place, const Buffer& content) {
  if (!place.file) {
    DCDN_TRY(const PackedFiles* pack, pack_at(place));
    return put_pack(*pack, content.view());
  }
  const bool whole = place.offset == 0 && place.file->promised_bytes == content.size();
  DCDN_TRY(const bool there,
           put_in_place({place.file->entry, place.file->path, place.offset, whole}, content.view()));
  place.file->partly_in_place = place.file->partly_in_place || there;
  if (there) return Have::in_place;
  DCDN_CHECK(files->write(place.file, place.offset, content.view()));
  return Have::written;
}

InOrderDigest::Read PartObject::Impl::reader_of(const PartFilePtr& file) {
  return [this, file](std::uint64_t at, MutableByteView into) -> Result<void> {
    // It is read at the end, when it is known where all of it is.
    if (file->partly_in_place) return Error(Errc::changed, file->path + ": is in two places");
    return files->read(file, at, into);
  };
}

Result<std::uint64_t> PartObject::Impl::store(const wire::ChunkRecord& record, const Buffer& content) {
  std::uint64_t stored = 0;
  dir->recent().add(record.content, content);
  while (const MissingChunk* missing = chain.find_missing(record)) {
    const ChunkPlace place = missing->places.back();
    DCDN_TRY(const Have have, put(place, content));
    DCDN_CHECK(map->set(place.chunk, 1, have));
    if (have == Have::written) unsynced.push_back(place.chunk);
    stored += content.size();
    if (options.promise) options.promise->written(content.size());
    if (place.file && place.file->digest) {
      place.file->digest->written(place.offset, content.view());
      if (!place.file->digest->catch_up(kCatchUpBytes, reader_of(place.file))) place.file->digest.reset();
    }
    chain.place_done(record);
    DCDN_CHECK(check_whole_files());
  }
  return stored;
}

Result<void> PartObject::Impl::check_whole_files() {
  for (const PartFilePtr& file : chain.take_whole_files()) {
    const std::unique_ptr<InOrderDigest> digest = std::move(file->digest);
    if (file->chunks == 1) {
      // Bytes of an earlier process are read at the end.
      if (!file->found_bytes && file->first_chunk_content == file->content) chain.set_verified(*file);
    } else if (digest) {
      const auto caught_up = digest->catch_up(kCheckBytes, reader_of(file));
      // What is not right, or too much to be read here, is read again by check_some(), which then says so.
      if (caught_up && digest->caught_up() && digest->digest() == file->content) chain.set_verified(*file);
    }
  }
  return {};
}

Result<std::uint64_t> PartObject::write_chunk(const Digest& carried, const Buffer& content) {
  Impl& self = *impl_;
  if (self.over) return finished_error(self.options);
  const MissingChunk* missing = self.chain.find_missing(carried);
  if (missing == nullptr) return std::uint64_t{0};
  const wire::ChunkRecord record = missing->record;
  if (record.content_size != content.size())
    return Error(Errc::corrupt, self.display() + ": a chunk is not as long as its record says");
  return self.store(record, content);
}

Result<std::optional<Buffer>> PartObject::past_of(const wire::ChunkRecord& record, BufferPool& pool) {
  Impl& self = *impl_;
  const MissingChunk* missing = self.chain.find_missing(record);
  if (missing == nullptr) return std::optional<Buffer>();
  const ChunkPlace& place = missing->places.front();
  const std::uint64_t last = place.chunk - self.chain.first_chunk(place.segment);
  std::vector<Buffer> past;
  for (std::uint64_t chunk = last - record.past; chunk < last; ++chunk) {
    if (!self.map->has(self.chain.first_chunk(place.segment) + chunk)) return std::optional<Buffer>();
  }
  for (std::uint64_t chunk = last - record.past; chunk < last; ++chunk) {
    DCDN_TRY(Buffer content, self.content_here(place.segment, chunk));
    past.push_back(std::move(content));
  }
  return std::optional(joined(past, pool));
}

Result<Buffer> PartObject::Impl::content_here(std::uint64_t segment, std::uint64_t chunk) {
  DCDN_TRY(const FoundChunk* found, packs->chunk_of(segment, chunk));
  if (auto last = dir->recent().find(found->record.content)) return *std::move(last);
  ChunkPlace place{nullptr, found->offset, chain.first_chunk(segment) + chunk, segment};
  if (found->in_open_file) {
    place.file = chain.open_file(segment);
    place.offset += chain.open_at(segment);
  } else if (found->pack.empty()) {
    place.file = file_at(options.kind == wire::ObjectKind::tree ? found->path : kSingleFileName);
    place.file->entry = found->entry;
  }
  return read_place(place, found->record);
}

std::optional<wire::ChunkRecord> PartObject::wanted(const Digest& carried) const {
  const MissingChunk* missing = impl_->chain.find_missing(carried);
  if (missing == nullptr) return std::nullopt;
  return missing->record;
}

std::optional<ChunkSpot> PartObject::spot_of(const wire::ChunkRecord& record) const {
  const MissingChunk* missing = impl_->chain.find_missing(record);
  if (missing == nullptr) return std::nullopt;
  const ChunkPlace& place = missing->places.front();
  if (place.file) return spot_at(place);
  const auto pack = impl_->pack_at(place);
  return pack ? std::optional(ChunkSpot{{}, 0, 0, **pack}) : std::nullopt;
}

std::optional<message::Want> PartObject::want_again(const Digest& carried) const {
  const MissingChunk* missing = impl_->chain.find_missing(carried);
  if (missing == nullptr) return std::nullopt;
  return impl_->chain.want_only(missing->places.front());
}

std::uint64_t PartObject::segments_done() const {
  return impl_->chain.segments_done();
}
std::uint64_t PartObject::bytes_done() const {
  return impl_->chain.bytes_done();
}
bool PartObject::complete() const {
  return !impl_->over && impl_->chain.complete();
}
const Digest& PartObject::object_id() const {
  return impl_->chain.object_id();
}

const wire::LeftOutList& PartObject::left_out() const {
  return impl_->chain.left_out();
}

const std::vector<std::string>& PartObject::notes() const {
  static const std::vector<std::string> none;
  return impl_->settled ? impl_->settled->notes : none;
}

Result<void> PartObject::checkpoint() {
  Impl& self = *impl_;
  if (self.over) return finished_error(self.options);
  if (!self.options.fsync || self.unsynced.empty()) return {};
  if (auto synced = self.sync_unsynced(); !synced) return self.forget_unsynced(synced.error());
  self.unsynced.clear();
  return {};
}

Result<void> PartObject::Impl::sync_unsynced() {
  DCDN_CHECK(files->sync());
  DCDN_CHECK(log->sync());
  if (!slot_synced) {
    for (const int folder : {files->tree().fd(), slot_fd.get(), dir->part_fd(), dir->out_fd()})
      DCDN_CHECK(sync_folder(folder, escape_for_display(slot_path())));
    slot_synced = true;
  }
  std::sort(unsynced.begin(), unsynced.end());
  for (std::size_t from = 0; from < unsynced.size();) {
    std::size_t to = from + 1;
    while (to < unsynced.size() && unsynced[to] == unsynced[to - 1] + 1) ++to;
    DCDN_CHECK(map->set(unsynced[from], to - from, Have::synced));
    from = to;
  }
  return map->sync();
}

Result<bool> PartObject::check_some(std::uint64_t bytes) {
  Impl& self = *impl_;
  if (self.over || !self.chain.complete() || self.settled) return true;
  return self.check_some(bytes);
}

Result<std::string> PartObject::finalize(const BeforeNaming& before_naming) {
  Impl& self = *impl_;
  if (self.over) return finished_error(self.options);
  if (!self.chain.complete()) return Error(Errc::incomplete, self.display() + ": is not all here yet");
  if (self.settled && self.settled->over_folder == self.lies_over_folder()) {
    if (!self.settled->over_folder) DCDN_CHECK(self.settle_again());  // some of it may have its name already
  } else {
    for (bool checked = false; !checked;) {
      DCDN_TRY(checked, self.check_some(kCheckBytes));
    }
    DCDN_CHECK(self.settle());
  }
  return self.give_names(before_naming);
}

Result<void> PartObject::discard() {
  Impl& self = *impl_;
  if (self.over) return {};
  self.over = true;
  if (self.options.promise) self.options.promise->restart();
  return self.remove_slots();
}

}  // namespace dcdn::store
