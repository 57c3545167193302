// The readers of the delta layer on anything: signatures, deltas, compact and delta headers, and differences
// of chunks. What is made stays within the old file and within its limits, and a delta found with any
// signature can be read.
//
// Input: one byte, then what is read as each of them; of a signature with content behind it, the byte says
// where (in 256ths) the content begins.
#include <algorithm>
#include <cstdlib>

#include "delta/delta_header.hpp"
#include "delta/delta_search.hpp"
#include "digest/hasher.hpp"
#include "pipeline/chunk_difference.hpp"
#include "wire/frame.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::delta;

void require(bool holds) {
  if (!holds) std::abort();
}

// The commands must be the same however their bytes are cut.
void read_delta(ByteView bytes, std::size_t piece) {
  DeltaReader reader;
  std::uint64_t literal_bytes = 0;
  for (std::size_t at = 0;;) {
    const auto step = reader.next();
    if (!step) return;
    if (std::holds_alternative<MoreStep>(*step)) {
      const std::size_t size = std::min(piece, bytes.size() - at);
      reader.push(bytes.subspan(at, size));
      at += size;
      if (at == bytes.size()) reader.finish();
    } else if (const auto* copy = std::get_if<CopyStep>(&*step)) {
      require(copy->size > 0 && copy->offset + copy->size > copy->offset);
    } else if (const auto* literal = std::get_if<LiteralStep>(&*step)) {
      literal_bytes += literal->bytes.size();
      require(!literal->bytes.empty() && literal_bytes <= bytes.size());
    } else {
      return;
    }
  }
}

void search(ByteView signature, ByteView content) {
  const auto table = SignatureTable::make(Bytes(signature.begin(), signature.end()));
  if (!table) return;
  Bytes delta;
  DeltaWriter writer([&](ByteView bytes) -> Result<void> {
    delta.insert(delta.end(), bytes.begin(), bytes.end());
    return {};
  });
  const auto run = [](std::size_t count, const auto& task) {
    for (std::size_t i = 0; i < count; ++i) task(i);
  };
  DeltaSearch search(*table, 4, run, writer);
  require(search.add(content, true).has_value() && writer.end(std::nullopt).has_value());
  require(writer.counts().copied_bytes + writer.counts().literal_bytes == content.size());
  const std::uint64_t most = std::uint64_t{table->blocks()} * table->shape().block_bytes;
  require(writer.counts().copies == 0 || most > 0);
  read_delta(delta, 4096);
}

// A chunk of 300 bytes out of an old file of 1000, in which no copy may read beyond the end.
void make_chunk(ByteView commands) {
  if (commands.empty() || commands.size() > wire::kMaxChunkContent) return;
  static BufferPool pool(1u << 20);
  message::Difference difference;
  difference.command_bytes = static_cast<std::uint32_t>(commands.size());
  difference.bytes.assign(commands.begin(), commands.end());
  wire::ChunkRecord record;
  record.content_size = record.carried_size = 300;
  static const Bytes old(1000, 'x');
  const auto read = [](std::uint64_t offset, MutableByteView into) -> Result<void> {
    require(!into.empty() && into.size() <= 300);
    if (offset > old.size() || into.size() > old.size() - offset) return Error(Errc::changed, "shorter");
    std::copy_n(old.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  };
  for (const auto codec : {message::DifferenceCodec::raw, message::DifferenceCodec::in_context}) {
    difference.codec = codec;
    const auto made = pipeline::apply_difference(difference, record, read, pool);
    require(!made || digest::blake3(made->view()) == record.content);
  }
  // Steps and literals as they are, where the first byte says how many of them are steps.
  difference.command_bytes = commands.front();
  (void)pipeline::apply_difference(difference, record, read, pool).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  read_delta(bytes, bytes.size() + 1);
  read_delta(bytes, 1 + data[0]);
  make_chunk(bytes);
  if (const auto header = parse_delta_header(bytes))
    require(std::ranges::equal(encode_delta_header(*header), bytes.first(kDeltaHeader)));
  const auto basis = parse_compact_header(bytes);
  if (basis && *basis)
    require(std::ranges::equal(encode_compact_header(**basis), bytes.first(kCompactHeader)));
  const std::size_t cut = bytes.size() * data[0] / 256;
  search(bytes.first(cut), bytes.subspan(cut));
  return 0;
}
