// send_session.hpp - one call of dcdn-send: objects, destinations, and what a person sees of it.
#pragma once
#include <memory>
#include <vector>

#include "dcdn/progress.hpp"
#include "net/task.hpp"
#include "pace/rate_meter.hpp"
#include "session/destination.hpp"

namespace dcdn::session {

struct DestinationResult {
  std::string address;
  std::optional<NodeId> peer;
  Result<void> result;
};

class SendSession {
 public:
  SendSession(asio::any_io_executor executor, SendSettings settings, sign::SecretKey key,
              SendWatcher& watcher, std::vector<SendObject> objects,
              std::vector<DestinationSettings> destinations);
  ~SendSession();

  /// Until every destination has ended, well or badly; never an error itself.
  asio::awaitable<std::vector<DestinationResult>> run();

  // From the control socket, signals and timers; on the loop thread.
  void set_paused(bool paused);
  /// Content as carried, all destinations together; 0: no limit, as it is at first. Takes effect at once,
  /// but for what a connection has queued already, and for the size of chunks that are packed.
  void set_rate(double bytes_per_s);
  void set_chunk_rate(double chunks_per_s);
  [[nodiscard]] bool paused() const;  ///< by either side
  /// Ends run(): interrupted, --max-time (resumable) or cancelled.
  void stop(std::uint64_t close_code, const Error& error);
  /// Ends what goes to those who are not trusted any more.
  void judge_again();
  [[nodiscard]] Progress progress();
  [[nodiscard]] const SendShared& shared() const { return shared_; }
  /// Every destination is at least connected (row state active), or still preparing.
  [[nodiscard]] bool connected() const;
  [[nodiscard]] std::uint64_t wire_bytes() const;
  [[nodiscard]] std::uint64_t wire_bytes_received() const;
  [[nodiscard]] const std::vector<std::unique_ptr<Destination>>& destinations() const {
    return destinations_;
  }

 private:
  void describe_objects(Progress& progress) const;
  /// Content that this session brought.
  [[nodiscard]] bool all_arrived() const;
  [[nodiscard]] std::uint64_t gained_bytes() const;
  [[nodiscard]] std::uint64_t arrived_bytes() const;
  [[nodiscard]] std::string state_word(Micros now, std::string& detail) const;

  SendShared shared_;
  FeedHub hub_;
  std::vector<std::unique_ptr<Destination>> destinations_;
  std::vector<DestinationResult> results_;
  std::size_t running_ = 0;
  net::Signal one_ended_;
  pace::RateMeter meter_;          // of content that receivers confirmed
  pace::RateMeter arrived_meter_;  // of bytes that their transport did: a chunk takes its time on a slow link
};

}  // namespace dcdn::session
