// buffer.hpp - bytes that several stages share without copying, and the pool that recycles them.
#pragma once
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "dcdn/bytes.hpp"

namespace dcdn {

/// A counted reference to (a part of) a block of memory. Copying it copies the reference, not the bytes.
/// Threads  the count is safe across threads; the bytes belong to whoever fills them until they are shared.
class Buffer {
 public:
  Buffer() = default;
  /// New block of `size` bytes, not initialised.
  static Buffer allocate(std::size_t size);
  static Buffer copy_of(ByteView bytes);
  Buffer(std::shared_ptr<std::uint8_t[]> owner, std::size_t offset, std::size_t size)
      : owner_(std::move(owner)), offset_(offset), size_(size) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] ByteView view() const { return {owner_.get() + offset_, size_}; }
  [[nodiscard]] MutableByteView writable() { return {owner_.get() + offset_, size_}; }
  /// A view of part of the same block; offset + size must lie inside.
  [[nodiscard]] Buffer part(std::size_t offset, std::size_t size) const {
    return {owner_, offset_ + offset, size};
  }
  [[nodiscard]] Buffer first(std::size_t size) const { return part(0, size); }
  /// The same view begun `bytes` earlier: whoever made this a part of a larger block left room there.
  [[nodiscard]] Buffer with_headroom(std::size_t bytes) const {
    return {owner_, offset_ - bytes, size_ + bytes};
  }

 private:
  std::shared_ptr<std::uint8_t[]> owner_;
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
};

/// Recycles blocks of a few sizes (four to every power of two, from 4 KiB), so that a long transfer allocates
/// a bounded set once. Threads  any thread may take; blocks come back from any thread. The pool may die
/// before its blocks.
class BufferPool {
 public:
  /// keep_bytes: how much may lie idle.
  explicit BufferPool(std::size_t keep_bytes);
  /// A buffer of exactly `size` bytes inside a block of at least that.
  [[nodiscard]] Buffer take(std::size_t size);

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

/// Copies of `parts`, one after another.
[[nodiscard]] Buffer joined(std::span<const Buffer> parts, BufferPool& pool);

}  // namespace dcdn
