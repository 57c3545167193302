// Further connections of a session: what they bring counts as if the first one had brought it.
#include "session/receive_link.hpp"

namespace dcdn::session {

namespace {
// A probe is not answered to a sender that does not read its answers: they would pile up here.
constexpr std::size_t kMostUnsentAnswers = 64u << 10;
}  // namespace

Result<void> ReceiveConnection::take_join(const wire::Frame& frame) {
  if (frame.type != wire::FrameType::join) return {};
  DCDN_TRY(const auto join, message::parse<message::Join>(frame.body.view()));
  if (join.protocol != 1) return Error(Errc::unsupported, "this receiver speaks session protocol 1 only");
  if (path_ == 0) {
    if (!seen_objects_.empty()) return Error(Errc::corrupt, "a session's first connection joins another");
    // The id is made of the peer's key as well: nobody joins a session of somebody else.
    const auto known = shared_->sessions.find(listed_id(join.session, connection_->peer()));
    const auto first = known == shared_->sessions.end() ? nullptr : known->second.lock();
    if (!first || first->over_) {
      shared_->watcher.on_note(1,
                               connection_->peer_address() + ": a path of a session that does not run here");
      connection_->close(message::code_number(Errc::temporary), "that session does not run here");
      return {};
    }
    path_ = join.path;
    first_ = first;
    first->add_path(path_, shared_from_this());
  }
  if (join.path != path_) return Error(Errc::corrupt, "a path changed its number");
  if (connection_->queued_bytes() > kMostUnsentAnswers) return {};
  connection_->send(session_stream_,
                    frame_buffer(wire::FrameType::joined, message::encode(message::Joined{path_})), false);
  return {};
}

void ReceiveConnection::add_path(std::uint32_t number, const std::shared_ptr<ReceiveConnection>& connection) {
  // The sender dialled again: the connection before it is dead and would last until its idle timeout.
  if (const auto before = paths_[number].lock()) before->close(0, "another connection took this path over");
  paths_[number] = connection;
  shared_->watcher.on_note(1, connection->connection_->peer_address() + ": path " + std::to_string(number) +
                                  " of session " + session_id_);
}

void ReceiveConnection::close_paths() {
  for (const auto& [number, path] : std::exchange(paths_, {}))
    if (const auto open = path.lock()) open->close(0, "the session's first connection ended");
  const auto known = shared_->sessions.find(session_id_);
  if (known == shared_->sessions.end()) return;
  const auto current = known->second.lock();
  if (!current || current.get() == this) shared_->sessions.erase(known);
}

}  // namespace dcdn::session
