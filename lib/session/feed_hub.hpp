// feed_hub.hpp - starts the packing thread of an object, once for all destinations that keep up.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "session/send_shared.hpp"
#include "source/chunk_sizer.hpp"
#include "source/sealed_source.hpp"
#include "work/thread.hpp"

namespace dcdn::session {

class FeedHub {
 public:
  explicit FeedHub(SendShared& shared) : shared_(shared) {}
  ~FeedHub();

  /// The feed that all destinations share, made on the first call; not started. Subscribe before starting it.
  std::shared_ptr<Feed> shared_feed(const SendObject& object);
  /// Starts packing into `feed` unless it runs already: `answer` tells the chunk plan and whether repeats may
  /// be left out, `path` the first measure, `largest` the receiver's largest chunk.
  std::shared_ptr<source::ChunkSizer> start(const SendObject& object, const std::shared_ptr<Feed>& feed,
                                            const message::Answer& answer, const pace::PathMeasure& path,
                                            std::uint32_t largest);
  /// A feed of its own, from the beginning: for a destination that fell behind or whose receiver has another
  /// chain. Only for objects that can be read again.
  std::shared_ptr<Feed> private_feed();

 private:
  void reap();  // joins threads that have finished
  void pack(const SendObject& object, const std::shared_ptr<Feed>& feed,
            const std::shared_ptr<source::ChunkSizer>& sizer, bool repeats_omitted);
  using LeftOut = std::function<void(const std::string& path, const Error& why)>;
  source::PackRequest source_of(const SendObject& object);
  LeftOut left_out_of(const SendObject& object);
  Result<std::unique_ptr<source::SealedPipe>> open_sealed(const SendObject& object);
  Result<void> pack_sealed_object(const SendObject& object, const std::shared_ptr<source::ChunkSizer>& sizer,
                                  const std::function<bool()>& stopped, const source::EmitSegment& emit,
                                  std::uint64_t time_s);

  SendShared& shared_;
  std::map<std::uint32_t, std::shared_ptr<Feed>> shared_feeds_;
  // Of every feed that was started. The address alone would not tell: one may stand where another one was.
  std::map<std::weak_ptr<Feed>, std::shared_ptr<source::ChunkSizer>, std::owner_less<>> sizers_;
  struct Running {
    std::shared_ptr<Feed> feed;
    work::Thread thread;
  };
  std::vector<Running> running_;
};

}  // namespace dcdn::session
