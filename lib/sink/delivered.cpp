#include "sink/delivered.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "digest/hasher.hpp"
#include "source/source_walk.hpp"

namespace dcdn::sink {

namespace {

constexpr std::size_t kMaxRecordBytes = 16384;
constexpr std::uint64_t kRecordVersion = 1;

std::string absolute(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) != nullptr ? std::string(resolved) : path;
}

void hash_entry(digest::Hasher& hasher, const source::SourceEntry& entry) {
  Bytes line;
  ByteWriter writer(line);
  writer.text(entry.begin.path);
  writer.varint(entry.begin.size.value_or(0));
  writer.fixed(static_cast<std::uint64_t>(entry.begin.mtime_ns));
  writer.varint(entry.begin.mode);
  writer.text(entry.begin.target);
  hasher.update(line);
}

// Names, sizes, times and modes of what lies at `path`: differs as soon as somebody touched it. Zero: nothing
// there.
Digest fingerprint(const std::string& path) {
  const auto kind = source::kind_of_source(path, source::Symlinks::keep);
  if (!kind) return {};
  digest::Hasher hasher;
  const source::EntryVisitor visit = [&](const source::SourceEntry& entry) -> Result<void> {
    hash_entry(hasher, entry);
    return {};
  };
  if (*kind == wire::ObjectKind::tree) {
    if (!source::walk_tree(path, source::Symlinks::keep, visit, nullptr)) return {};
  } else {
    const auto entry = source::file_entry(path);
    if (!entry) return {};
    hash_entry(hasher, *entry);
  }
  return hasher.digest();
}

struct Parsed {
  Delivered delivered;
  Digest fingerprint;  // zero: noted before the rename
};

std::optional<Parsed> parse(ByteView bytes) {
  ByteReader reader(bytes);
  if (reader.varint() != kRecordVersion) return std::nullopt;
  Parsed parsed;
  parsed.delivered.object = reader.name32<Digest>();
  parsed.fingerprint = reader.name32<Digest>();
  parsed.delivered.segments = reader.varint();
  parsed.delivered.bytes = reader.varint();
  parsed.delivered.path = reader.text(wire::kMaxPathBytes + wire::kMaxNameBytes);
  const std::uint64_t steps = reader.varint();
  for (std::uint64_t i = 0; i < steps && i < message::kMaxChunkPlanSteps && reader.ok(); ++i) {
    const std::uint64_t segment = reader.varint();
    parsed.delivered.plan.push_back({segment, static_cast<std::uint32_t>(reader.varint())});
  }
  if (!reader.finished()) return std::nullopt;
  return parsed;
}

}  // namespace

DeliveredRecord::DeliveredRecord(std::string delivered_dir, const std::string& receive_dir,
                                 const store::PartObject::Options& options)
    : dir_(std::move(delivered_dir)) {
  const std::string slot = store::slot_name(options);
  digest::Hasher hasher;
  hasher.update(as_bytes(absolute(receive_dir)));
  hasher.update(as_bytes("\n" + slot));
  path_ = dir_ + "/" + to_hex(hasher.digest().view().first(16));
  staged_ = receive_dir + "/.dcdn-part/" + slot + "/tree";
}

std::optional<Delivered> DeliveredRecord::find() const {
  const auto bytes = read_file(path_, kMaxRecordBytes);
  if (!bytes) return std::nullopt;
  const auto parsed = parse(*bytes);
  if (!parsed) return std::nullopt;
  const bool staged = ::access(staged_.c_str(), F_OK) == 0;
  const Digest now = fingerprint(parsed->delivered.path);
  const bool in_place = !now.is_zero() && !staged;
  const bool untouched = parsed->fingerprint.is_zero() || parsed->fingerprint == now;
  if (!in_place || !untouched) return std::nullopt;
  return parsed->delivered;
}

std::optional<std::string> DeliveredRecord::last_name() const {
  const auto bytes = read_file(path_, kMaxRecordBytes);
  const auto parsed = bytes ? parse(*bytes) : std::nullopt;
  if (!parsed) return std::nullopt;
  const std::string& path = parsed->delivered.path;
  return path.substr(path.rfind('/') + 1);
}

Result<void> DeliveredRecord::put(const Delivered& delivered) const {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.varint(kRecordVersion);
  writer.raw(delivered.object.view());
  const bool staged = ::access(staged_.c_str(), F_OK) == 0;
  writer.raw((staged ? Digest{} : fingerprint(delivered.path)).view());
  writer.varint(delivered.segments);
  writer.varint(delivered.bytes);
  writer.text(delivered.path);
  writer.varint(delivered.plan.size());
  for (const message::ChunkPlanStep& step : delivered.plan) {
    writer.varint(step.segment);
    writer.varint(step.chunk_content);
  }
  DCDN_CHECK(make_directories(dir_, 0700));
  return write_file_atomically(path_, bytes, 0600);
}

void DeliveredRecord::remove() const {
  ::unlink(path_.c_str());
}

}  // namespace dcdn::sink
