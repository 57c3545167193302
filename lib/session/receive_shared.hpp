// receive_shared.hpp - what all connections of one receiving process share.
#pragma once
#include <asio/any_io_executor.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "dcdn/progress.hpp"
#include "net/connection.hpp"
#include "sign/ed25519.hpp"
#include "sign/keyring.hpp"
#include "sink/object_sink.hpp"
#include "store/collision.hpp"
#include "store/receive_dir.hpp"
#include "wire/frame.hpp"
#include "wire/signed_frames.hpp"
#include "work/serial_worker.hpp"

namespace dcdn::session {

enum class SinkKind { directory, raw, stream };

struct ReceiveSettings {
  SinkKind sink = SinkKind::directory;
  std::shared_ptr<store::ReceiveDir> dir;  ///< directory only
  store::Collision collision = store::Collision::refuse;
  bool fsync = true;
  std::string delivered_dir;
  int output_fd = 1;
  std::uint64_t quota_bytes = 0;
  std::uint64_t reserve_bytes = 0;
  std::uint64_t max_object_bytes = 0;
  std::uint32_t max_chunk_content =
      1u << 20;                    ///< at most half the receive window: a chunk is credited when it is whole
  bool use_older = true;           ///< looks for content in older files (directory only)
  std::vector<std::string> basis;  ///< older files to consider besides what lies under the name
  bool coded = true;               ///< takes content by the coded carrier from senders that offer it
  std::string agent;
  /// May sign what an allowed peer carries. Loop thread; changes with the statements that come.
  std::shared_ptr<const sign::Keyring> trusted = std::make_shared<const sign::Keyring>();
  Bytes statements;  ///< frames about our key, sent ahead of the welcome
};

/// Told on the loop thread.
class ReceiveWatcher {
 public:
  virtual ~ReceiveWatcher() = default;
  virtual void on_note(int level, const std::string& text) = 0;
  /// A peer said hello; `id` names the session in the list (16 hexadecimal digits).
  virtual void on_session(const std::string& id, const NodeId& peer, const std::string& address) = 0;
  /// The session's objects so far.
  virtual void on_session_progress(const std::string& id, const std::string& name, std::uint64_t done,
                                   std::uint64_t total) = 0;
  /// It ended: null when everything offered was delivered.
  virtual void on_session_end(const std::string& id, const Error* error) = 0;
  virtual void on_delivered(const std::string& name, const std::string& path, std::uint64_t bytes,
                            const Digest& object) = 0;
  virtual void on_object_failed(const std::string& name, const Error& error) = 0;
  /// A key said something about itself. error corrupt, bad_signature: the connection ends.
  virtual Result<void> on_statement(const wire::Frame& frame) {
    (void)frame;
    return {};
  }
};

class ReceiveConnection;

/// An object being received, by slot: two connections never write to one staging folder, and a sink that
/// cannot start over (standard output) is kept for the reconnect.
struct SlotUse {
  ReceiveConnection* connection = nullptr;  ///< who receives into it now
  std::uint32_t object = 0;
  std::shared_ptr<sink::ObjectSink> kept;  ///< raw and stream sinks: also while no connection has it
};

struct ReceiveShared {
  ReceiveShared(asio::any_io_executor executor_in, ReceiveSettings settings_in, sign::SecretKey key_in,
                ReceiveWatcher& watcher_in)
      : executor(std::move(executor_in)),
        settings(std::move(settings_in)),
        key(std::move(key_in)),
        watcher(watcher_in) {}

  asio::any_io_executor executor;
  const ReceiveSettings settings;
  const sign::SecretKey key;
  ReceiveWatcher& watcher;
  BufferPool pool{16u << 20};
  std::map<std::string, SlotUse> slots;
  std::map<std::string, std::weak_ptr<ReceiveConnection>>
      sessions;  ///< the first connection of each, by its id
  std::uint64_t objects_delivered = 0;
  std::uint64_t bytes_delivered = 0;
  /// Content bytes verified since the start, all objects: what the rate is measured on.
  std::uint64_t bytes_verified = 0;
  double verified_unix_s = 0;         ///< when the last of them was
  std::optional<Error> output_error;  ///< standard output cannot be written: receiving ends
  /// Raw output takes one object after the other: which slot has it, and who waits.
  std::string raw_slot;
  std::deque<std::pair<std::weak_ptr<ReceiveConnection>, std::uint32_t>> raw_waiting;
  bool paused = false;
  work::SerialWorker worker;  // last: its thread ends before what its jobs use
};

}  // namespace dcdn::session
