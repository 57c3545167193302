#include "base/buffer.hpp"

#include <algorithm>
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

struct BufferPool::Shelf {
  std::mutex mutex;
  std::size_t keep_bytes;
  std::size_t idle_bytes = 0;
  std::vector<std::vector<std::unique_ptr<std::uint8_t[]>>> lists{64 * kSteps + 1};

  std::unique_ptr<std::uint8_t[]> take(BlockClass block) {
    std::lock_guard lock(mutex);
    auto& list = lists[block.list];
    if (list.empty()) return nullptr;
    auto memory = std::move(list.back());
    list.pop_back();
    idle_bytes -= block.bytes;
    return memory;
  }
  void give_back(std::uint8_t* memory, BlockClass block) {
    std::unique_ptr<std::uint8_t[]> owned(memory);
    std::lock_guard lock(mutex);
    if (idle_bytes + block.bytes > keep_bytes) return;
    idle_bytes += block.bytes;
    lists[block.list].push_back(std::move(owned));
  }
};

BufferPool::BufferPool(std::size_t keep_bytes) : shelf_(std::make_shared<Shelf>()) {
  shelf_->keep_bytes = keep_bytes;
}

Buffer BufferPool::take(std::size_t size) {
  const BlockClass block = class_of(size);
  auto memory = shelf_->take(block);
  if (!memory) memory.reset(new std::uint8_t[block.bytes]);
  auto give_back = [shelf = shelf_, block](std::uint8_t* p) { shelf->give_back(p, block); };
  return {std::shared_ptr<std::uint8_t[]>(memory.release(), std::move(give_back)), 0, size};
}

}  // namespace dcdn
