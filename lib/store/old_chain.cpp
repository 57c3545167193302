#include "store/old_chain.hpp"

#include <fcntl.h>

#include <algorithm>

#include "digest/hasher.hpp"
#include "store/have_map.hpp"
#include "store/manifest_log.hpp"
#include "store/part_object.hpp"

namespace dcdn::store {

namespace {

// 96 MiB of index; what lies beyond is sent again.
constexpr std::size_t kMostPlaces = std::size_t{4} << 20;

std::uint64_t start_of(const Digest& digest) {
  return Name32Hash()(digest);
}

}  // namespace

OldChain OldChain::open(int part, const std::string& name, wire::ObjectKind kind) {
  OldChain old;
  if (!is_directory(part, name)) return old;
  auto slot = open_directory(part, name, Missing::fail, name);
  if (!slot) return old;
  auto log = ManifestLog::open(slot->get(), name + "/manifest.dcs");
  auto map = HaveMap::open(slot->get(), name + "/have.map");
  auto tree = open_directory(slot->get(), "tree", Missing::fail, name + "/tree");
  if (!log || !map || !tree) return old;
  old.tree_.emplace(*std::move(tree), name);
  std::uint64_t chunk = 0;
  const auto read = log->replay([&](const wire::Segment& segment, const Digest&) -> Result<bool> {
    old.index(segment, *map, kind, chunk);
    return old.places_.size() < kMostPlaces;
  });
  (void)read.has_value();  // as far as it could be read
  std::sort(old.places_.begin(), old.places_.end(),
            [](const Place& a, const Place& b) { return a.digest_start < b.digest_start; });
  return old;
}

void OldChain::index(const wire::Segment& segment, const HaveMap& map, wire::ObjectKind kind,
                     std::uint64_t& chunk) {
  for (const wire::Record& record : segment.records) {
    const auto part = cursor_.add(record);
    const auto* begin = std::get_if<wire::EntryBegin>(&record);
    if (begin != nullptr && begin->kind == wire::EntryKind::file)
      paths_.push_back(kind == wire::ObjectKind::tree ? begin->path : kSingleFileName);
    const auto* data = std::get_if<wire::ChunkRecord>(&record);
    if (data == nullptr || !map.has(chunk++)) continue;
    const auto file = static_cast<std::uint32_t>(paths_.size() - 1);
    places_.push_back({start_of(data->content), part->file_offset, file, data->content_size});
  }
}

// The content of a pack is that of one file after another. One that was never made, being empty, adds
// nothing.
bool OldChain::read(std::uint32_t file, std::uint64_t offset, MutableByteView into) {
  for (; !into.empty() && file < paths_.size(); ++file, offset = 0) {
    if (!open_fd_.valid() || open_file_ != file) {
      open_fd_.reset();
      auto fd = open_staged(*tree_, paths_[file], Missing::fail);
      if (!fd) continue;
      open_fd_ = *std::move(fd);
      open_file_ = file;
    }
    const auto got = read_full_at(open_fd_.get(), into, offset, "old chunk");
    if (!got) return false;
    into = into.subspan(*got);
  }
  return into.empty();
}

std::optional<Buffer> OldChain::find(const wire::ChunkRecord& record) {
  const std::uint64_t start = start_of(record.content);
  auto place = std::lower_bound(places_.begin(), places_.end(), start,
                                [](const Place& p, std::uint64_t wanted) { return p.digest_start < wanted; });
  for (; place != places_.end() && place->digest_start == start; ++place) {
    if (place->size != record.content_size) continue;
    Buffer content = Buffer::allocate(record.content_size);
    if (read(place->file, place->offset, content.writable()) &&
        digest::blake3(content.view()) == record.content)
      return content;
  }
  return std::nullopt;
}

}  // namespace dcdn::store
