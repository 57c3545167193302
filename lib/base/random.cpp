#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace dcdn {

void random_bytes(MutableByteView into) {
  while (!into.empty()) {
    const ssize_t n = ::getrandom(into.data(), into.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) std::abort();
    into = into.subspan(static_cast<std::size_t>(n));
  }
}

std::uint64_t random_u64() {
  std::array<std::uint8_t, 8> raw;
  random_bytes(raw);
  std::uint64_t value;
  std::memcpy(&value, raw.data(), sizeof value);
  return value;
}

}  // namespace dcdn
