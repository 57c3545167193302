// parse_segment and ManifestChecker on anything: what is accepted is canonical, unless it is packed, and safe
// to make on a disk; every byte of a chunk belongs to a file.
//
// Input: one byte of switches, then segment bodies, each with two bytes of length before it. A switch puts
// the digests right that chain a segment to the one before: a fuzzer never finds them.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/byte_reader.hpp"
#include "wire/content_cursor.hpp"
#include "wire/extras.hpp"
#include "wire/manifest.hpp"
#include "wire/record_columns.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::wire;

constexpr std::uint8_t kChain = 1;
constexpr std::uint8_t kPacked = 4;  // of the flags of a segment

void require(bool holds) {
  if (!holds) std::abort();
}

// Knows everything that came before, where the checker keeps only the innermost directory.
struct Oracle {
  std::set<std::string> directories;
  std::set<std::string> all;
  std::uint64_t total = 0;
  std::uint64_t files = 0;
  std::uint64_t linked = 0;
  ContentCursor cursor;
  std::uint64_t of_files = 0;
  std::uint64_t of_this_file = 0;

  void entry(const EntryBegin& entry) {
    require(all.insert(entry.path).second);
    if (entry.path.empty()) return;
    require(check_path(entry.path).has_value());
    const std::size_t slash = entry.path.rfind('/');
    require(slash == std::string::npos || directories.contains(entry.path.substr(0, slash)));
    if (entry.kind == EntryKind::directory) directories.insert(entry.path);
    if (entry.kind == EntryKind::file) ++files;
    if (entry.kind == EntryKind::hard_link) {
      require(entry.back > 0 && entry.back <= files && entry.size && entry.extras.empty());
      linked += *entry.size;
    }
    const auto extras = parse_extras(entry.extras);
    require(extras && encode_extras(*extras) == entry.extras);
  }
  void record(const Record& record) {
    if (const auto* begin = std::get_if<EntryBegin>(&record)) entry(*begin);
    // An entry after it of the same path finds it there.
    if (const auto* left = std::get_if<LeftOut>(&record)) all.insert(left->path);
    if (const auto* chunk = std::get_if<ChunkRecord>(&record)) total += chunk->content_size;
    if (const auto* hole = std::get_if<HoleRecord>(&record)) total += hole->size;
    require(total + linked <= kMaxObjectBytes);
    content(record);
  }
  // A file has its parts one after another, and as many bytes as it ends with.
  void content(const Record& record) {
    if (std::holds_alternative<EntryBegin>(record)) of_this_file = 0;
    if (const auto part = cursor.add(record)) {
      require(part->file_offset == of_this_file && part->size > 0);
      of_this_file += part->size;
      of_files += part->size;
    }
    if (const auto* end = std::get_if<EntryEnd>(&record)) require(of_this_file == end->size);
  }
  void segment(const std::vector<Record>& records) {
    for (const Record& each : records) record(each);
    require(cursor.pack_left() == 0 && of_files == total);
  }
};

// What was read can be written and is read as the same; and if no library had a part in it, it is written the
// same.
void write_again(const Segment& segment, ByteView body) {
  const auto again = parse_segment(encode_segment(segment));
  require(again && *again == segment);
  if ((body[0] & kPacked) != 0) return;
  const Bytes plain = encode_columns(segment.records, segment.inside_file);
  require(plain.size() <= body.size() && std::equal(plain.rbegin(), plain.rend(), body.rbegin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(ByteView(data, size));
  const auto switches = in.fixed<std::uint8_t>();
  ManifestChecker checker;
  Oracle oracle;
  while (in.ok() && in.left() > 0) {
    const std::size_t length = in.fixed<std::uint16_t>();
    const ByteView body = in.raw(std::min(length, in.left()));
    auto segment = parse_segment(body);
    if (!segment) continue;
    const auto head = parse_head(body);
    require(head.has_value() && *head == static_cast<const SegmentHead&>(*segment));
    write_again(*segment, body);
    if ((switches & kChain) != 0 && segment->index > 0) {
      segment->stream = checker.stream();
      segment->previous = checker.last_id();
    }
    const std::uint64_t index = checker.next_index();
    const bool was_final = checker.finished();
    if (!checker.add(*segment, segment_id(body))) {
      require(checker.next_index() == index && checker.finished() == was_final);
      continue;
    }
    require(!was_final && segment->index == index && checker.next_index() == index + 1);
    oracle.segment(segment->records);
    require(checker.kind() == ObjectKind::tree || oracle.all.size() <= 1);
  }
  return 0;
}
