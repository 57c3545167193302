#include "base/buffer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace dcdn {

Buffer Buffer::allocate(std::size_t size) {
  return {std::shared_ptr<std::uint8_t[]>(new std::uint8_t[size == 0 ? 1 : size]), 0, size};
}

Buffer Buffer::copy_of(ByteView bytes) {
  Buffer b = allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(b.writable().data(), bytes.data(), bytes.size());
  return b;
}

namespace {
constexpr std::size_t kSmallestBlock = 4096;
constexpr std::size_t kSteps = 4;  // sizes to every power of two: a block is larger by a quarter at most

// The block that holds `size` bytes, and on which list blocks of its size lie.
struct BlockClass {
  std::size_t bytes;
  std::size_t list;
};
BlockClass class_of(std::size_t size) {
  const std::size_t wanted = std::max(size, kSmallestBlock);
  const std::size_t base = std::bit_floor(wanted);
  const std::size_t steps = (wanted - base + base / kSteps - 1) / (base / kSteps);
  const auto log2 = static_cast<std::size_t>(std::countr_zero(base));
  return {base + steps * (base / kSteps), log2 * kSteps + steps};
}
}  // namespace

// Blocks that lie idle are linked through their own first bytes: one comes back where its last reference
// ends, in a destructor, which must not need memory.
struct BufferPool::Shelf {
  std::mutex mutex;
  std::size_t keep_bytes = 0;
  std::size_t idle_bytes = 0;
  std::array<std::uint8_t*, 64 * kSteps + 1> lists{};

  Shelf() = default;
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;
  ~Shelf() {
    for (std::uint8_t*& list : lists)
      while (list != nullptr) delete[] pop(list);
  }
  std::uint8_t* take(BlockClass block) {
    const std::lock_guard lock(mutex);
    std::uint8_t*& list = lists[block.list];
    if (list == nullptr) return nullptr;
    idle_bytes -= block.bytes;
    return pop(list);
  }
  void give_back(std::uint8_t* memory, BlockClass block) {
    {
      const std::lock_guard lock(mutex);
      if (idle_bytes + block.bytes <= keep_bytes) {
        idle_bytes += block.bytes;
        std::memcpy(memory, &lists[block.list], sizeof lists[block.list]);
        lists[block.list] = memory;
        return;
      }
    }
    delete[] memory;
  }
  static std::uint8_t* pop(std::uint8_t*& list) {
    std::uint8_t* const first = list;
    std::memcpy(&list, first, sizeof list);
    return first;
  }
};

BufferPool::BufferPool(std::size_t keep_bytes) : shelf_(std::make_shared<Shelf>()) {
  shelf_->keep_bytes = keep_bytes;
}

Buffer BufferPool::take(std::size_t size) {
  const BlockClass block = class_of(size);
  std::uint8_t* memory = shelf_->take(block);
  if (memory == nullptr) memory = new std::uint8_t[block.bytes];
  auto give_back = [shelf = shelf_, block](std::uint8_t* p) { shelf->give_back(p, block); };
  return {std::shared_ptr<std::uint8_t[]>(memory, std::move(give_back)), 0, size};
}

Buffer joined(std::span<const Buffer> parts, BufferPool& pool) {
  std::size_t bytes = 0;
  for (const Buffer& part : parts) bytes += part.size();
  Buffer all = pool.take(bytes);
  MutableByteView into = all.writable();
  for (const Buffer& part : parts) {
    if (!part.empty()) std::memcpy(into.data(), part.view().data(), part.size());
    into = into.subspan(part.size());
  }
  return all;
}

}  // namespace dcdn
