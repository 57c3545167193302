// send_shared.hpp - what all destinations of one sending session share.
#pragma once
#include <asio/any_io_executor.hpp>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "compress/codec.hpp"
#include "message/session_message.hpp"
#include "net/quic_options.hpp"
#include "pace/backoff.hpp"
#include "session/feed.hpp"
#include "session/send_limits.hpp"
#include "session/send_object.hpp"
#include "sign/ed25519.hpp"
#include "source/input.hpp"
#include "source/source_index.hpp"
#include "source/source_walk.hpp"
#include "wire/frame.hpp"
#include "wire/signed_frames.hpp"
#include "work/serial_worker.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::session {

/// Content packed and not yet confirmed by every receiver, all objects together. Bounds the sender's memory.
inline constexpr std::size_t kSendWindowBytes = 24u << 20;

/// What is remembered of what was sent, so that it need not be read again.
struct IndexSettings {
  std::string folder;    ///< empty: nothing is
  bool compare = false;  ///< everything is read even so, and compared
  source::LookRules looks;
  std::string compress;  ///< how an index of this session is named (source::IndexKey)
  std::string receivers;
};

/// What does not change while a session runs; what may is in SendLimits.
struct SendSettings {
  compress::CompressRequest compress;
  std::optional<std::uint32_t> chunk_bytes;
  source::WalkRules walk;
  IndexSettings index;
  bool differences = true;  ///< chunks may go as differences to older files of the receiver
  pace::BackoffOptions backoff;
  std::array<std::uint8_t, 16> session{};
  std::string agent;
  std::function<Bytes()> statements;  ///< frames about keys, sent ahead of everything; none: nothing
  net::QuicOptions quic;
  std::vector<std::string> paths;  ///< interfaces, or "auto" alone; empty: one connection, as the routes say
  int input_fd = 0;
  Buffer input_head;           ///< bytes already read from input_fd to recognise a chunk stream
  source::InputEnd input_end;  ///< of input_fd; may be empty
  [[nodiscard]] bool automatic_paths() const { return paths == std::vector<std::string>{"auto"}; }
  [[nodiscard]] bool several_paths() const { return paths.size() > 1 || automatic_paths(); }
};

/// Told by any part of the session; the session turns it into progress, notes and rows.
class SendWatcher {
 public:
  virtual ~SendWatcher() = default;
  virtual void on_note(int level, const std::string& text) = 0;
  /// Something of a tree cannot be read, `path` being in it. Again whenever the tree is read again.
  virtual void on_left_out(const SendObject& object, const std::string& path, const Error& why) {
    (void)object, (void)path, (void)why;
  }
  /// Object `number` was received whole by `receiver`; `receipt` is verified.
  virtual void on_receipt(const SendObject& object, const wire::Receipt& receipt, ByteView receipt_body) = 0;
  /// A key said something about itself. error corrupt, bad_signature: the connection ends.
  virtual Result<void> on_statement(const wire::Frame& frame) {
    (void)frame;
    return {};
  }
  /// The receiver asked for a pause or a resume.
  virtual void on_peer_pause(bool paused) = 0;
};

/// One loop thread; the packing threads touch only what says so.
struct SendShared {
  SendShared(asio::any_io_executor executor_in, SendSettings settings_in, sign::SecretKey key_in,
             SendWatcher& watcher_in);

  asio::any_io_executor executor;
  const SendSettings settings;
  const sign::SecretKey key;
  SendWatcher& watcher;
  std::vector<SendObject> objects;
  work::WorkerPool workers{0};        // used by packing threads
  BufferPool pool{kSendWindowBytes};  // any thread
  std::shared_ptr<FeedBudget> budget;
  SendLimits limits;
  bool paused = false;  ///< by the user
  std::size_t destinations = 1;
  std::uint64_t bytes_skipped = 0;       ///< content that did not have to travel
  double opened_unix_s = 0;              ///< the first connection stood; 0: none yet
  std::size_t connections = 0;           ///< made so far, by all destinations
  work::SerialWorker difference_worker;  // last: its thread ends before what its jobs use
};

}  // namespace dcdn::session
