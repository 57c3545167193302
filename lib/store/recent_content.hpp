// recent_content.hpp - the content that was stored last, for the chunks that are compressed after it: many
// small files need not be opened again for that.
#pragma once
#include <deque>
#include <utility>

#include "base/buffer.hpp"

namespace dcdn::store {

/// Holds about kMostBytes: the past of the usual and the slow rungs (compress/ladder.hpp), whose chunks have
/// 1 MiB.
class RecentContent {
 public:
  static constexpr std::size_t kMostBytes = 4u << 20;

  void add(const Digest& digest, const Buffer& content) {
    if (content.size() > kMostBytes || find(digest) != nullptr) return;
    contents_.emplace_back(digest, content);
    bytes_ += content.size();
    for (; bytes_ > kMostBytes || contents_.size() > kMostContents; contents_.pop_front())
      bytes_ -= contents_.front().second.size();
  }
  [[nodiscard]] const Buffer* find(const Digest& digest) const {
    for (const auto& [known, content] : contents_)
      if (known == digest) return &content;
    return nullptr;
  }

 private:
  static constexpr std::size_t kMostContents = 64;
  std::deque<std::pair<Digest, Buffer>> contents_;
  std::size_t bytes_ = 0;
};

}  // namespace dcdn::store
