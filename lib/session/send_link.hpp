// send_link.hpp - one connection of a sender: says hello, offers objects, sends what is due, until all
// are done.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "net/task.hpp"
#include "pace/class_scheduler.hpp"
#include "session/carrier_choice.hpp"
#include "session/frame_stream.hpp"
#include "session/object_transfer.hpp"
#include "session/path_set.hpp"

namespace dcdn::session {

class SendConnection : private net::ConnectionEvents {
 public:
  SendConnection(SendShared& shared, net::ConnectionPtr connection,
                 std::vector<std::unique_ptr<ObjectTransfer>>& transfers);
  /// Other interfaces carry chunks too. `interface`: the one that the connection was made by, empty if the
  /// routes chose it.
  void use_paths(const std::string& interface, const net::Identity& identity);
  [[nodiscard]] std::vector<PathProgress> paths() const;
  ~SendConnection() override;
  SendConnection(const SendConnection&) = delete;
  SendConnection& operator=(const SendConnection&) = delete;

  /// Runs until every transfer is done or failed for good (ok), or the connection is lost (its error).
  net::Task<void> run();
  /// There may be something to do: a segment was packed, the user paused, resumed or cancelled.
  void wake() { signal_.notify(); }
  /// Closes the connection; run() ends with `error`. What was confirmed stays at the receiver, unless the
  /// code says kCloseCancelled.
  void stop(std::uint64_t close_code, Error error);
  [[nodiscard]] net::ConnectionStats stats() const;
  [[nodiscard]] std::vector<PathUse> uses() const;
  [[nodiscard]] bool peer_paused() const { return peer_paused_; }
  /// Chunks travel by the coded carrier, over one path at least.
  [[nodiscard]] bool coded() const;
  /// Whether the receiver confirmed anything new on this connection.
  [[nodiscard]] bool made_progress() const { return made_progress_; }

 private:
  struct Active {
    ObjectTransfer* transfer = nullptr;
    std::unique_ptr<FrameStream> frames;
    std::optional<wire::Frame> receipt;  // came before the last segment was sent
  };

  void on_stream_data(net::StreamId id, ByteView bytes, bool fin) override;
  void on_stream_reset(net::StreamId id, std::uint64_t code) override;
  void on_stream_acknowledged(net::StreamId id) override;
  void on_writable() override;
  void on_closed(const net::CloseInfo& info) override;

  Result<void> say_hello();
  Result<void> offer_next();
  [[nodiscard]] bool may_begin_early(const ObjectTransfer& transfer) const;
  Result<void> take_session_frame(const wire::Frame& frame);
  Result<void> take_object_frame(net::StreamId stream, Active& active, const wire::Frame& frame);
  Result<void> take_receipt(Active& active, const wire::Frame& frame);
  void tell_pause();
  Result<void> take_carrier(const wire::Frame& frame);
  void turn();  // one round: offers, segments, chunks
  void send_segments();
  std::optional<Micros> send_chunks();  // when tokens will be there again, if that is what stops it
  [[nodiscard]] ObjectTransfer* oldest_of(std::size_t priority) const;
  [[nodiscard]] net::Connection* way_for(const ObjectTransfer& next, std::size_t limit);
  bool send_batch(ObjectTransfer& oldest, net::Connection& way, Micros now);  // false: no stream credit
  [[nodiscard]] std::size_t queue_limit() const;
  [[nodiscard]] std::array<bool, pace::kClasses> backlog() const;
  void end(Active& active);
  void drop(Error error);  // a protocol error: close and remember why
  [[nodiscard]] bool all_ended() const;

  SendShared& shared_;
  net::ConnectionPtr connection_;
  CarrierChoice carrier_;
  std::vector<std::unique_ptr<ObjectTransfer>>& transfers_;
  BufferPool control_pool_{1u << 20};
  net::Signal signal_;
  std::unique_ptr<FrameStream> session_frames_;
  net::StreamId session_stream_ = -1;
  std::optional<message::Welcome> welcome_;
  std::map<net::StreamId, Active> active_;
  std::unique_ptr<PathSet> paths_;  // none: everything goes over connection_
  pace::ClassScheduler scheduler_;
  std::optional<Error> lost_;
  std::optional<Micros> tokens_at_;
  Micros next_measure_{0};
  std::uint64_t critical_given_ = 0;  // without paths_, which know it of each
  bool begun_early_ = false;          // one object, if any
  bool told_paused_ = false;
  bool peer_paused_ = false;
  bool made_progress_ = false;
};

}  // namespace dcdn::session
