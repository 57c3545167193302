// Repair shards and descriptions on anything, and the collector that puts groups together (dcdn-fec decode,
// join, verify).
//
// Input: one byte of switches, then pieces, each with a byte of kind and two bytes of length before it: the
// body of a shard, a description to make a shard of, or the body of a source frame. A switch puts the
// digests of shards right: a fuzzer never finds them.
#include <algorithm>
#include <cstdlib>

#include "base/byte_reader.hpp"
#include "digest/hasher.hpp"
#include "pipeline/group_collector.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::pipeline;

constexpr std::uint8_t kRightDigests = 1;
constexpr std::uint8_t kSurvey = 2;

void require(bool holds) {
  if (!holds) std::abort();
}

BufferPool& pool() {
  static BufferPool made(1u << 20);
  return made;
}

void check_description(ByteView bytes) {
  const auto description = wire::parse_block_description(bytes);
  if (!description) return;
  const Bytes again = wire::encode(*description);
  require(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
}

Buffer shard_of(ByteView description) {
  const auto parsed = wire::parse_block_description(description);
  const std::size_t symbol = parsed ? parsed->symbol_bytes : 1;
  if (symbol > 4096) return Buffer::copy_of(description);
  const std::uint8_t code = parsed ? parsed->code : wire::kCauchyCode;
  auto draft = wire::draft_shard(code, 0, description, symbol, pool());
  if (!draft) return Buffer::copy_of(description);
  std::fill(draft->parity().begin(), draft->parity().end(), std::uint8_t{0});
  wire::seal_shard(*draft);
  return draft->body;
}

// What is given out is complete, and is what its description names.
void take(CollectedGroup& group, bool bodies) {
  require(group.recoverable() && !group.blocks.empty());
  if (!bodies) return;
  for (CollectedBlock& block : group.blocks) {
    CodeKeeper codes;
    if (!recover_block(block, codes, pool())) return;  // a shard that lies about its parity
    std::size_t frame = 0;
    for (const auto& symbol : block.source.description.symbols) {
      for (const wire::CodedFrame& coded : symbol) {
        const NamedFrame& found = block.source.frames[frame++];
        require(wire::frame_name(coded.type, found.body.view()) == coded.name);
      }
    }
  }
  (void)frames_in_order(group);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(ByteView(data, size));
  const auto switches = in.fixed<std::uint8_t>();
  GroupCollector::Options options;
  options.hold_bytes = 1u << 20;
  options.keep_bodies = (switches & kSurvey) == 0;
  GroupCollector collector(options);
  while (in.ok() && in.left() > 0) {
    const auto kind = in.fixed<std::uint8_t>();
    const auto length = in.fixed<std::uint16_t>();
    const ByteView piece = in.raw(std::min<std::size_t>(length, in.left()));
    if (!in.ok()) break;
    if (kind % 4 == 0) {
      Buffer body = Buffer::copy_of(piece);
      if ((switches & kRightDigests) != 0 && body.size() > 32) {
        const Digest digest = digest::blake3(body.view().subspan(32));
        std::copy(digest.bytes.begin(), digest.bytes.end(), body.writable().begin());
      }
      collector.add_shard(body);
    } else if (kind % 4 == 1) {
      check_description(piece);
      collector.add_shard(shard_of(piece));
    } else {
      const auto type = static_cast<wire::FrameType>(kind);
      NamedFrame frame{type, Buffer::copy_of(piece), {}, false};
      if (type != wire::FrameType::repair_shard && fill_name(frame)) collector.add_frame(std::move(frame));
    }
    while (auto group = collector.next()) take(*group, options.keep_bodies);
  }
  const auto rest = collector.take_rest();
  for (const CollectedGroup& group : rest.groups) (void)group.recoverable();
  return 0;
}
