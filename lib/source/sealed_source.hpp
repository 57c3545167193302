// sealed_source.hpp - what an encrypted object is made of: bytes as they come, or an object packed into a
// chunk stream of its own, so that its names, times and digests are inside.
#pragma once
#include "source/object_packer.hpp"
#include "source/sealed_pipe.hpp"

namespace dcdn::source {

/// What is read from `fd`, after `head`. Silent for `flush_after`, what is there can be opened already; 0:
/// it waits for more. `input_end`, if not empty, says whether that was all of it.
Result<std::unique_ptr<SealedPipe>> seal_input(pipeline::ContentSealer sealer, int fd, Buffer head,
                                               std::chrono::milliseconds flush_after,
                                               InputEnd input_end = {});

/// The object that `inner` asks for. `workers` and `pool` outlive the pipe.
Result<std::unique_ptr<SealedPipe>> seal_object(pipeline::ContentSealer sealer, PackRequest inner,
                                                work::WorkerPool& workers, BufferPool& pool);

/// A name for an encrypted object, always the same for a secret: "encrypted-" and 16 hexadecimal digits.
Result<std::string> sealed_name(const sign::Secret& secret);

/// How to pack what `pipe` gives: a stream without repeats or anything to compress. `pipe` outlives it.
PackRequest pack_sealed(SealedPipe& pipe, const std::string& name);

}  // namespace dcdn::source
