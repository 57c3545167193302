// dcdn/delta.hpp - differences between files: signatures, deltas and patches as rdiff writes and reads them.
//
// Spec     dcdn-delta(1), dcdn-format(5) DELTA
// Source   the rsync algorithm (Tridgell 1999, chapter 3); the file formats of librsync
// Threads  calls share nothing; each uses as many threads as told, and joins them before it returns
// Memory   signatures are held whole (about 20 bytes a block), files never: they are read in pieces or mapped
//
// The other end has OLD and sent its signature; what it gets back is small:
//
//   dcdn::DeltaOptions options;
//   options.signature = "old.sig";
//   options.new_file = "new.db";
//   options.common.output = "new.delta";
//   auto report = dcdn::write_delta(options);
//
// Errors of every call: usage (options that make no sense), not_found, permission, io, no_space, exists
// (DeltaCommon::overwrite), interrupted, closed_pipe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "dcdn/home.hpp"
#include "dcdn/progress.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// What all calls need. A path "-" is standard input or standard output. An output file gets its name when it
/// is whole; a failed call leaves none.
struct DeltaCommon {
  std::string output = "-";
  bool overwrite = false;  ///< an output file that is there is replaced; else error exists
  unsigned threads = 0;    ///< 0: as many as there are cores
  /// -1, or a descriptor that becomes readable when the work should stop (INT, TERM, HUP).
  int interrupt_fd = -1;
  ProgressSink* progress = nullptr;  ///< told on the calling thread; outlives the call; null: nobody
};

/// How blocks are looked for. rabin_karp: rdiff's default since 2.2; rollsum: what older ones read.
enum class WeakHash { rabin_karp, rollsum };
/// How a block that was found is made sure of. md4 is for old readers only: collisions can be made.
enum class StrongHash { blake2, md4 };

struct SignatureOptions {
  DeltaCommon common;
  std::string old_file = "-";
  WeakHash weak = WeakHash::rabin_karp;
  StrongHash strong = StrongHash::blake2;
  std::optional<std::uint32_t> block_bytes;   ///< unset: by the size of the file
  std::optional<std::uint32_t> strong_bytes;  ///< 1..32 (md4: 16); unset: 16, compact: by the size
  /// Ours, smaller and with the digest of the old file, instead of rdiff's.
  bool compact = false;
};
struct SignatureReport {
  std::uint64_t old_bytes = 0;
  std::uint64_t signature_bytes = 0;
  std::uint64_t blocks = 0;
  std::uint32_t block_bytes = 0;
  std::uint32_t strong_bytes = 0;
  double seconds = 0;
};
/// What a file consists of, for somebody who has another version of it.
///
/// cost  reads the file once, on all cores
/// error usage: sizes out of range, or compact and the size of the old file cannot be known
DCDN_API Result<SignatureReport> write_signature(const SignatureOptions& options);

struct DeltaOptions {
  DeltaCommon common;
  std::string signature = "-";  ///< rdiff's or compact
  std::string new_file = "-";   ///< not both "-"
  /// After the last command, where rdiff does not read: size and digest of the new file.
  bool trailer = true;
};
struct DeltaReport {
  std::uint64_t new_bytes = 0;
  std::uint64_t delta_bytes = 0;
  std::uint64_t signature_bytes = 0;
  std::uint64_t copies = 0;         ///< commands that copy from the old file
  std::uint64_t copied_bytes = 0;   ///< what they stand for
  std::uint64_t literals = 0;       ///< commands that bring new bytes
  std::uint64_t literal_bytes = 0;  ///< these
  std::string target;               ///< BLAKE3 of the new file, 64 hexadecimal digits
  double seconds = 0;
};
/// What the holder of the old file needs to make the new one.
///
/// cost  reads the new file once, on all cores; time grows with its length, not with that of the old one
/// error corrupt: not a signature
DCDN_API Result<DeltaReport> write_delta(const DeltaOptions& options);

