// left_out.hpp - what an object's sender left out of it: how much, and as much of it by name as one reads.
#pragma once
#include <vector>

#include "dcdn/error.hpp"
#include "wire/manifest.hpp"

namespace dcdn::wire {

struct LeftOutList {
  static constexpr std::size_t kMostNamed = 1000;
  static constexpr std::size_t kMostNameBytes = std::size_t{256} << 10;
  std::uint64_t count = 0;
  std::vector<LeftOut> first;  ///< as many as these limits allow
  std::size_t name_bytes = 0;  ///< of their paths
  void add(const LeftOut& left) {
    ++count;
    if (first.size() >= kMostNamed || left.path.size() > kMostNameBytes - name_bytes) return;
    first.push_back(left);
    name_bytes += left.path.size();
  }
};

/// The reason why a source that gave `code` is left out.
LeftOutReason reason_of(Errc code);
/// What a receiver says of it; a reason that is not known here is io.
Error error_of(LeftOutReason reason);

}  // namespace dcdn::wire
