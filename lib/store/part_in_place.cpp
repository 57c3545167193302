// What of a tree that comes lies under its name already: it stays there, and is not staged.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "store/part_impl.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

// Where both files are on a file system that can share blocks, nothing is copied at all.
Result<void> copy_range(int from, int to, std::uint64_t offset, std::uint64_t size, const std::string& what) {
  while (size > 0) {
    auto in = static_cast<off64_t>(offset);
    auto out = in;
    const ssize_t copied = ::copy_file_range(from, &in, to, &out, size, 0);
    if (copied <= 0) break;
    offset += static_cast<std::uint64_t>(copied);
    size -= static_cast<std::uint64_t>(copied);
  }
  Bytes piece(std::min<std::uint64_t>(size, kCopyBytes));
  while (size > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), size));
    DCDN_TRY(const std::size_t got, read_full_at(from, MutableByteView(piece).first(want), offset, what));
    if (got == 0) return {};  // shorter than it was: its digest will say so
    DCDN_CHECK(write_all_at(to, ByteView(piece).first(got), offset, what));
    offset += got;
    size -= got;
  }
  return {};
}

bool holes_are_zero(int fd, const WholeEntry& entry, const std::string& what) {
  Bytes piece(kCopyBytes);
  for (const Region& region : entry.regions) {
    const std::uint64_t end = region.offset + region.size;
    for (std::uint64_t at = region.offset; region.hole && at < end;) {
      const off_t data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
      if (data < 0 && errno == ENXIO) break;
      at = data < 0 ? at : static_cast<std::uint64_t>(data);
      if (at >= end) break;
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), end - at));
      const auto got = read_full_at(fd, MutableByteView(piece).first(want), at, what);
      if (!got || *got == 0 || !digest::is_all_zero(ByteView(piece).first(*got))) return false;
      at += *got;
    }
  }
  return true;
}

}  // namespace

bool PartObject::Impl::lies_over_folder() const {
  return options.kind == wire::ObjectKind::tree && replaces(options.collision) &&
         is_directory(dir->out_fd(), options.name);
}

Result<void> PartObject::Impl::open_laid_over() {
  laid_over.reset();
  if (!lies_over_folder()) return {};
  auto folder = FolderPath::open(dir->out_fd(), options.name, display(), OpenFor::reading);
  if (!folder) return {};  // who may not look into it will hear so when it is to be changed
  DCDN_TRY(LooksLog looks, LooksLog::open(slot_fd.get(), escape_for_display(slot_path()) + "/looks"));
  laid_over = std::make_unique<LaidOver>(InPlace(*std::move(folder), std::move(looks)));
  if (!chain.empty() || !laid_over->place.looks().empty()) laid_over->place.set_maybe_unsynced();
  auto reader = options.index_path.empty() || !options.trust_index ? std::nullopt
                                                                   : IndexReader::open(options.index_path);
  if (reader) laid_over->index.emplace(*std::move(reader), laid_over->place);
  return {};
}

bool PartObject::Impl::is_untouched(const PackedFiles& pack) {
  return laid_over && std::ranges::all_of(pack, [&](const PackedFile& file) {
           return laid_over->place.is_untouched(file.entry, file.path);
         });
}

Result<bool> PartObject::Impl::is_in_index(const ChunkPlace& place, const wire::ChunkRecord& record,
                                           const PackedFiles& pack) {
  if (!laid_over || !laid_over->index) return false;
  if (!place.file) return laid_over->index->has(pack, record);
  const PieceOfFile piece{place.file->entry, place.file->path, place.offset};
  return laid_over->index->has(piece, record);
}

// Those chunks were there by all looks, and were read because it was their turn.
void PartObject::Impl::note_rotten(const std::vector<wire::ChunkRecord>& due) {
  for (const wire::ChunkRecord& record : due) {
    const MissingChunk* missing = basis ? chain.find_missing(record) : nullptr;
    if (missing == nullptr || laid_over->rotten++ > 0) continue;
    const ChunkPlace& place = missing->places.front();
    const auto pack = place.file ? Result<const PackedFiles*>(nullptr) : pack_at(place);
    if (place.file) laid_over->first_rotten = place.file->path;
    if (pack && *pack != nullptr) laid_over->first_rotten = (*pack)->front().path;
  }
}

