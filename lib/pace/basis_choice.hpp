// basis_choice.hpp - chunks compared, differences to an older file, or the whole: which costs a transfer
// least.
//
// Everything is counted in bytes of the link: those that travel, and those that could have travelled while
// somebody waits. How much of an older file has survived nobody knows beforehand; we count on half.
//
// Path     receive: before the answer to an offer, and before the want of a segment
// Threads  pure
#pragma once
#include <chrono>
#include <cstdint>

namespace dcdn::pace {

/// A link as far as a receiver knows it before anything has come.
struct LinkGuess {
  std::chrono::microseconds rtt{};
  double bytes_per_s = 125'000;  ///< 1 Mbit/s: the slowest link that is meant to work; a guess too low asks
                                 ///< too often, which costs a fast link one round trip
};

/// Whether the sender should wait for our want, so that it leaves out chunks that the older file has: one
/// round trip (75 kB at 600 ms) and a few messages, for half of the content. `content_bytes`: of the object,
/// or of the older file when nobody knows.
bool worth_asking(std::uint64_t content_bytes, const LinkGuess& link);

/// What is known of one file when its next chunks are to be asked for.
struct SignatureQuestion {
  std::uint64_t seen_bytes = 0;       ///< content of the chunks that came by so far
  std::uint64_t missing_bytes = 0;    ///< of those, in chunks that the older file does not have
  std::uint64_t file_bytes = 0;       ///< of the whole file, at least seen_bytes
  std::uint64_t signature_bytes = 0;  ///< of the older file
};
/// Whether a signature pays before the want: it travels ahead of it, so it costs bytes and no round trip. The
/// rest of the file is expected to miss what the part that was seen did, and half of that to be copied.
bool worth_a_signature(const SignatureQuestion& question);

}  // namespace dcdn::pace
