// compact_signature.hpp - what precedes an rdiff signature in the compact form: which file it was made from.
//
// Spec  dcdn-delta(1), FORMAT
#pragma once
#include <optional>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::delta {

/// A file by its content.
struct FileId {
  std::uint64_t bytes = 0;
  Digest digest;  ///< BLAKE3
  bool operator==(const FileId&) const = default;
};

inline constexpr std::size_t kCompactHeader = 17 + 8 + 32;

Bytes encode_compact_header(const FileId& basis);
/// nullopt: these are not the first bytes of a compact signature. error unsupported: of a later version;
/// corrupt: cut off.
Result<std::optional<FileId>> parse_compact_header(ByteView bytes);

}  // namespace dcdn::delta