Result<std::vector<wire::ChunkRecord>> PartObject::Impl::add_to_chain(const wire::Segment& segment,
                                                                      const Digest& id) {
  std::vector<std::uint64_t> in_place;
  std::vector<wire::ChunkRecord> due;
  Result<void> looked;
  chain.add(segment, id,
            [&](const ChunkPlace& place, const wire::ChunkRecord& record, const PackedFiles& pack) {
              const auto here = is_in_index(place, record, pack);
              if (!here) looked = here.error();
              if (here && !*here && laid_over && laid_over->index && laid_over->index->was_due())
                due.push_back(record);
              if (!here || !*here) return false;
              in_place.push_back(place.chunk);
              if (place.file) {
                place.file->partly_in_place = true;
              } else {
                chain.set_pack_verified(place.offset);
              }
              if (options.promise) options.promise->written(record.content_size);
              return true;
            });
  DCDN_CHECK(looked);
  DCDN_CHECK(map->resize(std::max(map->size(), chain.chunks())));
  for (const std::uint64_t chunk : in_place) DCDN_CHECK(map->set(chunk, 1, Have::in_place));
  return due;
}

Result<bool> PartObject::Impl::put_in_place(const PieceOfFile& piece, ByteView content) {
  return laid_over ? laid_over->place.keeps(piece, content) : Result<bool>(false);
}

Result<Have> PartObject::Impl::put_pack(const PackedFiles& pack, ByteView content) {
  Have have = Have::in_place;
  for (const PackedFile& file : pack) {
    const ByteView part = content.first(file.size);
    content = content.subspan(file.size);
    DCDN_TRY(const bool there, put_in_place({file.entry, file.path, 0, true}, part));
    if (there) continue;
    have = Have::written;
    DCDN_CHECK(files->write(file_at(file.path), 0, part));
  }
  return have;
}

Result<void> PartObject::Impl::read_pack(const PackedFiles& pack, MutableByteView into) {
  for (const PackedFile& file : pack) {
    const MutableByteView part = into.first(file.size);
    into = into.subspan(file.size);
    if (laid_over && laid_over->place.looks().get(file.entry).in_place()) {
      DCDN_CHECK(laid_over->place.read({file.entry, file.path}, part));
    } else {
      DCDN_CHECK(files->read(file_at(file.path), 0, part));
    }
  }
  return {};
}

Result<UniqueFd> PartObject::Impl::open_part(const WholeEntry& entry) {
  if (laid_over && laid_over->place.looks().get(entry.number).in_place())
    return laid_over->place.open(entry.begin.path);
  return open_staged(files->tree(), entry.begin.path, Missing::make);
}

Result<Whereabouts> PartObject::Impl::find_file(const WholeEntry& entry) {
  if (!laid_over || entry.chunks == 0) return Whereabouts::staged;
  std::uint64_t in_place = 0;
  for (std::uint64_t i = 0; i < entry.chunks; ++i)
    in_place += map->get(entry.first_chunk + i) == Have::in_place ? 1 : 0;
  const NotedLooks noted = laid_over->place.looks().get(entry.number);
  if (in_place == 0) {
    if (noted.looks.kind != LooksKind::none) DCDN_CHECK(laid_over->place.looks().set(entry.number, {}));
    return Whereabouts::staged;
  }
  const FileLooks there = laid_over->place.look(entry.begin.path);
  if (noted != NotedLooks{there}) return Whereabouts::changed;
  if (in_place == entry.chunks && there.size == entry.end.size) {
    const auto fd =
        entry.has_holes() ? laid_over->place.open(entry.begin.path) : Result<UniqueFd>(UniqueFd());
    if (fd && (!entry.has_holes() || holes_are_zero(fd->get(), entry, entry.begin.path)))
      return Whereabouts::in_place;
  }
  DCDN_CHECK(gather(entry));
  return Whereabouts::gathered;
}

Result<void> PartObject::Impl::gather(const WholeEntry& entry) {
  const std::string shown = files->tree().display(entry.begin.path);
  DCDN_TRY(const UniqueFd to, open_staged(files->tree(), entry.begin.path, Missing::make));
  const auto from = laid_over->place.open(entry.begin.path);
  std::uint64_t chunk = entry.first_chunk;
  auto region = entry.regions.begin();
  std::uint64_t in_region = 0;
  for (const ChunkRun& run : entry.runs) {
    for (std::uint64_t i = 0; i < run.count; ++i, ++chunk, in_region += run.size) {
      while (region->hole || in_region == region->size) {
        ++region;
        in_region = 0;
      }
      if (map->get(chunk) != Have::in_place) continue;
      if (options.stopped()) return stopped_error();
      if (from) DCDN_CHECK(copy_range(from->get(), to.get(), region->offset + in_region, run.size, shown));
      DCDN_CHECK(map->set(chunk, 1, Have::written));
      unsynced.push_back(chunk);
    }
  }
  files->note_unsynced(file_at(entry.begin.path));
  return laid_over->place.looks().set(entry.number, {});
}

}  // namespace dcdn::store
