// extras.hpp - what an entry has beside content, mode and time, if that was asked for: who owns it, and its
// attributes (dcdn-format(5), EXTRAS).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.hpp"
#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::wire {

inline constexpr std::size_t kMaxExtras = 65536;    ///< of one entry, as encode_extras() writes them
inline constexpr std::size_t kMaxExtraName = 255;   ///< of a user, group or attribute
inline constexpr std::uint32_t kNoId = 0xFFFFFFFF;  ///< chown(2) takes it for "as it is": no owner has it

struct Owner {
  std::uint32_t uid = 0;  ///< any but kNoId
  std::uint32_t gid = 0;
  std::string user;  ///< names on the sender's side; empty: it knows none
  std::string group;
  bool operator==(const Owner&) const = default;
};
/// As of xattr(7). An ACL is one, too: system.posix_acl_access, system.posix_acl_default.
struct Attribute {
  std::string name;
  Bytes value;
  bool operator==(const Attribute&) const = default;
};
struct Extras {
  std::optional<Owner> owner;
  std::vector<Attribute> attributes;  ///< ascending by name, none twice
  bool operator==(const Extras&) const = default;
};

/// Which attributes are sent, or set. common: those that anybody may have (user.*) and ACLs; all: also
/// security.* and trusted.*, which decide what a file may do.
enum class KeptAttributes : std::uint8_t { none, common, all };
bool is_kept(std::string_view attribute, KeptAttributes kept);

/// 1 to kMaxExtraName bytes, no NUL and no '/': what a user, group or attribute may be called.
bool is_extra_name(std::string_view name);

/// Nothing for nothing. The names are such as is_extra_name() lets pass.
Bytes encode_extras(const Extras& extras);
/// error corrupt: not what encode_extras() makes, or more than kMaxExtras; unsupported: a kind of extra that
/// this version does not know.
Result<Extras> parse_extras(ByteView bytes);
/// How many bytes `extras` takes in a column, at most.
std::size_t extras_bytes(const Bytes& extras);

/// The column of extras: each with the distance of its entry from that of the extra before.
class ExtrasColumnWriter {
 public:
  /// `entry`: its number in the segment.
  void write(std::uint64_t entry, const Bytes& extras, Bytes& column);

 private:
  std::uint64_t last_entry_ = 0;
};

/// Checks each as parse_extras() does.
class ExtrasColumnReader {
 public:
  void begin(ByteReader& column) { next(column); }
  /// Of the entry of that number, which is asked for once and in order.
  Result<Bytes> read(std::uint64_t entry, ByteReader& column);
  /// None is left; the column itself is to be looked at, too.
  [[nodiscard]] bool finished() const { return !next_entry_; }

 private:
  void next(ByteReader& column);

  std::optional<std::uint64_t> next_entry_;  // that has an extra
  std::uint64_t last_entry_ = 0;
};

}  // namespace dcdn::wire
