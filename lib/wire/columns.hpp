// columns.hpp - which columns the records of a segment have, for their writer and their parser.
#pragma once
#include <cstddef>
#include <cstdint>

namespace dcdn::wire {

// In the order in which they are written, after the two counts.
enum Column : std::size_t {
  kKinds,
  kShared,
  kRests,
  kModes,
  kSeconds,
  kNanoseconds,
  kSizes,
  kBacks,
  kTargets,
  kReasons,
  kItems,
  kHoles,
  kCodecs,
  kPasts,
  kCarriedSizes,
  kDigests,
  kEndSizes,
  kEndDigests,
  kExtras,
  kColumns
};
// Beside the values of EntryKind.
inline constexpr std::uint8_t kLeftOutKind = 4;
enum Item : std::uint64_t { kHoleItem = 0, kEndItem = 1, kGivenUpItem = 2 };
inline constexpr std::uint64_t kChunkItem = 2;  // plus its content size
inline constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace dcdn::wire
