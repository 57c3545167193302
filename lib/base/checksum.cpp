#include "base/checksum.hpp"

#include <xxhash.h>

#include <memory>
#include <new>

namespace dcdn {

namespace {

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

std::uint64_t xxh3_64(ByteView bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// The state comes from the library because its size is no part of the library's promise.
std::uint64_t xxh3_64(std::initializer_list<ByteView> parts) {
  if (parts.size() == 1) return xxh3_64(*parts.begin());
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  if (!state) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  for (const ByteView part : parts)
    if (!part.empty()) XXH3_64bits_update(state.get(), part.data(), part.size());
  return XXH3_64bits_digest(state.get());
}

}  // namespace dcdn
