// recent_digests.hpp - a memory of digests that forgets the oldest, so that an endless input does not fill
// it.
#pragma once
#include <unordered_set>
#include <utility>

#include "dcdn/bytes.hpp"

namespace dcdn::pipeline {

/// Remembers at least the `capacity` digests inserted last, and at most twice as many.
class RecentDigests {
 public:
  /// capacity 0: remembers nothing.
  explicit RecentDigests(std::size_t capacity) : capacity_(capacity) {}
  [[nodiscard]] bool contains(const Digest& digest) const {
    return young_.contains(digest) || old_.contains(digest);
  }
  void insert(const Digest& digest) {
    if (capacity_ == 0 || !young_.insert(digest).second || young_.size() < capacity_) return;
    old_ = std::move(young_);
    young_.clear();
  }

 private:
  std::size_t capacity_;
  std::unordered_set<Digest, Name32Hash> young_;
  std::unordered_set<Digest, Name32Hash> old_;
};

}  // namespace dcdn::pipeline
