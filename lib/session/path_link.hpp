// path_link.hpp - one further connection of a sending session: dials by its interface, joins, carries chunk
// streams, and knows what of them is not acknowledged yet.
//
// Spec     dcdn-session(5), PATHS
// Threads  the loop thread
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/quic_options.hpp"
#include "pace/path_choice.hpp"
#include "session/frame_stream.hpp"
#include "session/object_transfer.hpp"

namespace dcdn::session {

/// Chunks on one stream.
struct SentBatch {
  ObjectTransfer* transfer = nullptr;  ///< outlives the connection
  std::vector<QueuedChunk> chunks;
  [[nodiscard]] bool is_critical() const;
  [[nodiscard]] std::uint64_t bytes() const;
};

/// What a connection was given: the bookkeeping that the first one and the further ones have in common.
struct PathLoad {
  pace::PathMeter meter;
  std::map<net::StreamId, SentBatch> sent;  ///< and not acknowledged
  std::uint64_t critical_given = 0;         ///< bytes of critical chunks, so far
  bool blocked = false;                     ///< no stream credit until there is news
  Micros measured_at{0};
  std::uint64_t window = 0;
  std::uint64_t in_flight = 0;

  /// Reads the connection's counters, at most every few milliseconds.
  void measure(const net::ConnectionStats& stats, std::size_t unsent, Micros now);
  void gave(net::StreamId stream, SentBatch batch);
  /// Bytes of critical chunks that are not acknowledged.
  [[nodiscard]] std::uint64_t critical_pending() const;
  /// Gives everything back to the objects it is of, in its old order.
  void requeue_all();
};

struct PathDial {
  std::string address;  ///< of the session's first connection: "192.0.2.1:4433"
  NodeId peer;          ///< and its key: nobody else's will do
  std::array<std::uint8_t, 16> session{};
  net::QuicOptions quic;
  net::Identity identity;
};

enum class LinkPhase { dialling, joining, open, ended };

class PathLink : private net::ConnectionEvents, public std::enable_shared_from_this<PathLink> {
 public:
  /// `changed` is called when there is something new: joined, writable, acknowledged, ended.
  PathLink(asio::any_io_executor executor, std::string interface, std::uint32_t number,
           std::function<void()> changed);
  ~PathLink() override;
  PathLink(const PathLink&) = delete;
  PathLink& operator=(const PathLink&) = delete;

  void dial(const PathDial& how);
  /// Join again: its answer shows that the path and the session behind it live.
  void probe();
  [[nodiscard]] LinkPhase phase() const { return phase_; }
  [[nodiscard]] const Error& error() const { return error_; }  ///< of one that ended
  /// The receiver has the join and does not answer it: it knows no paths.
  [[nodiscard]] bool is_ignored(Micros now) const;
  [[nodiscard]] net::Connection* connection() const { return connection_.get(); }
  [[nodiscard]] net::ConnectionStats stats() const;
  /// Bytes that have arrived there, without those that only ask whether the path lives.
  [[nodiscard]] std::uint64_t arrived() const;
  [[nodiscard]] bool is_coded() const { return connection_ && connection_->coded(); }
  [[nodiscard]] PathLoad& load() { return load_; }
  [[nodiscard]] const PathLoad& load() const { return load_; }

 private:
  void connected(Result<net::ConnectionPtr> made);
  Result<void> take_frame(const wire::Frame& frame);
  void end(Error error);
  void on_stream_data(net::StreamId id, ByteView bytes, bool fin) override;
  void on_stream_reset(net::StreamId id, std::uint64_t code) override;
  void on_stream_acknowledged(net::StreamId id) override;
  void on_writable() override;
  void on_closed(const net::CloseInfo& info) override;

  asio::any_io_executor executor_;
  std::string interface_;
  std::uint32_t number_;
  std::function<void()> changed_;
  PathDial how_;
  net::ConnectionPtr connection_;
  net::StreamId session_stream_ = -1;
  BufferPool pool_{0};
  FrameStream frames_{pool_};
  LinkPhase phase_ = LinkPhase::dialling;
  Error error_{Errc::temporary, "not connected"};
  Micros joined_asked_at_{0};
  std::uint64_t asked_bytes_ = 0;  // of joins
  PathLoad load_;
};

}  // namespace dcdn::session
