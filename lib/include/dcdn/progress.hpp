// dcdn/progress.hpp - what a running transfer tells about itself.
//
// Threads  a ProgressSink is called on the thread of the library's loop, one call at a time, and must return
// soon:
//          what it does holds up the transfer. What it is given is valid during the call only.
// Units    bytes, bytes/s, seconds where a name says nothing else; shares 0..1
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/error.hpp"

namespace dcdn {

/// One object of a transfer.
struct ObjectProgress {
  std::string name;                          ///< escaped, safe to show
  std::string peer;                          ///< short node id or address it goes to or comes from
  std::optional<std::uint64_t> bytes_total;  ///< content bytes; unknown for a stream
  std::uint64_t bytes_done = 0;              ///< verified at the receiver
  bool finished = false;
};

/// One path of a sender that was told to use several.
struct PathProgress {
  std::string interface;
  std::string peer;    ///< destination, if there are several
  std::string state;   ///< probing, good, degraded, failed
  bool first = false;  ///< the session itself runs over it, not only chunks
  bool coded = false;  ///< chunks go by the coded carrier, not by QUIC streams
  std::chrono::microseconds rtt{};
  double loss = 0;          ///< 0..1, lately
  double rate = 0;          ///< bytes/s that it delivers when there is enough to send
  std::uint64_t bytes = 0;  ///< UDP payload sent over it
};

/// A snapshot, every 200 ms or so and whenever `state` changes.
struct Progress {
  std::string session;  ///< id
  std::string state;    ///< connecting, preparing, waiting for peer, sending, receiving, paused, stalled,
                        ///< storing, verifying, done, failed
  std::string detail;   ///< "42s", "retry 3 in 800ms: connection refused"; may be empty
  std::vector<ObjectProgress> objects;  ///< those active and the last finished; at most 16
  std::uint64_t objects_finished = 0;
  std::uint64_t objects_total = 0;  ///< 0: unknown
  std::optional<std::uint64_t> bytes_total;
  std::uint64_t bytes_done = 0;
  /// What arrived at the receiver as it travelled (compressed, encrypted), bytes/s over the last five
  /// seconds: never more than the link carries.
  double rate_now = 0;
  /// Content, since data first flowed, without what was there already; never more than what arrived, so
  /// that neither holes nor what was compressed away count. 0: too early to say.
  double rate_average = 0;
  std::optional<std::chrono::seconds> eta;  ///< none in the first seconds, when nothing is known yet
  std::uint64_t wire_bytes = 0;             ///< UDP payload sent or received so far
  /// 0..1, packets declared lost; none where nobody can tell: at a receiver, and of local work.
  std::optional<double> loss;
  std::chrono::microseconds rtt{};
  std::vector<PathProgress> paths;  ///< empty unless there are several
};

/// What became of one object.
struct ObjectEnd {
  std::string name;              ///< as its sender wrote it: any bytes, to be escaped before they are shown
  std::string path;              ///< final path (recv), also where a rule gave it another name; source (send)
  std::uint64_t bytes = 0;       ///< content
  std::string object_id;         ///< BLAKE3 root, 64 hexadecimal digits; empty if it did not come so far
  std::string peer;              ///< node id: who sent it (recv), who received it (send); empty: unknown
  std::string peer_name;         ///< under which that key is trusted; may be empty
  const Error* error = nullptr;  ///< null when well
};

/// An entry of a tree that its sender could not read.
struct EntryLeftOut {
  std::string object;  ///< its name; any bytes, to be escaped before they are shown
  std::string path;    ///< in it, the same; empty: something in its top folder
  Error why;           ///< permission, changed, not_found, io; limit: nested too deep
};

/// Yours: a terminal, a log, a window. Outlives the call that it is given to.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  /// The state now; earlier ones need not be kept.
  virtual void on_progress(const Progress& progress) = 0;
  /// One object ended well or badly, once for each destination.
  virtual void on_object(const ObjectEnd& object) = 0;
  /// Something of a tree could not be read by its sender; the rest of the tree goes on without it. Told by
  /// both ends, once for each of the first thousand.
  virtual void on_left_out(const EntryLeftOut& entry) { (void)entry; }
  /// A line for a person: "listening on 127.0.0.1:4433", "peer disconnected, waiting". level 0 normal, 1
  /// verbose, 2 debug.
  virtual void on_note(int level, const std::string& text) = 0;
};

}  // namespace dcdn
