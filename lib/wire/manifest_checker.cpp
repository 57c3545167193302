// ManifestChecker of manifest.hpp: what can only be judged along the chain of segments.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "wire/manifest.hpp"
#include "wire/path_order.hpp"

namespace dcdn::wire {

namespace {

Error corrupt(std::string what) {
  return {Errc::corrupt, std::move(what)};
}
Error bad_entry(const std::string& path, const char* what) {
  return corrupt(fmt::format("entry \"{}\" {}", escape_for_display(path), what));
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> components;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    components.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return components;
}

// Adds the next `size` bytes of the current file to a sum that may not pass `limit`.
bool add_within(std::uint64_t& sum, std::uint64_t size, std::uint64_t limit) {
  if (size > limit || sum > limit - size) return false;
  sum += size;
  return true;
}

}  // namespace

Result<void> ManifestChecker::add(const Segment& segment, const Digest& id) {
  if (final_) return corrupt(fmt::format("segment {} comes after the final one", segment.index));
  if (segment.index != next_index_)
    return corrupt(fmt::format("segment {} comes where {} is due", segment.index, next_index_));
  if (segment.object.has_value() != (segment.index == 0))
    return corrupt(fmt::format("segment {} and its object header do not fit", segment.index));
  if (segment.stream != stream_)
    return corrupt(fmt::format("segment {} is of another object", segment.index));
  if (segment.previous != last_id_)
    return corrupt(fmt::format("segment {} does not follow the one before", segment.index));
  const ObjectKind kind = segment.object ? segment.object->kind : kind_;
  Place place = place_;
  if (segment.inside_file != place.in_file)
    return corrupt(fmt::format("segment {} and the file before it do not fit", segment.index));
  for (const Record& record : segment.records) DCDN_CHECK(add_record(place, kind, record));
  if (place.pack_left > 0) return bad_entry(place.last_path, "shares a chunk with nothing");
  // Its end goes with the last of its content, or there would be two ways to write one thing.
  if (place.in_file && place.promised == place.file_bytes)
    return bad_entry(place.last_path, "ends in a later segment than its content");
  if (segment.final && place.in_file) return bad_entry(place.last_path, "does not end");
  if (segment.final && kind != ObjectKind::tree && !place.any_entry)
    return corrupt("the object has no content entry");
  place_ = std::move(place);
  kind_ = kind;
  if (segment.index == 0) stream_ = id;
  last_id_ = id;
  final_ = segment.final;
  ++next_index_;
  return {};
}

Result<void> ManifestChecker::add_record(Place& place, ObjectKind kind, const Record& record) {
  if (const auto* entry = std::get_if<EntryBegin>(&record)) return begin_entry(place, kind, *entry);
  if (const auto* left = std::get_if<LeftOut>(&record)) return leave_out(place, kind, *left);
  return add_content(place, record);
}

Result<void> ManifestChecker::add_content(Place& place, const Record& record) {
  if (!place.in_file) return corrupt("there is data outside a file");
  if (const auto* end = std::get_if<EntryEnd>(&record)) {
    if (end->size != place.file_bytes)
      return bad_entry(place.last_path, "ends with a size its parts do not add up to");
    if (place.promised && *place.promised != end->size)
      return bad_entry(place.last_path, "is not as long as was promised");
    // Also where a pack would begin with a file of an earlier segment, whose end needs telling.
    if (end->content.has_value() == place.in_pack)
      return bad_entry(place.last_path,
                       place.in_pack ? "is in a pack and has a digest" : "ends without a digest");
    place.in_file = false;
    return {};
  }
  if (place.pack_left > 0) return bad_entry(place.last_path, "begins in the middle of a chunk");
  if (const auto* hole = std::get_if<HoleRecord>(&record)) return add_bytes(place, hole->size, false);
  return add_bytes(place, std::get<ChunkRecord>(record).content_size, true);
}

// A chunk that is longer than the file it begins with is a pack: the rest is of the files after it.
Result<void> ManifestChecker::add_bytes(Place& place, std::uint64_t size, bool may_be_pack) {
  if (!add_within(place.object_bytes, size, kMaxObjectBytes))
    return corrupt("the object is longer than the limit");
  if (may_be_pack && place.file_bytes == 0 && place.promised && *place.promised > 0 &&
      size > *place.promised) {
    place.pack_left = size - *place.promised;
    place.file_bytes = *place.promised;
    place.in_pack = true;
    return {};
  }
  if (!add_within(place.file_bytes, size, place.promised.value_or(kMaxObjectBytes)))
    return bad_entry(place.last_path, "is longer than was promised or than the limit");
  return {};
}

// The tree's own folder: first or not at all.
Result<void> ManifestChecker::begin_top(Place& place, const EntryBegin& entry) {
  if (place.any_entry) return bad_entry(entry.path, "is repeated or out of order");
  place.any_entry = true;
  place.in_directory = true;
  return {};
}

// To the next path of a tree, whose parent has to be a directory before it.
Result<void> ManifestChecker::move_to(Place& place, const std::string& path) {
  DCDN_CHECK(check_path(path));
  if (place.any_entry && !path_before(place.last_path, path))
    return bad_entry(path, "is repeated or out of order");
  const auto components = split(path);
  const std::size_t parents = components.size() - 1;
  if (parents > place.directories.size() ||
      !std::equal(components.begin(), components.end() - 1, place.directories.begin()))
    return bad_entry(path, "has a parent that is not a directory before it");
  place.directories.resize(parents);
  place.any_entry = true;
  place.last_path = path;
  return {};
}

Result<void> ManifestChecker::begin_entry(Place& place, ObjectKind kind, const EntryBegin& entry) {
  if (place.in_file) return bad_entry(entry.path, "starts inside another");
  if (kind != ObjectKind::tree) {
    if (place.any_entry) return bad_entry(entry.path, "is a second one where only one may be");
    if (!entry.path.empty()) return bad_entry(entry.path, "has a path where none may be");
    if (entry.kind != EntryKind::file) return corrupt("the one entry of a file or stream is not a file");
    if (kind == ObjectKind::stream && entry.mtime_ns != 0) return corrupt("a stream has a modification time");
    if (kind == ObjectKind::stream && !entry.extras.empty())
      return corrupt("a stream has an owner or attributes");
    place.any_entry = true;
  } else {
    if (entry.path.empty() && entry.kind == EntryKind::directory) return begin_top(place, entry);
    DCDN_CHECK(move_to(place, entry.path));
    if (entry.kind == EntryKind::directory)
      place.directories.push_back(entry.path.substr(entry.path.rfind('/') + 1));
  }
  if (entry.kind == EntryKind::file) ++place.files;
  if (entry.kind == EntryKind::hard_link) DCDN_CHECK(link(place, entry));
  place.in_file = entry.kind == EntryKind::file;
  place.in_directory = entry.kind == EntryKind::directory;
  place.file_bytes = 0;
  place.in_pack = false;
  place.promised = entry.size;
  if (!place.in_file || place.pack_left == 0 || entry.size == std::uint64_t{0}) return {};
  if (!entry.size || *entry.size > place.pack_left)
    return bad_entry(entry.path, "reaches beyond the chunk that it begins in");
  place.pack_left -= *entry.size;
  place.file_bytes = *entry.size;
  place.in_pack = true;
  return {};
}

Result<void> ManifestChecker::link(Place& place, const EntryBegin& entry) {
  if (entry.back == 0 || entry.back > place.files)
    return bad_entry(entry.path, "is another name of a file that does not come before it");
  return add_within(place.object_bytes, entry.size.value_or(0), kMaxObjectBytes)
             ? Result<void>()
             : Result<void>(corrupt("the object is longer than the limit"));
}

Result<void> ManifestChecker::leave_out(Place& place, ObjectKind kind, const LeftOut& left) {
  if (kind != ObjectKind::tree) return corrupt("something is left out of what is no tree");
  if (place.in_file) {
    if (left.path != place.last_path) return bad_entry(left.path, "is left out inside another");
    if (place.in_pack) return bad_entry(left.path, "is left out of a pack");
    place.in_file = false;
    return {};
  }
  const bool in_it = std::exchange(place.in_directory, false) && left.path == place.last_path;
  return in_it ? Result<void>() : move_to(place, left.path);
}

}  // namespace dcdn::wire
