// receive_link.hpp - one connection of a receiver: its streams and their credit, hello and welcome, the
// carrier, further paths; what belongs to an object goes to that.
#pragma once
#include <map>
#include <memory>
#include <set>

#include "net/connection.hpp"
#include "session/chunk_desk.hpp"
#include "session/frame_stream.hpp"
#include "session/incoming_object.hpp"
#include "session/listed_session.hpp"
#include "session/receive_shared.hpp"

namespace dcdn::session {

class ReceiveLink : public std::enable_shared_from_this<ReceiveLink>, private net::ConnectionEvents {
 public:
  ReceiveLink(std::shared_ptr<ReceiveShared> shared, net::ConnectionPtr connection);
  ~ReceiveLink() override;
  ReceiveLink(const ReceiveLink&) = delete;
  ReceiveLink& operator=(const ReceiveLink&) = delete;

  /// `early` tells what came on the connection before; empty: nothing was taken yet.
  void start(const std::function<void(net::ConnectionEvents&)>& early);
  [[nodiscard]] bool over() const { return over_; }
  /// Nothing is being received on it: its sender has ended, died, or was replaced by a newer connection.
  [[nodiscard]] bool idle() const { return objects_.empty(); }
  /// It delivered something and left nothing unfinished.
  [[nodiscard]] bool delivered_all() const { return listed_.anything_delivered() && objects_.empty(); }
  /// Its sender is not trusted any more: both ends are told why.
  void refuse(const Error& why) { drop(why); }
  [[nodiscard]] const NodeId& peer() const { return connection_->peer(); }
  void close(std::uint64_t code, const std::string& reason) { connection_->close(code, reason); }
  /// From time to time: gives up what waits for something that does not come.
  void look(Micros now);
  void set_paused(bool paused);
  /// Forgets what is unfinished (the user cancelled the session here).
  void cancel();
  [[nodiscard]] const std::string& session_id() const { return listed_.id(); }
  [[nodiscard]] bool paused_by_peer() const { return peer_paused_; }
  void describe(Progress& progress) const;
  [[nodiscard]] net::ConnectionStats stats() const { return connection_->stats(); }

 private:
  class StreamPeer;
  using Credit = IncomingObject::Credit;
  struct StreamState {
    std::unique_ptr<FrameStream> frames;
    std::size_t held = 0;  // bytes received and not credited yet
    bool offered = false;  // an object's stream, also after its end
  };

  void on_stream_data(net::StreamId id, ByteView bytes, bool fin) override;
  void on_stream_reset(net::StreamId id, std::uint64_t code) override;
  void on_writable() override {}
  void on_closed(const net::CloseInfo& info) override;

  Result<void> take_frame(net::StreamId id, StreamState& stream, wire::Frame& frame);
  Result<void> take_link_frame(net::StreamId id, StreamState& stream, const wire::Frame& frame);
  Result<void> take_statement(const wire::Frame& frame);
  Result<void> take_hello(const wire::Frame& frame);
  Result<void> take_session_frame(const wire::Frame& frame);
  Result<void> take_carrier(const wire::Frame& frame);
  Result<void> take_join(const wire::Frame& frame);
  void add_path(std::uint32_t number, const std::shared_ptr<ReceiveLink>& link);
  void close_paths();
  Result<void> take_offer(net::StreamId id, const wire::Frame& frame);
  Result<void> take_object_message(net::StreamId id, IncomingObject& object, const wire::Frame& frame);
  Result<void> take_chunk(const wire::Frame& frame, Credit credit);
  Result<void> take_difference(const wire::Frame& frame, Credit credit);
  void to_desk(Credit credit, std::function<void(ReceiveLink&, const Credit&)> job);
  void given_up(net::StreamId id, IncomingObject& object, const Error& error);
  void forget_all();
  void drop(const Error& error);
  // How much the frame is of what its stream holds, and holds no longer: the caller gives credit for it.
  static std::size_t let_go(StreamState& stream, const wire::Frame& frame);
  [[nodiscard]] Credit credit_for(net::StreamId id, std::size_t bytes);
  void note_error(const Error& error) {
    if (!first_error_) first_error_ = error;
  }

  std::shared_ptr<ReceiveShared> shared_;
  net::ConnectionPtr connection_;
  BufferPool control_pool_{1u << 20};
  std::shared_ptr<ChunkDesk> desk_ = std::make_shared<ChunkDesk>();  // used on the store thread only
  std::map<net::StreamId, StreamState> streams_;
  std::map<net::StreamId, std::shared_ptr<IncomingObject>> objects_;  // that are not over, by their stream
  std::set<std::uint32_t> seen_objects_;
  ListedSession listed_;
  net::StreamId session_stream_ = -1;
  std::size_t statements_ = 0;  // that came
  bool told_carrier_ = false;
  std::uint32_t path_ = 0;                                     // of a further connection: its number
  std::weak_ptr<ReceiveLink> first_;                           // of a further one: whose chunks it brings
  std::map<std::uint32_t, std::weak_ptr<ReceiveLink>> paths_;  // of a first one: the further ones
  std::optional<Error> first_error_;
  bool peer_paused_ = false;
  bool over_ = false;
};

}  // namespace dcdn::session
