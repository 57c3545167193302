// parse_segment and ManifestChecker on anything: what is accepted is canonical, and safe to make on a disk.
//
// Input: one byte of switches, then segment bodies, each with two bytes of length before it. A switch puts
// the digests right that chain a segment to the one before: a fuzzer never finds them.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/byte_reader.hpp"
#include "wire/manifest.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::wire;

constexpr std::uint8_t kChain = 1;

void require(bool holds) {
  if (!holds) std::abort();
}

// Knows everything that came before, where the checker keeps only the innermost directory.
struct Oracle {
  std::set<std::string> directories;
  std::set<std::string> all;
  std::uint64_t total = 0;

  void entry(const EntryBegin& entry) {
    require(all.insert(entry.path).second);
    if (entry.path.empty()) return;
    require(check_path(entry.path).has_value());
    const std::size_t slash = entry.path.rfind('/');
    require(slash == std::string::npos || directories.contains(entry.path.substr(0, slash)));
    if (entry.kind == EntryKind::directory) directories.insert(entry.path);
  }
  void record(const Record& record) {
    if (const auto* begin = std::get_if<EntryBegin>(&record)) entry(*begin);
    // An entry after it of the same path finds it there.
    if (const auto* left = std::get_if<LeftOut>(&record)) all.insert(left->path);
    if (const auto* chunk = std::get_if<ChunkRecord>(&record)) total += chunk->content_size;
    if (const auto* hole = std::get_if<HoleRecord>(&record)) total += hole->size;
    require(total <= kMaxObjectBytes);
  }
};

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
    const Bytes again = encode_segment(*segment);
    require(std::equal(again.begin(), again.end(), body.begin(), body.end()));
    if ((switches & kChain) != 0 && segment->index > 0) {
      segment->stream = checker.stream();
      segment->previous = checker.last_id();
    }
    const std::uint64_t index = checker.next_index();
    const bool was_final = checker.finished();
    if (!checker.add(*segment, segment_id(encode_segment(*segment)))) {
      require(checker.next_index() == index && checker.finished() == was_final);
      continue;
    }
    require(!was_final && segment->index == index && checker.next_index() == index + 1);
    for (const Record& record : segment->records) oracle.record(record);
    require(checker.kind() == ObjectKind::tree || oracle.all.size() <= 1);
  }
  return 0;
}
