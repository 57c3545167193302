// dcdn/delta.hpp - differences between files: signatures, deltas and patches as rdiff writes and reads them.
//
// Spec     dcdn-delta(1), dcdn-format(5) DELTA
// Threads  calls share nothing; each uses as many threads as told
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "dcdn/home.hpp"
#include "dcdn/progress.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// What all calls need. A path "-" is standard input or standard output. An output file gets its name when
/// it is whole; a failed call leaves none.
struct DeltaCommon {
  std::string output = "-";
  bool overwrite = false;  ///< an output file that is there is replaced; else error exists
  unsigned threads = 0;    ///< 0: as many as there are cores
  int interrupt_fd = -1;   ///< becomes readable on INT/TERM/HUP
  ProgressSink* progress = nullptr;
};

enum class WeakHash { rabin_karp, rollsum };
enum class StrongHash { blake2, md4 };

struct SignatureOptions {
  DeltaCommon common;
  std::string old_file = "-";
  WeakHash weak = WeakHash::rabin_karp;
  StrongHash strong = StrongHash::blake2;
  std::optional<std::uint32_t> block_bytes;   ///< unset: by the size of the file
  std::optional<std::uint32_t> strong_bytes;  ///< 1..32 (md4: 16); unset: 16, compact: by the size
  bool compact = false;                       ///< ours, with the digest of the old file, not rdiff's
};
struct SignatureReport {
  std::uint64_t old_bytes = 0;
  std::uint64_t signature_bytes = 0;
  std::uint64_t blocks = 0;
  std::uint32_t block_bytes = 0;
  std::uint32_t strong_bytes = 0;
  double seconds = 0;
};
/// error usage: sizes out of range, or compact and the size of the old file cannot be known.
DCDN_API Result<SignatureReport> write_signature(const SignatureOptions& options);

struct DeltaOptions {
  DeltaCommon common;
  std::string signature = "-";  ///< rdiff's or compact
  std::string new_file = "-";   ///< not both "-"
  bool trailer =
      true;  ///< after the last command, where rdiff does not read: size and digest of the new file
};
struct DeltaReport {
  std::uint64_t new_bytes = 0;
  std::uint64_t delta_bytes = 0;
  std::uint64_t signature_bytes = 0;
  std::uint64_t copies = 0, copied_bytes = 0;  ///< commands, and what they stand for
  std::uint64_t literals = 0, literal_bytes = 0;
  std::string target;  ///< BLAKE3 of the new file, 64 hexadecimal digits
  double seconds = 0;
};
/// error corrupt: not a signature.
DCDN_API Result<DeltaReport> write_delta(const DeltaOptions& options);

struct PatchOptions {
  DeltaCommon common;
  std::string old_file;
  std::string delta = "-";
  std::string
      expect;  ///< BLAKE3 of the result, 64 hexadecimal digits; empty: what the delta says, if it does
};
struct PatchReport {
  std::uint64_t new_bytes = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t literal_bytes = 0;
  std::string target;    ///< BLAKE3 of the result
  bool checked = false;  ///< against `expect` or what the delta says
  double seconds = 0;
};
/// The result goes to a file beside its name or, for standard output, to a temporary file, and from there
/// once it is right. error corrupt: not a delta, or the old file is not the one it was made for; incomplete:
/// the delta was cut off.
DCDN_API Result<PatchReport> apply_delta(const PatchOptions& options);

enum class DeltaMethod { automatic, reference, blocks };

struct MakeOptions {
  DeltaCommon common;
  std::string old_file;   ///< the old file itself, or
  std::string signature;  ///< its compact signature; one of the two
  std::string new_file = "-";
  DeltaMethod method = DeltaMethod::automatic;  ///< automatic: the smaller one of the two that can be made
  int level = 3;                                ///< of zstd, 1..19
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
/// error usage: a signature that does not say which file it was made from, or files too long for `reference`.
DCDN_API Result<MakeReport> make_delta_stream(const MakeOptions& options);

struct ApplyOptions {
  DeltaCommon common;
  std::string old_file;
  std::string stream = "-";  ///< the chunk stream, or the file that it unpacks to
  Home home;                 ///< of the user, for the reader of chunk streams
};
/// As apply_delta, but the old file is checked before anything is made. error corrupt: it is not the one that
/// the delta was made for.
DCDN_API Result<PatchReport> apply_delta_stream(const ApplyOptions& options);

/// A file that many want to have in place of an older one is fetched by ranges: `signature` is its compact
/// signature, published beside it.
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
/// The ranges that the old file lacks, "FIRST-LAST" on a line each, ascending. error usage: not a compact
/// signature; corrupt.
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
/// The bytes of those ranges, one after another. error corrupt: not ranges, or beyond the end of the file.
DCDN_API Result<CutReport> write_cut(const CutOptions& options);

struct AssembleOptions {
  DeltaCommon common;
  std::string old_file;  ///< as it was for write_needs()
  std::string signature;
  std::string fetched = "-";  ///< the bytes of the needed ranges, one after another
};
/// The new file, checked against the digest in the signature before it appears. error incomplete: too few
/// bytes; corrupt: too many, or wrong ones.
DCDN_API Result<PatchReport> assemble(const AssembleOptions& options);

}  // namespace dcdn
