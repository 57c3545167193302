// How much is left, how much is queued ahead, and which of several connections takes it: how a sending
// connection uses its PathSet.
#include <algorithm>

#include "session/send_link.hpp"

namespace dcdn::session {

namespace {
constexpr std::size_t kLeastQueue = 64u << 10;
constexpr std::size_t kMostQueue = 8u << 20;
}  // namespace

net::Connection* SendConnection::way_for(const ObjectTransfer& next, std::size_t limit) {
  if (!paths_) return connection_->queued_bytes() < limit ? connection_.get() : nullptr;
  const bool critical = next.object().priority == message::Priority::critical;
  std::uint64_t waiting = 0;
  for (const auto& transfer : transfers_) {
    if (critical && transfer->object().priority != message::Priority::critical)
      continue;  // that waits for us
    const std::uint64_t more = transfer->backlog_bytes();
    if (more > UINT64_MAX - waiting) {
      waiting = UINT64_MAX;
      break;
    }
    waiting += more;
  }
  return paths_->choose(critical, next.next_chunk().bytes(), waiting);
}

bool SendConnection::all_ended() const {
  return std::all_of(transfers_.begin(), transfers_.end(), [](const auto& transfer) {
    return transfer->phase() == TransferPhase::done || transfer->phase() == TransferPhase::failed;
  });
}

// About two congestion windows: the wire never waits for us, and a critical chunk never waits behind much.
std::size_t SendConnection::queue_limit() const {
  return std::clamp<std::size_t>(2 * connection_->stats().congestion_window, kLeastQueue, kMostQueue);
}

void SendConnection::use_paths(const std::string& interface, const net::Identity& identity) {
  paths_ = std::make_unique<PathSet>(shared_, connection_, interface, identity, [this] { signal_.notify(); });
}

std::vector<PathProgress> SendConnection::paths() const {
  return paths_ ? paths_->describe() : std::vector<PathProgress>{};
}

bool SendConnection::coded() const {
  return connection_->coded() || (paths_ && paths_->coded());
}

net::ConnectionStats SendConnection::stats() const {
  net::ConnectionStats all = connection_->stats();
  if (paths_) paths_->add_to(all);
  return all;
}

std::vector<PathUse> SendConnection::uses() const {
  return paths_ ? paths_->uses() : std::vector<PathUse>{{"", connection_->stats(), critical_given_}};
}

void SendConnection::on_stream_acknowledged(net::StreamId id) {
  if (!paths_) return;
  paths_->on_first_acknowledged(id);
  signal_.notify();
}

void SendConnection::on_writable() {
  if (paths_) paths_->on_first_writable();
  signal_.notify();
}

}  // namespace dcdn::session
