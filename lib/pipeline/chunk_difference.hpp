// chunk_difference.hpp - chunks as differences to an older file at the receiver, and back. Pure.
//
// Spec     dcdn-session(5), DIFFERENCES
// Path     send step 3, after compression: what is smaller travels; receive step 3
// Threads  any; `run` brings the others
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "base/buffer.hpp"
#include "compress/codec.hpp"
#include "delta/delta_search.hpp"
#include "message/difference_message.hpp"

namespace dcdn::pipeline {

/// Commands in rdiff's format for each of several chunks whose contents follow each other in a file: it is
/// searched as one, so that a block across the border of two chunks is found. Memory: the contents once more,
/// and the commands twice.
Result<std::vector<Bytes>> difference_commands(const delta::SignatureTable& basis,
                                               std::span<const Buffer> contents, const delta::RunTasks& run);

/// Compresses `commands` if that pays. The caller fills in what names the chunk.
message::Difference pack_commands(const Bytes& commands, compress::CompressChoice choice, BufferPool& pool);

/// Fills a piece from an offset of the older file. error: it is shorter now, or cannot be read.
using ReadBasis = std::function<Result<void>(std::uint64_t offset, MutableByteView into)>;
/// The content of `record`'s chunk, checked against its digest. error corrupt: not a difference, or one that
/// makes something else, as when the older file has changed; what `read` says.
Result<Buffer> apply_difference(const message::Difference& difference, const wire::ChunkRecord& record,
                                const ReadBasis& read, BufferPool& pool);

}  // namespace dcdn::pipeline
