// max_filter.hpp - the largest of the values of a recent window.
#pragma once
#include <deque>
#include <utility>

#include "coded/coded_time.hpp"

namespace dcdn::coded {

class MaxFilter {
 public:
  void add(Seconds now, double value) {
    while (!values_.empty() && values_.back().second <= value) values_.pop_back();
    values_.emplace_back(now, value);
  }
  /// Forgets what is older; the newest stays.
  void expire(Seconds before) {
    while (values_.size() > 1 && values_.front().first < before) values_.pop_front();
  }
  void reset(Seconds now, double value) { values_ = {{now, value}}; }
  void clear() { values_.clear(); }
  /// All values count as taken now: after a silence that says nothing about them.
  void restamp(Seconds now) {
    for (auto& [time, value] : values_) time = now;
  }
  [[nodiscard]] double get() const { return values_.empty() ? 0 : values_.front().second; }

 private:
  std::deque<std::pair<Seconds, double>> values_;  // newer and smaller towards the back
};

}  // namespace dcdn::coded
