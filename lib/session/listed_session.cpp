#include "session/listed_session.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "digest/hasher.hpp"

namespace dcdn::session {

namespace {
constexpr std::size_t kMostTitleBytes = 200;
}  // namespace

std::string ListedSession::id_of(const std::array<std::uint8_t, 16>& session, const NodeId& peer) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn received session\n"));
  hasher.update(session);
  hasher.update(peer.view());
  return to_hex(hasher.digest().view().first(8));
}

void ListedSession::offered(const std::string& shown_name, std::uint64_t bytes) {
  bytes_offered_ += bytes;
  if (unnamed_ > 0 || (!names_.empty() && names_.size() + shown_name.size() > kMostTitleBytes)) {
    ++unnamed_;
  } else {
    names_ += (names_.empty() ? "" : ", ") + shown_name;
  }
}

void ListedSession::delivered(std::uint64_t bytes, std::uint64_t offered) {
  if (offered > 0) bytes_offered_ -= offered - std::min(offered, bytes);
  ++delivered_;
  bytes_delivered_ += bytes;
}

void ListedSession::tell_progress(ReceiveWatcher& watcher, std::uint64_t unfinished) const {
  watcher.on_session_progress(id_, title(), bytes_delivered_ + unfinished, bytes_offered_);
}

std::string ListedSession::title() const {
  return unnamed_ == 0 ? names_ : names_ + " and " + std::to_string(unnamed_) + " more";
}

}  // namespace dcdn::session
