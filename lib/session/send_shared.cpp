#include "session/send_shared.hpp"

namespace dcdn::session {

SendShared::SendShared(asio::any_io_executor executor_in, SendSettings settings_in, sign::SecretKey key_in,
                       SendWatcher& watcher_in)
    : executor(std::move(executor_in)),
      settings(std::move(settings_in)),
      key(std::move(key_in)),
      watcher(watcher_in),
      budget(std::make_shared<FeedBudget>(kSendWindowBytes)) {}

}  // namespace dcdn::session
