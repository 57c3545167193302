// send_limits.hpp - how much a sending session may send: limits that can change while it runs. Whoever keeps
// to one asks here each time; nobody keeps a copy.
//
// Threads  the loop thread; time is a parameter
#pragma once
#include "pace/token_bucket.hpp"

namespace dcdn::session {

class SendLimits {
 public:
  /// Content as carried, all destinations together; 0: no limit. What has left is counted at the old rate; a
  /// debt is paid at the new one.
  void set_rate(double bytes_per_s, Micros now);
  void set_chunk_rate(double chunks_per_s, Micros now);
  [[nodiscard]] double rate() const { return bytes_per_s_; }
  /// When the next chunk may leave: `now` or later.
  [[nodiscard]] Micros ready_at(Micros now) const;
  /// A chunk of so many bytes leaves.
  void spend(std::size_t bytes, Micros now);

 private:
  double bytes_per_s_ = 0;
  pace::TokenBucket bytes_{0, 1};
  pace::TokenBucket chunks_{0, 1};
};

}  // namespace dcdn::session
