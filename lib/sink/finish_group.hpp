// finish_group.hpp - small objects that are complete get their names together: what each needs on the disk is
// synced once for all of them, and nobody is told before that.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sink/object_sink.hpp"

namespace dcdn::sink {

/// Whoever fills it finishes it when there is nothing else to do at once, or when it is full: no timer, so
/// that one object alone waits for nothing, and of many each group is as large as the disk is slow. Threads
/// one at a time (the receiver's store thread).
class FinishGroup {
 public:
  static constexpr std::size_t kMostObjects = 512;
  static constexpr std::uint64_t kMostBytes = 16u << 20;
  /// Gets the path, or why there is none.
  using Done = std::function<void(const Result<std::string>& path)>;

  /// `sink` finishes_in_group(), and outlives that.
  void add(ObjectSink& sink, Done done) { add({&sink, nullptr, std::move(done)}); }
  void add(const std::shared_ptr<ObjectSink>& sink, Done done) { add({sink.get(), sink, std::move(done)}); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] bool full() const { return waiting_.size() >= kMostObjects || bytes_ >= kMostBytes; }
  /// All of them. Objects that come meanwhile are the next group's.
  void finish();

 private:
  struct Waiting {
    ObjectSink* sink;
    std::shared_ptr<ObjectSink> owner;
    Done done;
  };
  void add(Waiting waiting);

  std::vector<Waiting> waiting_;
  std::uint64_t bytes_ = 0;
};

}  // namespace dcdn::sink
