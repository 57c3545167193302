#include "pipeline/context_difference.hpp"

#include <cstring>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "compress/reference_codec.hpp"
#include "wire/frame.hpp"

namespace dcdn::pipeline {

namespace {

// Level of `auto`: differences are short, so it costs a few milliseconds for each chunk and saves a seventh
// more than level 3.
constexpr int kContextLevel = 6;
constexpr std::uint64_t kMostOffset = std::uint64_t{1} << 62;

// Signed numbers as unsigned ones, small for small distances in either direction.
std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1 ^ (difference >> 63 != 0 ? ~std::uint64_t{0} : 0);
}
std::uint64_t unzigzag(std::uint64_t number) {
  return number >> 1 ^ ((number & 1) != 0 ? ~std::uint64_t{0} : 0);
}

/// Literal bytes, then bytes copied from the older file. Where the copy begins is told by its distance from
/// where it would begin if the literal had replaced as many bytes.
class StepWriter {
 public:
  StepWriter(ByteView content, Bytes& steps, Bytes& past) : content_(content), out_(steps), past_(past) {}

  void literal(std::size_t bytes) {
    literal_ += bytes;
    at_ += bytes;
  }
  void copy(const delta::CopyStep& step) {
    expected_ += literal_;
    out_.varint(literal_);
    out_.varint(step.size);
    out_.varint(zigzag(step.offset - expected_));
    expected_ = step.offset + step.size;
    literal_ = 0;
    const ByteView copied = content_.subspan(at_, static_cast<std::size_t>(step.size));
    past_.insert(past_.end(), copied.begin(), copied.end());
    at_ += copied.size();
  }
  void end() {
    if (literal_ == 0) return;
    out_.varint(literal_);
    out_.varint(0);
  }

 private:
  ByteView content_;
  ByteWriter out_;
  Bytes& past_;
  std::size_t at_ = 0;  // in content
  std::uint64_t literal_ = 0;
  std::uint64_t expected_ = 0;  // in the older file
};

struct Parts {
  Bytes steps;
  Bytes literals;
  Bytes past;  // what is copied, in the order of the content
};

Result<Parts> parts_of(const Bytes& commands, ByteView content) {
  Parts parts;
  StepWriter writer(content, parts.steps, parts.past);
  delta::DeltaReader reader;
  DCDN_TRY(const auto first, reader.next());
  (void)first;  // it has nothing yet, so it asks for more
  reader.push(commands);
  reader.finish();
  for (;;) {
    DCDN_TRY(const auto step, reader.next());
    if (const auto* copy = std::get_if<delta::CopyStep>(&step)) {
      writer.copy(*copy);
    } else if (const auto* literal = std::get_if<delta::LiteralStep>(&step)) {
      writer.literal(literal->bytes.size());
      parts.literals.insert(parts.literals.end(), literal->bytes.begin(), literal->bytes.end());
    } else {
      writer.end();
      return parts;
    }
  }
}

/// Literals that will not shrink on their own are not tried: what is compressed or encrypted already stays
/// so.
std::optional<Buffer> packed_literals(const Parts& parts, compress::CompressChoice choice, BufferPool& pool) {
  const bool chosen = choice.mode == compress::CompressMode::zstd;
  if (!chosen && compress_chunk(parts.literals, choice, pool).codec == compress::Codec::raw)
    return std::nullopt;
  return compress::compress_against(parts.past, parts.literals, chosen ? choice.level : kContextLevel,
                                    parts.literals.size() - 1);
}

Error wrong_steps() {
  return {Errc::corrupt, "a difference makes another length than its chunk's"};
}

/// Calls literal(place, size) and copy(place, size, offset in the older file) for each step, places in the
/// content, which they fill exactly.
template <class Literal, class Copy>
Result<void> for_each_step(ByteView steps, std::size_t content_size, const Literal& literal,
                           const Copy& copy) {
  ByteReader in(steps);
  std::size_t at = 0;
  std::uint64_t expected = 0;
  while (in.left() > 0) {
    const std::uint64_t literal_bytes = in.varint();
    const std::uint64_t copy_bytes = in.varint();
    const std::uint64_t left = content_size - at;
    if (!in.ok() || literal_bytes > left || copy_bytes > left - literal_bytes) return wrong_steps();
    if (literal_bytes == 0 && copy_bytes == 0) return wrong_steps();
    if (literal_bytes > 0) literal(at, static_cast<std::size_t>(literal_bytes));
    at += static_cast<std::size_t>(literal_bytes);
    if (copy_bytes == 0) continue;
    const std::uint64_t offset = expected + literal_bytes + unzigzag(in.varint());
    if (!in.ok() || offset > kMostOffset) return wrong_steps();
    DCDN_CHECK(copy(at, static_cast<std::size_t>(copy_bytes), offset));
    at += static_cast<std::size_t>(copy_bytes);
    expected = offset + copy_bytes;
  }
  return at == content_size ? Result<void>() : Result<void>(wrong_steps());
}

Result<Buffer> unpacked(ByteView packed, std::size_t size, BufferPool& pool) {
  return compress::decompress_chunk(packed.size() == size ? compress::Codec::raw : compress::Codec::zstd,
                                    packed, size, pool);
}

}  // namespace

