// send_link.hpp - one connection of a sender: says hello, offers objects, takes what comes back, until all
// are done. Chunks leave by its ChunkPump.
//
// Spec     dcdn-session(5)
// Threads  the loop thread
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "net/task.hpp"
#include "session/carrier_choice.hpp"
#include "session/chunk_pump.hpp"
#include "session/farewell.hpp"
#include "session/frame_stream.hpp"
#include "session/object_transfer.hpp"

namespace dcdn::session {

class SendLink : private net::ConnectionEvents {
 public:
  SendLink(SendShared& shared, net::ConnectionPtr connection, Transfers& transfers);
  ~SendLink() override;
  SendLink(const SendLink&) = delete;
  SendLink& operator=(const SendLink&) = delete;

  /// Runs until every transfer is done or failed for good (ok), or the connection is lost (its error).
  net::Task<void> run();
  /// There may be something to do: a segment was packed, the user paused, resumed, cancelled or changed a
  /// limit.
  void wake() { signal_.notify(); }
  /// Closes the connection; run() ends with `error`. What was confirmed stays at the receiver, unless the
  /// code says kCloseCancelled.
  void stop(std::uint64_t close_code, Error error);
  [[nodiscard]] ChunkPump& pump() { return pump_; }
  [[nodiscard]] const ChunkPump& pump() const { return pump_; }
  [[nodiscard]] bool peer_paused() const { return peer_paused_; }
  /// For how long nothing has moved that should have.
  [[nodiscard]] Micros stood_still() const;
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
  [[nodiscard]] std::optional<Error> standstill();
  Result<void> take_carrier(const wire::Frame& frame);
  /// One round: offers, segments, chunks. When it is to be called again at the latest.
  std::optional<Micros> turn();
  void send_segments();
  void give_up(net::StreamId stream, Active& active, const Error& why);
  void end(net::StreamId stream);
  void drop(Error error);  // a protocol error: close and remember why
  [[nodiscard]] bool all_ended() const;

  SendShared& shared_;
  net::ConnectionPtr connection_;
  CarrierChoice carrier_;
  Transfers& transfers_;
  BufferPool control_pool_{1u << 20};
  net::Signal signal_;
  std::unique_ptr<FrameStream> session_frames_;
  net::StreamId session_stream_ = -1;
  std::optional<message::Welcome> welcome_;
  std::map<net::StreamId, Active> active_;
  ChunkPump pump_;
  Farewell farewell_;
  pace::Standstill standstill_;
  std::optional<Error> lost_;
  std::size_t statements_ = 0;  // that came
  bool begun_early_ = false;    // one object, if any
  bool told_paused_ = false;
  bool peer_paused_ = false;
  bool made_progress_ = false;
};

}  // namespace dcdn::session
