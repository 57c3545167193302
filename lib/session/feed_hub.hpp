// feed_hub.hpp - starts the packing thread of an object, once for all destinations that keep up.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "session/send_shared.hpp"
#include "source/chunk_sizer.hpp"
#include "source/sealed_source.hpp"
#include "source/segment_rungs.hpp"
#include "work/thread.hpp"

namespace dcdn::session {

/// How an object is packed; told of the link meanwhile.
struct PackingPlan {
  PackingPlan(pace::ChunkSizePolicy policy, const message::Answer& answer, std::uint32_t largest,
              const compress::CompressRequest& compress, std::size_t threads)
      : sizes(std::move(policy), answer.plan, largest), rungs(compress, answer.plan, threads) {}

  source::ChunkSizer sizes;
  source::SegmentRungs rungs;
};
using PackingPlanPtr = std::shared_ptr<PackingPlan>;

class FeedHub {
 public:
  explicit FeedHub(SendShared& shared) : shared_(shared) {}
  ~FeedHub();

  /// The feed that all destinations share, made on the first call; not started. Subscribe before starting it.
  std::shared_ptr<Feed> shared_feed(const SendObject& object);
  /// Starts packing into `feed` unless it runs already: `answer` tells the chunk plan and whether repeats may
  /// be left out, `path` the first measure, `largest` the receiver's largest chunk. `read_all`: what is known
  /// from before does not count.
  PackingPlanPtr start(const SendObject& object, const std::shared_ptr<Feed>& feed,
                       const message::Answer& answer, const pace::PathMeasure& path, std::uint32_t largest,
                       bool read_all = false);
  /// It was delivered before, in the same way.
  [[nodiscard]] bool has_index(const SendObject& object) const;
  /// Of files that look as they did before, nothing is read for it.
  [[nodiscard]] bool uses_index(const std::shared_ptr<Feed>& feed) const;
  /// What it says is not so.
  void drop_index(const std::shared_ptr<Feed>& feed);
  /// All that came by it is at a receiver, as object `id`: the next time it need not be read.
  void delivered(const SendObject& object, const std::shared_ptr<Feed>& feed, const Digest& id);
  /// A feed of its own, from the beginning: for a destination that fell behind or whose receiver has another
  /// chain. Only for objects that can be read again.
  std::shared_ptr<Feed> private_feed();

 private:
  void reap();  // joins threads that have finished
  struct Started {
    PackingPlanPtr plan;
    std::shared_ptr<source::IndexWriter> index;
    std::string index_path;  // that was used; empty: none was
  };
  void pack(const SendObject& object, const std::shared_ptr<Feed>& feed, const Started& started,
            std::shared_ptr<source::SourceIndex> known, bool repeats_omitted);
  [[nodiscard]] std::string index_path(const SendObject& object) const;
  std::shared_ptr<source::SourceIndex> open_index(const SendObject& object, bool may_know, Started& started);
  using LeftOut = std::function<void(const std::string& path, const Error& why)>;
  source::PackRequest source_of(const SendObject& object);
  [[nodiscard]] bool mirrors(wire::ObjectKind kind) const;
  LeftOut left_out_of(const SendObject& object);
  Result<std::unique_ptr<source::SealedPipe>> open_sealed(const SendObject& object);
  Result<void> pack_sealed_object(const SendObject& object, const PackingPlanPtr& plan,
                                  const std::function<bool()>& stopped, const source::EmitSegment& emit,
                                  std::uint64_t time_s);

  SendShared& shared_;
  std::map<std::uint32_t, std::shared_ptr<Feed>> shared_feeds_;
  // Of every feed that was started. The address alone would not tell: one may stand where another one was.
  std::map<std::weak_ptr<Feed>, Started, std::owner_less<>> started_;
  struct Running {
    std::shared_ptr<Feed> feed;
    work::Thread thread;
  };
  std::vector<Running> running_;
};

}  // namespace dcdn::session
