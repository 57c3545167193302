// feed_hub.hpp - starts the packing thread of an object, once for all destinations that keep up.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "pace/chunk_size_policy.hpp"
#include "session/sealed_source.hpp"
#include "session/send_shared.hpp"

namespace dcdn::session {

/// Chooses the chunk size of each segment: as the receiver's earlier chain has it, else by the measured path.
/// Threads  chunk_bytes: the packing thread; the rest: the loop thread.
class ChunkSizer {
 public:
  /// rate_bytes_per_s: of --rate, 0 for none: a chunk never takes longer than about half a second of it.
  /// several_paths: 64 KiB at most, so that no path has much to finish when the others are done.
  ChunkSizer(std::optional<std::uint32_t> fixed, std::vector<wire::ChunkPlanStep> plan, std::uint32_t largest,
             double rate_bytes_per_s, bool several_paths = false);
  [[nodiscard]] std::uint32_t chunk_bytes(std::uint64_t segment) const;
  void measure(const pace::PathMeasure& measure);
  /// The receiver turns out to take larger chunks than was safe to assume.
  void allow(std::uint32_t largest);

 private:
  const std::vector<wire::ChunkPlanStep> plan_;
  std::atomic<std::uint32_t> largest_;
  const std::uint32_t largest_chosen_;
  pace::ChunkSizePolicy policy_;
  std::atomic<std::uint32_t> current_;
};

struct RunningFeed {
  std::shared_ptr<Feed> feed;
  std::shared_ptr<ChunkSizer> sizer;  ///< empty until started
};

class FeedHub {
 public:
  explicit FeedHub(SendShared& shared) : shared_(shared) {}
  ~FeedHub();

  /// The feed that all destinations share, made on the first call; not started. Subscribe before starting it.
  std::shared_ptr<Feed> shared_feed(const SendObject& object);
  /// Starts packing into `feed` unless it runs already: `answer` tells the chunk plan and whether repeats may
  /// be left out, `path` the first measure, `largest` the receiver's largest chunk.
  std::shared_ptr<ChunkSizer> start(const SendObject& object, const std::shared_ptr<Feed>& feed,
                                    const wire::Answer& answer, const pace::PathMeasure& path,
                                    std::uint32_t largest);
  /// A feed of its own, from the beginning: for a destination that fell behind or whose receiver has another
  /// chain. Only for objects that can be read again.
  std::shared_ptr<Feed> private_feed();

 private:
  void reap();  // joins threads that have finished
  void pack(const SendObject& object, const std::shared_ptr<Feed>& feed,
            const std::shared_ptr<ChunkSizer>& sizer, bool repeats_omitted);
  PackRequest source_of(const SendObject& object);
  Result<std::unique_ptr<SealedPipe>> open_sealed(const SendObject& object);
  Result<void> pack_sealed_object(const SendObject& object, const std::shared_ptr<ChunkSizer>& sizer,
                                  const std::function<bool()>& stopped, const EmitSegment& emit,
                                  std::uint64_t time_s);

  SendShared& shared_;
  std::map<std::uint32_t, std::shared_ptr<Feed>> shared_feeds_;
  std::map<Feed*, std::shared_ptr<ChunkSizer>> sizers_;
  struct Running {
    std::shared_ptr<Feed> feed;
    std::thread thread;
  };
  std::vector<Running> running_;
};

}  // namespace dcdn::session
