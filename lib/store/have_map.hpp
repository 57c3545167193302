// have_map.hpp - have.map: which chunks of a chain are here, a byte each, in the order of the chunk records.
#pragma once
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::store {

/// in_place: not in the staging folder, but under the final name, where a file has it already.
enum class Have : std::uint8_t { missing = 0, written = 1, synced = 2, in_place = 3 };

class HaveMap {
 public:
  /// Opens or makes have.map in `slot`; bytes that mean nothing are `missing`.
  static Result<HaveMap> open(int slot, std::string what);

  /// `missing` beyond the end.
  [[nodiscard]] Have get(std::uint64_t chunk) const;
  [[nodiscard]] bool has(std::uint64_t chunk) const { return get(chunk) != Have::missing; }
  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }
  /// Longer: with missing chunks.
  Result<void> resize(std::uint64_t chunks);
  /// On error nothing is set.
  Result<void> set(std::uint64_t first, std::uint64_t count, Have value);
  Result<void> sync() const;

 private:
  UniqueFd fd_;
  std::string what_;
  Bytes bytes_;
};

}  // namespace dcdn::store
