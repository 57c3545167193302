// repeat_window.hpp - "equal content is sent once": the last 65,536 distinct chunks, by carried digest.
//
// Sender and receiver feed it the same chunk records in the same order, so they agree without a word.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "dcdn/bytes.hpp"

namespace dcdn::wire {

inline constexpr std::size_t kRepeatWindow = 65536;

/// Where: what the owner wants to remember of a chunk (sender: nothing much; receiver: where it is stored).
template <class Where>
class RepeatWindow {
 public:
  /// What is remembered of `digest`; nullptr if it is not in the window.
  const Where* find(const Digest& digest) const {
    auto it = known_.find(digest);
    return it == known_.end() ? nullptr : &it->second;
  }
  /// Remembers a digest that find() does not know; forgets the oldest beyond the window.
  void insert(const Digest& digest, Where where) {
    if (!known_.emplace(digest, std::move(where)).second) return;
    order_.push_back(digest);
    if (order_.size() <= kRepeatWindow) return;
    known_.erase(order_.front());
    order_.pop_front();
  }

 private:
  std::unordered_map<Digest, Where, Name32Hash> known_;
  std::deque<Digest> order_;
};

}  // namespace dcdn::wire
