// context_difference.hpp - differences whose literals are compressed with all that is copied in their chunk
// as their past: new lines of a text are like the old ones around them, which the other end has. Pure.
//
// Spec     dcdn-session(5), DIFFERENCES
// Path     send step 3, receive step 3: one of the two ways to write a difference (chunk_difference.hpp has
//          the other)
// Threads  any
#pragma once
#include "pipeline/chunk_difference.hpp"

namespace dcdn::pipeline {

/// The same difference as `commands`, which make `content`. nullopt: `choice` rules zstd out, or it would be
/// longer than a chunk may be. The caller fills in what names the chunk. Memory: content, commands, and
/// zstd's tables for the content.
std::optional<message::Difference> pack_in_context(const Bytes& commands, ByteView content,
                                                   compress::CompressChoice choice, BufferPool& pool);

/// The content of `record`'s chunk; its digest is not checked yet. error corrupt: not a difference in
/// context; what `read` says. Memory: the content, and once more for its literals and what is copied.
Result<Buffer> apply_in_context(const message::Difference& difference, const wire::ChunkRecord& record,
                                const ReadBasis& read, BufferPool& pool);

}  // namespace dcdn::pipeline
