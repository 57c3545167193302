// recent_content.hpp - the content that was stored last, for the chunks that are compressed after it: many
// small files need not be opened again for that.
#pragma once
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/buffer.hpp"

namespace dcdn::store {

/// Holds about kMostBytes, of all objects that come: the past of the usual and the slow rungs
/// (compress/ladder.hpp), whose chunks have 1 MiB. By the digest of the content, so whose it was does not
/// matter.
/// Threads  any
class RecentContent {
 public:
  static constexpr std::size_t kMostBytes = 4u << 20;

  void add(const Digest& digest, const Buffer& content) {
    if (content.size() > kMostBytes || find(digest)) return;
    const std::lock_guard lock(mutex_);
    contents_.emplace_back(digest, content);
    bytes_ += content.size();
    for (; bytes_ > kMostBytes || contents_.size() > kMostContents; contents_.pop_front())
      bytes_ -= contents_.front().second.size();
  }
  [[nodiscard]] std::optional<Buffer> find(const Digest& digest) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [known, content] : contents_)
      if (known == digest) return content;
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kMostContents = 64;
  mutable std::mutex mutex_;
  std::deque<std::pair<Digest, Buffer>> contents_;
  std::size_t bytes_ = 0;
};

}  // namespace dcdn::store
