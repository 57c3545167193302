#include "pipeline/chunk_packer.hpp"

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "wire/frame.hpp"

namespace dcdn::pipeline {

namespace {

constexpr std::size_t kDigestBytes = 32;

static_assert(static_cast<int>(wire::CodecId::raw) == static_cast<int>(compress::Codec::raw));
static_assert(static_cast<int>(wire::CodecId::zstd) == static_cast<int>(compress::Codec::zstd));
static_assert(static_cast<int>(wire::CodecId::lz4) == static_cast<int>(compress::Codec::lz4));
static_assert(static_cast<int>(wire::CodecId::zstd_after) == static_cast<int>(compress::Codec::zstd_after));

/// The start of a content digest, enough to find the chunk in a listing of the manifest: "chunk
/// 0123456789abcdef".
std::string label(const wire::ChunkRecord& record) {
  return "chunk " + to_hex(record.content.view().first(8));
}

Error wrong(const wire::ChunkRecord& record, const char* what) {
  return Error(Errc::corrupt, what).during(label(record));
}

compress::Compressed compress_after(std::span<const Buffer> past, const Buffer& content,
                                    compress::CompressChoice choice, BufferPool& pool, compress::Content of) {
  if (past.empty()) return compress::compress_chunk(content.view(), choice, pool, of);
  // In one piece of memory, which zstd looks through faster than two.
  std::vector<Buffer> all(past.begin(), past.end());
  all.push_back(content);
  const Buffer both = joined(all, pool);
  const std::size_t past_bytes = both.size() - content.size();
  return compress::compress_chunk(both.view().subspan(past_bytes), choice, pool, of,
                                  both.view().first(past_bytes));
}

}  // namespace

std::size_t past_chunks(std::span<const std::uint32_t> sizes, std::uint32_t past_bytes) {
  std::size_t chunks = 0;
  std::size_t bytes = 0;
  const std::size_t worth = compress::kMostPastToContent * sizes.back();
  for (std::size_t i = sizes.size() - 1; i-- > 0 && chunks < wire::kMaxPast; ++chunks) {
    bytes += sizes[i];
    if (bytes > past_bytes || (chunks > 0 && bytes > worth)) break;
    if (bytes + sizes.back() > wire::kMaxPastBytes) break;
  }
  return chunks;
}

PackedChunk pack_chunk(Buffer content, compress::CompressChoice choice, BufferPool& pool,
                       compress::Content of, std::span<const Buffer> past) {
  PackedChunk packed;
  packed.record.content_size = static_cast<std::uint32_t>(content.size());
  if (of == compress::Content::one_file && digest::is_all_zero(content.view())) {
    packed.hole = true;
    return packed;
  }
  packed.record.content = digest::blake3(content.view());
  compress::Compressed compressed = compress_after(past, content, choice, pool, of);
  packed.record.codec = static_cast<wire::CodecId>(compressed.codec);
  if (compressed.codec == compress::Codec::zstd_after)
    packed.record.past = static_cast<std::uint8_t>(past.size());
  if (compressed.codec == compress::Codec::raw) {
    packed.carried = std::move(content);
    packed.record.carried = packed.record.content;
  } else {
    packed.carried = std::move(compressed.bytes);
    packed.record.carried = digest::blake3(packed.carried.view());
  }
  packed.record.carried_size = static_cast<std::uint32_t>(packed.carried.size());
  return packed;
}

Result<void> check_carried(const wire::ChunkRecord& record, const Buffer& carried) {
  if (record.content_size == 0 || record.content_size > wire::kMaxChunkContent)
    return wrong(record, "content size is out of range");
  if (carried.size() != record.carried_size) return wrong(record, "carried size is wrong");
  if (digest::blake3(carried.view()) != record.carried) return wrong(record, "carried digest is wrong");
  if (record.codec != wire::CodecId::raw) return {};
  if (record.content_size != record.carried_size) return wrong(record, "content size is wrong");
  if (record.content != record.carried) return wrong(record, "content digest is wrong");
  return {};
}

Result<Buffer> unpack_chunk(const wire::ChunkRecord& record, const Buffer& carried, BufferPool& pool,
                            ByteView past) {
  // First: nothing whose digest is not in a manifest reaches a decompressor.
  DCDN_CHECK(check_carried(record, carried));
  return unpack_checked(record, carried, pool, past);
}

Result<Buffer> unpack_checked(const wire::ChunkRecord& record, const Buffer& carried, BufferPool& pool,
                              ByteView past) {
  if (record.codec == wire::CodecId::raw) return carried;
  const auto codec = static_cast<compress::Codec>(record.codec);
  auto content = compress::decompress_chunk(codec, carried.view(), record.content_size, pool, past);
  if (!content) return content.error().during(label(record));
  if (digest::blake3(content->view()) != record.content) return wrong(record, "content digest is wrong");
  return content;
}

Buffer chunk_frame_prefix(const wire::ChunkRecord& record, const Buffer& carried) {
  const auto header = wire::frame_header(wire::FrameType::chunk, {record.carried.view(), carried.view()});
  Buffer prefix = Buffer::allocate(header.size() + kDigestBytes);
  std::memcpy(prefix.writable().data(), header.data(), header.size());
  std::memcpy(prefix.writable().data() + header.size(), record.carried.view().data(), kDigestBytes);
  return prefix;
}

Result<ChunkFrame> parse_chunk_frame(const Buffer& body) {
  if (body.size() <= kDigestBytes) return Error(Errc::corrupt, "chunk frame carries no bytes");
  if (body.size() > kDigestBytes + wire::kMaxChunkContent)
    return Error(Errc::corrupt, "chunk frame is longer than any chunk");
  return ChunkFrame{Digest::copy_of(body.view()), body.part(kDigestBytes, body.size() - kDigestBytes)};
}

}  // namespace dcdn::pipeline
