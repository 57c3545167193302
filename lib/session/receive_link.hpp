// receive_link.hpp - one connection of a receiver: answers offers, checks what comes, confirms what is
// stored.
#pragma once
#include <map>
#include <memory>
#include <set>

#include "pipeline/segment_gate.hpp"
#include "session/chunk_desk.hpp"
#include "session/frame_stream.hpp"
#include "session/receive_shared.hpp"

namespace dcdn::session {

class ReceiveConnection : public std::enable_shared_from_this<ReceiveConnection>,
                          private net::ConnectionEvents {
 public:
  ReceiveConnection(std::shared_ptr<ReceiveShared> shared, net::ConnectionPtr connection);
  ~ReceiveConnection() override;
  ReceiveConnection(const ReceiveConnection&) = delete;
  ReceiveConnection& operator=(const ReceiveConnection&) = delete;

  void start();
  [[nodiscard]] bool over() const { return over_; }
  /// An object is on its way.
  [[nodiscard]] bool busy() const { return !objects_.empty(); }
  /// Nothing is being received on it: its sender has ended, died, or was replaced by a newer connection.
  [[nodiscard]] bool idle() const { return objects_.empty(); }
  /// It delivered something and left nothing unfinished.
  [[nodiscard]] bool delivered_all() const { return delivered_ > 0 && objects_.empty(); }
  /// Another connection of the same sender takes over a slot.
  void give_up_slot(std::uint32_t object);
  void close(std::uint64_t code, const std::string& reason);
  /// From time to time: gives up what waits for something that does not come.
  void look(Micros now);
  void set_paused(bool paused);
  /// Forgets what is unfinished (the user cancelled the session here).
  void cancel();
  [[nodiscard]] const std::string& session_id() const { return session_id_; }
  [[nodiscard]] bool paused_by_peer() const { return peer_paused_; }
  void describe(Progress& progress) const;
  [[nodiscard]] net::ConnectionStats stats() const { return connection_->stats(); }

 private:
  struct Object {
    message::Offer offer;
    net::StreamId stream = -1;
    std::string slot;
    pipeline::SegmentGate gate;
    bool ask = false;
    std::uint32_t differences = 0;  // highest version of them that the sender can send; 0: none
    bool opened = false;
    bool void_until_again = false;  // what comes was sent before our answer was known, and does not fit it
    std::vector<wire::Frame> early = {};  // came before the answer
    bool finishing = false;
    ObjectStatus told = {};  // what the sender knows
    ObjectStatus now = {};
    std::uint64_t most_bytes = 0;  // of content, by the limits of the receiver
    std::chrono::steady_clock::time_point told_at{};
  };
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
  Result<void> take_session_frame(const wire::Frame& frame);
  Result<void> take_statement(const wire::Frame& frame);
  // receive_paths.cpp
  Result<void> take_join(const wire::Frame& frame);
  void add_path(std::uint32_t number, const std::shared_ptr<ReceiveConnection>& connection);
  void close_paths();
  Result<void> take_hello(const wire::Frame& frame);
  Result<void> take_carrier(const wire::Frame& frame);
  Result<void> take_offer(net::StreamId id, const wire::Frame& frame);
  Result<void> take_object_frame(Object& object, net::StreamId id, StreamState& stream,
                                 const wire::Frame& frame);
  void take_early(Object& object, bool plain);
  void given_up(const Object& object, const Error& error);
  void take_manifest_frame(Object& object, const wire::Frame& frame);
  Result<void> take_chunk(net::StreamId id, StreamState& stream, const wire::Frame& frame);
  Result<void> take_difference(net::StreamId id, StreamState& stream, const wire::Frame& frame);
  void ask_again(const message::Want& want);

  Result<std::shared_ptr<sink::ObjectSink>> sink_for(Object& object);
  void offer_again(std::uint32_t number);
  void open_sink(Object& object, std::shared_ptr<sink::ObjectSink> sink);
  void add_segment(Object& object, pipeline::SegmentGate::Passed passed, std::function<void()> credit);
  void opened(std::uint32_t number, Result<message::Answer> answer, std::uint64_t most_bytes);
  void segment_added(std::uint32_t number, std::uint64_t index, Result<store::SegmentNeed> need,
                     const Bytes& ahead);
  void report(std::uint32_t number, const ObjectStatus& status);
  void tell_stored(Object& object);
  void finalize(Object& object);
  void finalized(std::uint32_t number, Result<std::string> path, const Digest& id, std::uint64_t bytes);
  void fail(std::uint32_t number, const Error& error);
  void remove(std::uint32_t number, bool keep_sink);
  void drop(const Error& error);
  void post_outcome(const ChunkDesk::Outcome& outcome);        // store thread
  void on_store(std::function<void(ReceiveConnection&)> job);  // loop thread: to the store thread
  void post(
      std::function<void(ReceiveConnection&)> on_loop);  // store thread: to the loop, if this still lives
  [[nodiscard]] Object* find(std::uint32_t number);
  [[nodiscard]] std::function<void()> credit_for(net::StreamId id, std::size_t bytes);
  void add_to_title(const std::string& name);
  [[nodiscard]] std::string title() const;
  static std::string listed_id(const std::array<std::uint8_t, 16>& session, const NodeId& peer);

  std::shared_ptr<ReceiveShared> shared_;
  net::ConnectionPtr connection_;
  BufferPool control_pool_{1u << 20};
  std::shared_ptr<ChunkDesk> desk_ = std::make_shared<ChunkDesk>();  // used on the store thread only
  std::map<net::StreamId, StreamState> streams_;
  std::map<std::uint32_t, Object> objects_;
  std::map<net::StreamId, std::uint32_t> object_streams_;
  std::set<std::uint32_t> seen_objects_;
  net::StreamId session_stream_ = -1;
  bool said_hello_ = false;
  bool told_carrier_ = false;
  std::string session_id_;
  std::uint32_t path_ = 0;                  // of a further connection: its number
  std::weak_ptr<ReceiveConnection> first_;  // of a further connection: whose chunks it brings
  std::map<std::uint32_t, std::weak_ptr<ReceiveConnection>> paths_;  // of a first one: the further ones
  std::string names_;                                                // of the first objects
  std::size_t unnamed_ = 0;                                          // and how many follow
  std::uint64_t total_ = 0;
  std::uint64_t done_before_ = 0;  // bytes of objects that are finished
  std::uint64_t delivered_ = 0;
  std::optional<Error> first_error_;
  bool peer_paused_ = false;
  bool over_ = false;
};

}  // namespace dcdn::session
