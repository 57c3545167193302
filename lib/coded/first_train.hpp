// first_train.hpp - the rate of the bottleneck out of the first packets, which leave back to back: their
// distance on arrival is its doing; unless the path reorders them, which makes the distance meaningless.
//
// Threads  pure.
#pragma once
#include <cstdint>

#include "coded/coded_time.hpp"

namespace dcdn::coded {

inline constexpr std::uint64_t kTrain = 16;  ///< packets that leave back to back at the very beginning

class FirstTrain {
 public:
  /// A packet comes, which was not seen before. in_order: none with a higher number came before it.
  void take(std::uint64_t number, bool in_order, Seconds now);
  /// Packets a second, at most 4 million; 0: not known.
  [[nodiscard]] std::uint32_t rate() const;

 private:
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  Seconds began_ = 0;
  Seconds ended_ = 0;
  bool broken_ = false;
  bool seen_ = false;
};

}  // namespace dcdn::coded
