// memory_growth.hpp - how much memory a test makes its process need.
#pragma once
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>

namespace dcdn::test {

/// How much memory this process needs more than when it was made. A sanitizer's own memory would be counted
/// too: there it is nothing.
class MemoryGrowth {
 public:
  [[nodiscard]] std::size_t bytes() const { return growth(before_.resident, now().resident); }
  /// Of addresses, whether there is memory behind them or not.
  [[nodiscard]] std::size_t mapped_bytes() const { return growth(before_.mapped, now().mapped); }

 private:
  struct Sizes {
    std::size_t mapped = 0;
    std::size_t resident = 0;
  };
  static std::size_t growth(std::size_t before, std::size_t now) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)before, (void)now;
    return 0;
#else
    return now - std::min(before, now);
#endif
  }
  static Sizes now() {
    std::ifstream statm("/proc/self/statm");
    Sizes pages;
    statm >> pages.mapped >> pages.resident;
    const auto page = static_cast<std::size_t>(::getpagesize());
    return {pages.mapped * page, pages.resident * page};
  }
  Sizes before_ = now();
};

}  // namespace dcdn::test
