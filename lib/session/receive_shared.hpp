// receive_shared.hpp - what all connections of one receiving process share.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "dcdn/progress.hpp"
#include "message/session_message.hpp"
#include "session/receive_slots.hpp"
#include "sign/ed25519.hpp"
#include "sign/keyring.hpp"
#include "sink/finish_group.hpp"
#include "sink/object_sink.hpp"
#include "wire/frame.hpp"
#include "wire/signed_frames.hpp"
#include "work/serial_worker.hpp"

namespace dcdn::session {

/// Where an object goes. `round_trip`: to who offers it. Called on the loop; all else of the sink happens on
/// the store thread.
using MakeSink = std::function<Result<std::shared_ptr<sink::ObjectSink>>(
    const message::Offer& offer, const NodeId& sender, std::chrono::microseconds round_trip)>;

struct ReceiveSettings {
  MakeSink make_sink;
  /// All sinks write to one output, which cannot start over: a sink is kept for a sender that comes back, and
  /// when the output cannot be written receiving ends.
  bool one_output = false;
  bool in_turn = false;  ///< the output takes one object after the other
  bool fsync = true;
  /// Set when receiving ends before its time: what takes long on the store thread is given up then.
  std::shared_ptr<std::atomic<bool>> stopping = std::make_shared<std::atomic<bool>>(false);
  std::uint32_t max_chunk_content =
      1u << 20;       ///< at most half the receive window: a chunk is credited when it is whole
  bool coded = true;  ///< takes content by the coded carrier from senders that offer it
  std::string agent;
  /// May sign what an allowed peer carries. Loop thread; changes with the statements that come.
  std::shared_ptr<const sign::Keyring> trusted = std::make_shared<const sign::Keyring>();
  std::function<Bytes()> statements;  ///< frames about keys, sent ahead of the welcome; none: nothing
};

/// One that was delivered.
struct ReceivedObject {
  std::string name;  ///< as its sender wrote it
  std::string path;  ///< where it lies now; empty if it went to an output
  std::uint64_t bytes = 0;
  Digest id;
  NodeId sender;
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
  /// Before on_delivered(): its sender could not read all of it. `name` as its sender wrote it.
  virtual void on_left_out(const std::string& name, const wire::LeftOutList& left_out) {
    (void)name, (void)left_out;
  }
  virtual void on_delivered(const ReceivedObject& object) = 0;
  /// `name` as its sender wrote it.
  virtual void on_object_failed(const std::string& name, const NodeId& sender, const Error& error) = 0;
  /// A key said something about itself. error corrupt, bad_signature: the connection ends.
  virtual Result<void> on_statement(const wire::Frame& frame) {
    (void)frame;
    return {};
  }
};

class ReceiveLink;

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
  ReceiveSlots slots{settings.in_turn};
  std::map<std::string, std::weak_ptr<ReceiveLink>> sessions;  ///< the first connection of each, by its id
  std::uint64_t objects_delivered = 0;
  std::uint64_t bytes_delivered = 0;
  /// Content bytes verified since the start, all objects: what the rate is measured on.
  std::uint64_t bytes_verified = 0;
  double verified_unix_s = 0;         ///< when the last of them was
  std::optional<Error> output_error;  ///< standard output cannot be written: receiving ends
  bool paused = false;
  bool told_not_noted = false;     ///< ObjectSink::not_noted()
  sink::FinishGroup finish_group;  ///< store thread
  work::SerialWorker worker;       // last: its thread ends before what its jobs use
};

/// Loop thread: a job for the store thread. It keeps `self` alive while it runs, and gives it back to the
/// loop: nothing of the network ends on another thread.
template <class T>
void on_store(ReceiveShared& shared, std::shared_ptr<T> self,
              std::function<void(std::type_identity_t<T>&)> job) {
  shared.worker.post([executor = shared.executor, self = std::move(self), job = std::move(job)]() mutable {
    job(*self);
    job = nullptr;
    asio::post(executor, [self = std::move(self)] {});
  });
}

}  // namespace dcdn::session