std::optional<message::Difference> pack_in_context(const Bytes& commands, ByteView content,
                                                   compress::CompressChoice choice, BufferPool& pool) {
  if (choice.mode == compress::CompressMode::none || choice.mode == compress::CompressMode::lz4)
    return std::nullopt;
  const auto parts = parts_of(commands, content);
  if (!parts) return std::nullopt;
  const compress::Compressed steps =
      compress::compress_chunk(parts->steps, {compress::CompressMode::zstd, choice.level}, pool);
  message::Difference difference;
  difference.codec = message::DifferenceCodec::in_context;
  difference.command_bytes = static_cast<std::uint32_t>(parts->steps.size());
  ByteWriter out(difference.bytes);
  out.prefixed(steps.codec == compress::Codec::raw ? ByteView(parts->steps) : steps.bytes.view());
  if (!parts->literals.empty()) {
    const auto literals = packed_literals(*parts, choice, pool);
    out.raw(literals ? literals->view() : ByteView(parts->literals));
  }
  if (difference.bytes.size() > wire::kMaxChunkContent) return std::nullopt;
  return difference;
}

Result<Buffer> apply_in_context(const message::Difference& difference, const wire::ChunkRecord& record,
                                const ReadBasis& read, BufferPool& pool) {
  ByteReader in(difference.bytes);
  const ByteView packed_steps = in.prefixed(difference.command_bytes);
  if (!in.ok()) return Error(Errc::corrupt, "a difference is cut off");
  const ByteView packed = in.raw(in.left());
  DCDN_TRY(const Buffer steps, unpacked(packed_steps, difference.command_bytes, pool));
  Buffer content = pool.take(record.content_size);
  const MutableByteView into = content.writable();
  Bytes past;
  std::size_t literal_bytes = 0;
  const auto copy = [&](std::size_t at, std::size_t size, std::uint64_t offset) -> Result<void> {
    const MutableByteView place = into.subspan(at, size);
    DCDN_CHECK(read(offset, place));
    past.insert(past.end(), place.begin(), place.end());
    return {};
  };
  const auto count = [&](std::size_t, std::size_t size) { literal_bytes += size; };
  DCDN_CHECK(for_each_step(steps.view(), into.size(), count, copy));
  Bytes literals(packed.begin(), packed.end());
  if (packed.size() != literal_bytes) {
    literals.resize(literal_bytes);
    DCDN_CHECK(compress::decompress_against(past, packed, literals));
  }
  std::size_t used = 0;
  const auto put = [&](std::size_t at, std::size_t size) {
    std::memcpy(into.data() + at, literals.data() + used, size);
    used += size;
  };
  const auto passed = [](std::size_t, std::size_t, std::uint64_t) { return Result<void>(); };
  DCDN_CHECK(for_each_step(steps.view(), into.size(), put, passed));
  return content;
}

}  // namespace dcdn::pipeline
