// incoming_object.hpp - one object being received: answered, checked, stored, confirmed.
//
// Whoever brings it feeds it: frames of its manifest here, chunks at the desk that it shares with the objects
// that come with it. What it wants it tells its ObjectPeer; which connection that is, or how many, it does
// not know.
//
// Spec     dcdn-session(5), OBJECTS
// Threads  the loop's; sinks are opened, fed and finished on the store thread, and the news of that come back
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/segment_gate.hpp"
#include "session/chunk_desk.hpp"
#include "session/object_peer.hpp"
#include "session/receive_shared.hpp"

namespace dcdn::session {

class IncomingObject : public std::enable_shared_from_this<IncomingObject> {
 public:
  /// Gives flow credit back; from any thread, once.
  using Credit = ChunkDesk::Done;

  /// `offer.object`: its number at the desk. `sender`: whose object it is, and who may sign it.
  IncomingObject(std::shared_ptr<ReceiveShared> shared, std::shared_ptr<ChunkDesk> desk, const NodeId& sender,
                 message::Offer offer, std::unique_ptr<ObjectPeer> peer);

  /// Takes its slot, opens its sink and answers; or waits until the output is free, and is called again then.
  void begin();
  /// A segment or a signature. `credit` is called once it is on its way to the store, or dropped. What is
  /// wrong with it fails the object; error corrupt, limit: it came before the answer, and its peer has to go.
  Result<void> take_manifest(const wire::Frame& frame, Credit credit);
  /// What comes from here on fits the answer. error corrupt: there was none yet.
  Result<void> take_again();
  /// The highest version of differences that can be sent for it; 0: none.
  void take_differences(std::uint32_t version) { differences_ = version; }
  /// From time to time: gives up what waits for a signature that does not come.
  void look(Micros now);

  void fail(const Error& error);
  /// By its sender, who may come again. keep_sink: as of end().
  void given_up(const Error& error, bool keep_sink = true);
  /// Another transfer of the same sender has its slot now.
  void give_up_slot();
  /// Says nothing more to its sender. keep_sink: an output that cannot start over waits for the next one who
  /// brings the object.
  void end(bool keep_sink);
  /// Its peer is about to go, and nothing else of it matters any more.
  void abandon() { over_ = true; }

  [[nodiscard]] const message::Offer& offer() const { return offer_; }
  [[nodiscard]] std::string shown_name() const;
  [[nodiscard]] std::uint64_t bytes_done() const { return now_.bytes_done; }
  /// They come the same way, and share their chunks.
  [[nodiscard]] bool comes_with(const IncomingObject& other) const { return desk_ == other.desk_; }

  /// Store thread: what became of objects at the desk, to them.
  static void tell(const ReceiveShared& shared, ChunkDesk& desk, const ChunkDesk::Outcome& outcome);

 private:
  using OnLoop = std::function<void(IncomingObject&)>;
  Result<std::shared_ptr<sink::ObjectSink>> claim_sink();
  void open(std::shared_ptr<sink::ObjectSink> sink);
  void opened(Result<message::Answer> answer);
  void take_early(bool plain);
  void pass(const wire::Frame& frame, Credit credit);
  void add_segment(pipeline::SegmentGate::Passed passed, Credit credit);
  void segment_added(std::uint64_t index, const Result<store::SegmentNeed>& need, const Bytes& ahead);
  void ask_again(const message::Want& want);
  void report(const ObjectStatus& status);
  void tell_stored();
  void finalize();
  // Store thread.
  void finish_with_others();
  void finished(const sink::ObjectSink& sink, const Result<std::string>& path);
  void finalized(const Result<std::string>& path, const Digest& id, std::uint64_t bytes,
                 const wire::LeftOutList& left_out);
  void tell_not_noted(const Error& why);
  void on_store(std::function<void(IncomingObject&)> job);  // loop thread
  void post(OnLoop on_loop);                                // store thread: unless it is over by then
  static void post_to(const ReceiveShared& shared, std::weak_ptr<IncomingObject> object, OnLoop on_loop);

  const std::shared_ptr<ReceiveShared> shared_;
  const std::shared_ptr<ChunkDesk> desk_;  // used on the store thread only
  const NodeId sender_;
  const message::Offer offer_;
  const std::unique_ptr<ObjectPeer> peer_;  // not after it is over
  std::string slot_;
  pipeline::SegmentGate gate_;
  std::uint32_t differences_ = 0;
  bool ask_ = false;
  bool opened_ = false;
  bool void_until_again_ = false;  // what comes was sent before our answer was known, and does not fit it
  std::vector<std::pair<wire::Frame, Credit>> early_;  // came before the answer
  bool finishing_ = false;
  bool over_ = false;
  ObjectStatus told_;  // what the sender knows
  ObjectStatus now_;
  std::chrono::steady_clock::time_point told_at_{};
};

}  // namespace dcdn::session
