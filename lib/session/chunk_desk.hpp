// chunk_desk.hpp - the chunks of objects that come together: verified, and given to whoever waits for
// them.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dcdn/units.hpp"
#include "pipeline/chunk_packer.hpp"
#include "sink/object_sink.hpp"
#include "wire/repeat_window.hpp"

namespace dcdn::session {

class IncomingObject;

/// What the store thread reports of an object after a job.
struct ObjectStatus {
  std::uint64_t segments_done = 0;
  std::uint64_t bytes_done = 0;
  bool complete = false;
};
ObjectStatus status_of(const sink::ObjectSink& sink);

/// Store thread: the sinks of objects that come together, and chunks that came before their segment.
class ChunkDesk {
 public:
  using Done = std::function<void()>;
  /// `object` is told what became of its chunks; it ends on the loop, so it is not held here.
  void add(std::uint32_t number, std::shared_ptr<sink::ObjectSink> sink,
           std::weak_ptr<IncomingObject> object = {});
  void remove(std::uint32_t number) { places_.erase(number); }
  [[nodiscard]] sink::ObjectSink* find(std::uint32_t number) const;
  /// The same, to be kept; null: it is gone.
  [[nodiscard]] std::shared_ptr<sink::ObjectSink> share(std::uint32_t number) const;
  [[nodiscard]] std::weak_ptr<IncomingObject> object(std::uint32_t number) const;
  /// Verifies a chunk and writes it to every object that waits for it. Returns the objects that changed.
  /// A chunk that nobody waits for yet is held with its `credit` (called once it is no longer held).
  struct Outcome {
    std::vector<std::uint32_t> changed;
    std::vector<std::pair<std::uint32_t, Error>> failed;
    bool lost =
        false;  ///< a chunk is wanted now that was thrown away as a repeat: only a reconnect brings it again
    std::optional<message::Want> again;  ///< the chunk itself has to come
  };
  Outcome take(const pipeline::ChunkFrame& chunk, BufferPool& pool, Done credit);
  /// A chunk of one object as a difference to an older file.
  Outcome take_difference(const message::Difference& difference, BufferPool& pool);
  /// After a segment was added: chunks held for it.
  Outcome take_held(const std::vector<Digest>& now_wanted, BufferPool& pool);
  /// What is unfinished is forgotten, on disk as well.
  void discard_all();
  void clear();

 private:
  struct Place {
    std::shared_ptr<sink::ObjectSink> sink;
    std::weak_ptr<IncomingObject> object;
  };
  struct Held {
    Buffer carried;
    Done credit;
  };
  void write(std::uint32_t number, sink::ObjectSink& sink, const pipeline::ChunkFrame& chunk,
             BufferPool& pool, Outcome& outcome);
  std::unordered_map<std::uint32_t, Place> places_;
  std::shared_ptr<sink::WaitingBudget> waiting_ = std::make_shared<sink::WaitingBudget>();
  std::unordered_map<Digest, Held, Name32Hash> held_;
  // A chunk that two objects of a session share may come twice; the second is not held for a segment to come.
  wire::RepeatWindow<bool> written_;
  wire::RepeatWindow<bool> thrown_away_;
};

}  // namespace dcdn::session