struct PatchOptions {
  DeltaCommon common;
  std::string old_file;
  std::string delta = "-";
  /// BLAKE3 of the result, 64 hexadecimal digits; empty: what the delta says, if it does.
  std::string expect;
};
struct PatchReport {
  std::uint64_t new_bytes = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t literal_bytes = 0;
  std::string target;    ///< BLAKE3 of the result
  bool checked = false;  ///< against `expect` or what the delta says
  double seconds = 0;
};
/// The new file out of the old one and a delta. The result goes to a file beside its name or, for standard
/// output, to a temporary file, and from there once it is right.
///
/// error corrupt     not a delta, or the old file is not the one it was made for
/// error incomplete  the delta was cut off
DCDN_API Result<PatchReport> apply_delta(const PatchOptions& options);

/// reference: zstd with the old file as its dictionary, for who has both files. blocks: by a signature.
/// automatic: the smaller one of the two that can be made.
enum class DeltaMethod { automatic, reference, blocks };

struct MakeOptions {
  DeltaCommon common;
  std::string old_file;   ///< the old file itself, or
  std::string signature;  ///< its compact signature; one of the two
  std::string new_file = "-";
  DeltaMethod method = DeltaMethod::automatic;
  int level = 3;  ///< of zstd, 1..19
};
struct MakeReport {
  std::uint64_t new_bytes = 0;
  std::uint64_t stream_bytes = 0;  ///< of the chunk stream
  std::string method;              ///< same, reference, blocks
  std::string basis;               ///< BLAKE3 of the old file
  std::string target;              ///< BLAKE3 of the new file
  double seconds = 0;
};
/// A chunk stream with one object, the delta: it can be signed, coded, sent and stored like any other.
///
/// error usage: a signature that does not say which file it was made from, or files too long for `reference`
DCDN_API Result<MakeReport> make_delta_stream(const MakeOptions& options);

struct ApplyOptions {
  DeltaCommon common;
  std::string old_file;
  std::string stream = "-";  ///< the chunk stream, or the file that it unpacks to
  Home home;                 ///< of the user, for the reader of chunk streams
};
/// As apply_delta, but the old file is checked before anything is made.
///
/// error corrupt: it is not the one that the delta was made for, or the stream is damaged
DCDN_API Result<PatchReport> apply_delta_stream(const ApplyOptions& options);

/// A file that many want to have in place of an older one is fetched by ranges, from any server that knows
/// ranges: `signature` is its compact signature, published beside it.
struct NeedsOptions {
  DeltaCommon common;
  std::string old_file;
  std::string signature = "-";
};
struct NeedsReport {
  std::uint64_t new_bytes = 0;
  std::uint64_t needed_bytes = 0;
  std::uint64_t ranges = 0;
  std::uint64_t signature_bytes = 0;
  std::string target;  ///< BLAKE3 of the new file
  double seconds = 0;
};
/// The ranges that the old file lacks, "FIRST-LAST" on a line each, in bytes, both included, ascending.
///
/// cost  reads the old file once
/// error usage: not a compact signature; corrupt
DCDN_API Result<NeedsReport> write_needs(const NeedsOptions& options);

struct CutOptions {
  DeltaCommon common;
  std::string file;
  std::string ranges = "-";  ///< as write_needs() writes them
};
struct CutReport {
  std::uint64_t ranges = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
};
/// The bytes of those ranges, one after another: what a server of ranges would give.
///
/// error corrupt: not ranges, or beyond the end of the file
DCDN_API Result<CutReport> write_cut(const CutOptions& options);

struct AssembleOptions {
  DeltaCommon common;
  std::string old_file;  ///< as it was for write_needs()
  std::string signature;
  std::string fetched = "-";  ///< the bytes of the needed ranges, one after another
};
/// The new file, checked against the digest in the signature before it appears.
///
/// error incomplete: too few bytes; corrupt: too many, or wrong ones
DCDN_API Result<PatchReport> assemble(const AssembleOptions& options);

}  // namespace dcdn
