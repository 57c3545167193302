// dcdn/fec.hpp - parity at rest: chunk streams with repair shards, from which lost frames can be made again.
//
// Path     beside the way of a chunk: a stream at rest gets shards, and is repaired before it is unpacked
// Spec     dcdn-fec(1), dcdn-format(5) "REPAIR"; the words of RFC 5052 and RFC 6363
// Source   systematic Reed-Solomon over GF(2^8) with a Cauchy matrix (Bloemer et al. 1995), by ISA-L; other
//          codes by liberasurecode
// Threads  calls share nothing; each starts its own workers, joins them, and blocks until it is done
// Memory   encoding holds k x interleave symbols and their parity; reading hold_bytes
//
// Ten of sixty frames may be lost, whichever they are:
//
//   dcdn::FecEncodeOptions options;             // 50 + 10, standard input to standard output
//   auto report = dcdn::fec_encode(options);
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/result.hpp"

namespace dcdn {

/// Shape of the parity. k + m at most 255, 32 for a codec that is not isa-l. A burst of about m x interleave
/// lost frames is survived.
struct FecGeometry {
  unsigned sources = 50;        ///< k, source symbols of a block
  unsigned repairs = 10;        ///< m, repair symbols of a block
  unsigned interleave = 4;      ///< blocks that share a run of frames, 1 .. 256
  std::string codec = "isa-l";  ///< or "liberasurecode:BACKEND"
};

/// What an encoding should stand, instead of numbers.
struct FecGoals {
  std::string policy;   ///< "latency:MS,loss:P" or "adaptive": k and m; empty: as given
  std::string survive;  ///< "20%": m with which a block fails with odds below 1e-6 at this random loss
  std::optional<std::uint64_t> burst;  ///< symbols lost in a row: interleave
};
struct FecPlan {
  FecGeometry geometry;
  /// 0 .. 1: highest random loss with which a block fails with odds below 1e-6.
  double survivable_loss = 0;
  /// Symbols of a block that may be lost, whichever they are: m, less for flat_xor_hd.
  unsigned tolerance = 0;
};
/// The geometry that reaches the goals, starting from `given`. Pure, but that it asks for the codec.
///
/// error usage        a goal is malformed or out of reach, or the codec has no such shape
/// error unsupported  this machine lacks the codec (the hint names its package)
DCDN_API Result<FecPlan> plan_fec(const FecGeometry& given, const FecGoals& goals);

/// automatic: a chunk stream is known by its first four bytes; anything else is raw.
enum class FecInput { automatic, raw, stream };

struct FecEncodeOptions {
  FecGeometry geometry;
  FecInput input = FecInput::automatic;
  /// Raw input; unset: 256 KiB, less if the input is shorter than k chunks.
  std::optional<std::uint32_t> chunk_bytes;
  unsigned threads = 0;                       ///< 0: as many as there are cores
  int input_fd = 0;                           ///< stays the caller's
  std::string input_name = "standard input";  ///< for messages
  int output_fd = 1;                          ///< stays the caller's
};
struct FecEncodeReport {
  bool raw = false;
  std::uint64_t frames = 0;  ///< source frames
  std::uint64_t groups = 0;
  std::uint64_t blocks = 0;
  std::uint64_t symbols = 0;
  std::uint64_t shards = 0;
  std::uint64_t source_bytes = 0;  ///< source frames as written
  std::uint64_t bytes = 0;         ///< written
};
/// Bytes or a chunk stream in; the chunk stream (of the bytes) with repair shards out, as it flows.
///
/// memory  k x interleave symbols and their parity
/// cost    k x m multiplications in GF(2^8) for each byte of a symbol, on all cores
/// error usage        geometry
/// error unsupported  the codec is not on this machine
/// error limit        this machine cannot hold so many symbols (as far as it can be known: before anything is
///                    written)
/// error corrupt      a damaged chunk stream: repair it before it is coded again
/// error nothing      a chunk stream of no frames
/// error limit        shards longer than frames may be
/// error closed_pipe, io, no_space
DCDN_API Result<FecEncodeReport> fec_encode(const FecEncodeOptions& options);

struct FecReadOptions {
  std::vector<std::string> paths;         ///< read in turn, a piece of each; empty: input_fd
  int input_fd = 0;                       ///< stays the caller's
  int output_fd = 1;                      ///< stays the caller's
  std::uint64_t hold_bytes = 256u << 20;  ///< what may wait for what it belongs to
  unsigned threads = 0;                   ///< 0: as many as there are cores
  /// An input that is left out, or cannot be read further. On the calling thread. May be empty.
  std::function<void(const std::string&)> on_note;
};
struct FecReadReport {
  bool raw = false;
  std::uint64_t encodings = 0;
  std::uint64_t groups = 0;
  std::uint64_t blocks = 0;
  std::uint64_t recovered_symbols = 0;  ///< source symbols that had to be computed
  std::uint64_t recovered_bytes = 0;    ///< what was in them
  std::uint64_t late_symbols = 0;       ///< of these, came afterwards: out of order, not lost
  std::uint64_t damaged_bytes = 0;      ///< of the input that belong to no intact frame
  std::uint64_t bad_frames = 0;         ///< frames and shards that are not what their digest says
  std::uint64_t unclaimed_frames = 0;   ///< in no block: left out
  std::uint64_t unreadable_bytes = 0;   ///< which the system could not read
  std::uint64_t missing_inputs = 0;     ///< of several paths, those that could not be opened
  std::uint64_t bytes = 0;              ///< written
};
/// What was encoded, from what is left of it, in any order: the bytes, or the chunk stream, as they were.
/// What cannot be read (bad sectors) is skipped and counts as lost, as does one of several paths.
///
/// memory  hold_bytes
/// error usage        more than one encoding of bytes in it: told before anything is written where the inputs
///                    are files
/// error limit        more inputs than may be open at once, or more waits than hold_bytes
/// error corrupt      there is no repair shard in it
/// error incomplete   something cannot be recovered (what was written is a verified beginning)
/// error unsupported  something is lost, and its code is not on this machine
/// error not_found, permission, io, closed_pipe, no_space
DCDN_API Result<FecReadReport> fec_decode(const FecReadOptions& options);

/// The encoded stream again, whole, as the encoder wrote it. error as fec_decode.
DCDN_API Result<FecReadReport> fec_repair(const FecReadOptions& options);

struct FecSplitOptions {
  FecReadOptions read;
  std::vector<std::string> outputs;  ///< files, or folders in which part.dcs is made
  unsigned lose = 1;                 ///< how many outputs may be lost, whichever they are
  bool overwrite = false;            ///< outputs that are there are replaced; else error exists
  // Both are called on a thread of the library, and may be empty.
  std::function<void(const std::string&)> on_promise;  ///< what will hold, before anything is written
  std::function<void(const std::string& path, std::uint64_t bytes)> on_written;
};
/// The encoded stream, repaired, spread over outputs. They get their names when all are complete and on disk.
///
/// error usage   so many outputs cannot be lost with this m (the hint names one that can)
/// error exists  an output is there; those of fec_decode
DCDN_API Result<FecReadReport> fec_split(const FecSplitOptions& options);

/// One run of the encoder, as far as its shards tell.
struct FecEncoding {
  bool raw = false;
  std::string codec;
  bool ended = false;  ///< its last group was seen
  std::uint64_t groups = 0;
  std::uint64_t absent_groups = 0;  ///< of which no shard came
  std::uint64_t blocks = 0;
  unsigned sources = 0;            ///< most of a block
  unsigned repairs = 0;            ///< m
  unsigned interleave = 0;         ///< most blocks of a group
  std::uint64_t symbol_bytes = 0;  ///< longest
  std::uint64_t symbols = 0;
  std::uint64_t lost_symbols = 0;
  std::uint64_t shards = 0;
  std::uint64_t lost_shards = 0;
  std::uint64_t source_bytes = 0;  ///< source frames with headers
};
/// A block of which something is lost.
struct FecBlockState {
  std::uint64_t encoding = 0;  ///< index in FecSurvey::encodings
  std::uint64_t group = 0;
  std::uint64_t block = 0;
  std::uint64_t symbols = 0;  ///< k; 0: nothing of it is known
  std::uint64_t lost_symbols = 0;
  std::uint64_t shards = 0;
  std::uint64_t lost_shards = 0;
  bool recoverable = false;
};
/// What is there and what is lost.
struct FecSurvey {
  std::vector<FecEncoding> encodings;
  std::vector<FecBlockState> damaged;  ///< in order
  std::uint64_t damaged_bytes = 0;     ///< as FecReadReport
  std::uint64_t bad_frames = 0;
  std::uint64_t unclaimed_frames = 0;
  std::uint64_t unreadable_bytes = 0;
  std::uint64_t missing_inputs = 0;
  /// Nothing is lost.
  [[nodiscard]] DCDN_API bool intact() const;
  /// All that is lost can be made again.
  [[nodiscard]] DCDN_API bool recoverable() const;
};
/// Reads it all, writes nothing and keeps no content in memory.
///
/// error corrupt: there is no repair shard in it; not_found, permission, io
DCDN_API Result<FecSurvey> fec_survey(const FecReadOptions& options);

}  // namespace dcdn
