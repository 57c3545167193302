#include "session/send_shared.hpp"

#include <algorithm>

namespace dcdn::session {

namespace {
// A burst is what may leave at once after silence: a quarter second's worth, and never less than a packet
// batch.
double burst_of(double per_second, double least) {
  return std::max(per_second / 4, least);
}
}  // namespace

SendShared::SendShared(asio::any_io_executor executor_in, SendSettings settings_in, sign::SecretKey key_in,
                       SendWatcher& watcher_in)
    : executor(std::move(executor_in)),
      settings(std::move(settings_in)),
      key(std::move(key_in)),
      watcher(watcher_in),
      budget(std::make_shared<FeedBudget>(kSendWindowBytes)),
      byte_bucket(settings.rate_bytes_per_s, burst_of(settings.rate_bytes_per_s, 16384)),
      chunk_bucket(settings.chunk_rate_per_s, burst_of(settings.chunk_rate_per_s, 1)) {}

}  // namespace dcdn::session
