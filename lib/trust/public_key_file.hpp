// public_key_file.hpp - public keys as the files of minisign, signify and OpenSSL (dcdn-sign(1), OTHER
// PROGRAMS).
#pragma once
#include <string>
#include <string_view>

#include "dcdn/bytes.hpp"
#include "dcdn/sign.hpp"

namespace dcdn::trust {

inline constexpr std::size_t kMaxForeignText = 16u << 10;

/// The public key as a file of that program.
std::string public_key_text(const NodeId& key, SignatureFormat format);
/// Such a file, or a node id. error corrupt: none of these; unsupported: of another algorithm.
Result<NodeId> parse_public_key(std::string_view text);
/// The same from a file. error as that, with the path; io, not_found, permission.
Result<NodeId> read_public_key(const std::string& path);

// What the text of their signatures shares with that of their keys.
inline constexpr std::string_view kUntrusted = "untrusted comment: ";
inline constexpr std::string_view kPure = "Ed";
inline constexpr std::size_t kNumberBytes = 8;
/// `rest` behind the algorithm and the eight bytes that name the key, in base64.
std::string key_blob(std::string_view algorithm, const NodeId& key, ByteView rest);
/// The first line of `text`, which then begins behind it.
std::string_view take_line(std::string_view& text);

}  // namespace dcdn::trust
