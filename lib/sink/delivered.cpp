#include "sink/delivered.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "digest/hasher.hpp"
#include "store/index_match.hpp"
#include "store/tree_access.hpp"
#include "store/tree_fingerprint.hpp"

namespace dcdn::sink {

namespace {

constexpr std::size_t kMaxRecordBytes = 16384;
constexpr std::uint64_t kRecordVersion = 3;

std::string absolute(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) != nullptr ? std::string(resolved) : path;
}

struct Parsed {
  store::Delivered delivered;
  Digest fingerprint;
};

std::optional<Parsed> parse(ByteView bytes) {
  ByteReader reader(bytes);
  if (reader.varint() != kRecordVersion) return std::nullopt;
  Parsed parsed;
  parsed.delivered.object = reader.name32<Digest>();
  parsed.fingerprint = reader.name32<Digest>();
  parsed.delivered.segments = reader.varint();
  parsed.delivered.bytes = reader.varint();
  parsed.delivered.left_out = reader.varint();
  parsed.delivered.path = reader.text(wire::kMaxPathBytes + wire::kMaxNameBytes);
  const std::uint64_t steps = reader.varint();
  for (std::uint64_t i = 0; i < steps && i < message::kMaxChunkPlanSteps && reader.ok(); ++i) {
    const std::uint64_t segment = reader.varint();
    const auto chunk_bytes = static_cast<std::uint32_t>(reader.varint());
    parsed.delivered.plan.push_back({segment, chunk_bytes, reader.fixed<std::uint8_t>()});
  }
  const std::uint64_t marks = reader.varint();
  for (std::uint64_t i = 0; i < marks && i < message::kMaxSegmentMarks && reader.ok(); ++i) {
    const std::uint64_t segment = reader.varint();
    parsed.delivered.marks.push_back({segment, reader.name32<Digest>()});
  }
  if (!reader.finished()) return std::nullopt;
  return parsed;
}

}  // namespace

DeliveredRecord::DeliveredRecord(std::string delivered_dir, const std::string& receive_dir,
                                 const store::PartObject::Options& options)
    : dir_(std::move(delivered_dir)) {
  if (dir_.empty()) return;
  const std::string slot = store::slot_name(options);
  digest::Hasher hasher;
  hasher.update(as_bytes(absolute(receive_dir)));
  hasher.update(as_bytes("\n" + slot));
  own_path_ = receive_dir + "/" + options.name;
  path_ = dir_ + "/" + to_hex(hasher.digest().view().first(16));
  staged_ = receive_dir + "/.dcdn-part/" + slot + "/tree";
  if (options.kind != wire::ObjectKind::tree) staged_ += std::string("/") + store::kSingleFileName;
}

// Of a tree that has an index, that says it, and says more: no fingerprint is made.
bool DeliveredRecord::is_untouched(const store::Delivered& delivered, const Digest& fingerprint) const {
  if (fingerprint.is_zero()) return store::is_as_delivered(index_path(), delivered.object, delivered.path);
  return store::tree_fingerprint(delivered.path) == fingerprint;
}

std::optional<store::Delivered> DeliveredRecord::find() const {
  const auto bytes = read_file(path_, kMaxRecordBytes);
  if (!bytes) return std::nullopt;
  const auto parsed = parse(*bytes);
  if (!parsed) return std::nullopt;
  const bool staged = ::access(staged_.c_str(), F_OK) == 0;
  if (staged || !is_untouched(parsed->delivered, parsed->fingerprint)) return std::nullopt;
  return parsed->delivered;
}

std::optional<std::string> DeliveredRecord::last_name() const {
  const auto bytes = read_file(path_, kMaxRecordBytes);
  const auto parsed = bytes ? parse(*bytes) : std::nullopt;
  if (!parsed) return std::nullopt;
  const std::string& path = parsed->delivered.path;
  return path.substr(path.rfind('/') + 1);
}

Bytes DeliveredRecord::encode(const store::Delivered& delivered, const Digest& fingerprint) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.varint(kRecordVersion);
  writer.raw(delivered.object.view());
  writer.raw(fingerprint.view());
  writer.varint(delivered.segments);
  writer.varint(delivered.bytes);
  writer.varint(delivered.left_out);
  writer.text(delivered.path);
  writer.varint(delivered.plan.size());
  for (const message::ChunkPlanStep& step : delivered.plan) {
    writer.varint(step.segment);
    writer.varint(step.chunk_content);
    writer.fixed(step.rung);
  }
  writer.varint(delivered.marks.size());
  for (const message::SegmentMark& mark : delivered.marks) {
    writer.varint(mark.segment);
    writer.raw(mark.id.view());
  }
  return bytes;
}

Result<void> DeliveredRecord::put(const store::Delivered& delivered, const std::string& staged,
                                  store::SyncBatch& batch) const {
  if (dir_.empty()) return {};
  DCDN_CHECK(make_directories(dir_, 0700));
  return store::replace_file(path_, encode(delivered, store::tree_fingerprint(staged)), batch);
}

Result<void> DeliveredRecord::put(const store::Delivered& delivered) const {
  if (dir_.empty()) return {};
  const bool staged = ::access(staged_.c_str(), F_OK) == 0;
  // What a tree that is laid over another will look like is not known before, and half of it proves nothing.
  if (staged && store::is_directory(AT_FDCWD, delivered.path)) return {};
  const auto index = staged ? std::nullopt : store::IndexReader::open(index_path());
  const bool indexed = index && delivered.path == own_path_ && index->head().object == delivered.object;
  const Digest fingerprint = indexed ? Digest() : store::tree_fingerprint(staged ? staged_ : delivered.path);
  const Bytes bytes = encode(delivered, fingerprint);
  DCDN_CHECK(make_directories(dir_, 0700));
  return write_file_atomically(path_, bytes, 0600);
}

void DeliveredRecord::remove() const {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace dcdn::sink
