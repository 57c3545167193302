// chunk_packer.hpp - content to carried chunk and back. Pure; safe from several threads at once.
#pragma once
#include <span>

#include "base/buffer.hpp"
#include "compress/codec.hpp"
#include "wire/manifest.hpp"

namespace dcdn::pipeline {

struct PackedChunk {
  wire::ChunkRecord record;
  Buffer carried;     ///< what travels; shares memory with the content when raw
  bool hole = false;  ///< all zero: becomes a HoleRecord of record.content_size, nothing is carried
};
/// What is of several files is no hole, even if it is all zero: a hole is of one. `past`: content of the
/// chunks directly before it, that it may be compressed after.
PackedChunk pack_chunk(Buffer content, compress::CompressChoice choice, BufferPool& pool,
                       compress::Content of = compress::Content::one_file, std::span<const Buffer> past = {});

/// How many of the chunks before one it is to be compressed after. `sizes`: of content, the last is its own.
std::size_t past_chunks(std::span<const std::uint32_t> sizes, std::uint32_t past_bytes);

/// As far as that can be told without unpacking: carried size and carried digest, and for a raw chunk its
/// content. error corrupt: names which of them is wrong.
Result<void> check_carried(const wire::ChunkRecord& record, const Buffer& carried);

/// The content again, after checking carried size, carried digest, and content digest. `past`: the content of
/// record.past chunks, if it needs it. error corrupt: names which of them is wrong.
Result<Buffer> unpack_chunk(const wire::ChunkRecord& record, const Buffer& carried, BufferPool& pool,
                            ByteView past = {});

/// The same of what check_carried() let pass.
Result<Buffer> unpack_checked(const wire::ChunkRecord& record, const Buffer& carried, BufferPool& pool,
                              ByteView past = {});

/// Header of a chunk frame followed by the carried digest: what precedes the carried bytes on the wire.
Buffer chunk_frame_prefix(const wire::ChunkRecord& record, const Buffer& carried);
/// Body of a chunk frame: digest and carried bytes (a view of the body). error corrupt: shorter than a
/// digest, empty.
struct ChunkFrame {
  Digest carried_digest;
  Buffer carried;
};
Result<ChunkFrame> parse_chunk_frame(const Buffer& body);

}  // namespace dcdn::pipeline
