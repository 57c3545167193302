// dcdn/send.hpp - sends files, trees, standard input or a ready chunk stream.
//
// Spec     dcdn-send(1), dcdn-session(5)
// Threads  one call at a time per process is what the tools do; calls share nothing but the state directory
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "dcdn/progress.hpp"
#include "dcdn/transport.hpp"

namespace dcdn {

enum class SendPriority { critical, high, normal };

struct RetryOptions {
  std::chrono::milliseconds first{100};  ///< wait before the second try, doubled each time
  std::chrono::milliseconds longest{10000};
  std::chrono::milliseconds total{60000};  ///< without progress
  bool forever = false;
};

struct SendSource {
  std::string path;  ///< "-": input_fd
  SendPriority priority = SendPriority::normal;
};

struct SendOptions {
  std::vector<SendSource> sources;
  std::vector<std::string> destinations;  ///< "host:port"; default port 4433
  std::vector<std::string> paths;  ///< interfaces to use at once, or "auto" alone; empty: as the routes say
  std::vector<std::string> peer_ids;  ///< node id or trusted name: one for all destinations, or one each
  std::string name;                   ///< name for "-" (or for a single path)
  /// Only these can read it: trusted names, node ids, public key files. Empty: whoever it is sent to.
  std::vector<std::string> encrypt_to;
  std::string compress = "auto";             ///< auto|none|lz4|zstd[:level]
  std::optional<std::uint32_t> chunk_bytes;  ///< 4 KiB..4 MiB; unset: adapted to the path
  std::uint64_t rate_bytes_per_s = 0;        ///< 0: unlimited; content as carried, all destinations together
  std::uint64_t chunk_rate_per_s = 0;        ///< 0: unlimited
  enum class Symlinks { keep, follow, skip };
  bool whole = false;                  ///< --whole: no differences to what the receiver has
  Symlinks symlinks = Symlinks::keep;  ///< keep: as symlinks, one that leaves the tree is an error
  RetryOptions retry;
  std::chrono::milliseconds max_time{0};  ///< 0: none; then Errc::limit, resumable
  std::string key_name = "default";       ///< which of the node's keys
  std::string passphrase;                 ///< for an encrypted key; never logged
  std::string ca_file;                    ///< also check the peer's certificate against it
  std::string cert_file;                  ///< present this certificate instead of a self-signed one
  bool trust_on_first_use = false;        ///< --accept-new: remember an unknown peer (known_peers)
  bool insecure = false;                  ///< --insecure: any peer; a warning is printed
  std::string
      receipt_file;  ///< where to store the delivery receipts (frames); empty: only the state directory
  std::string resume_session;  ///< continue this session row instead of inserting a new one
  std::string arguments_json;  ///< stored in the session row for --resume
  TransportOptions transport;
  Home home;
  int input_fd = 0;
  int interrupt_fd = -1;  ///< becomes readable on INT/TERM/HUP: stop, leave a resumable session
};

/// What became of what was sent over one path, in bytes of UDP payload. What is left of `sent` is headers,
/// lost packets and messages still under way.
struct PathReport {
  std::string destination;      ///< as it was named
  std::string interface;        ///< empty: as the routes say
  bool coded = false;           ///< content went by the coded carrier, or some of it
  std::uint64_t sent = 0;       ///< everything
  std::uint64_t useful = 0;     ///< content and messages that the receiver confirmed, each byte once
  std::uint64_t repaired = 0;   ///< repair symbols, and what QUIC lost and so sent again (by its mean packet)
  std::uint64_t duplicate = 0;  ///< copies of small packets, sent in case one gets lost
  std::uint64_t wasted = 0;     ///< arrived when nothing of its block was missing any more
  std::uint64_t critical = 0;   ///< of critical objects: what it was given to send
  std::uint64_t packets = 0;
  std::uint64_t packets_lost = 0;  ///< as far as the receiver told
};

struct SendReport {
  std::string session;
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;          ///< content
  std::uint64_t bytes_skipped = 0;  ///< were there already, or repeats, or saved by differences
  std::uint64_t wire_bytes = 0;     ///< UDP payload sent
  std::uint64_t wire_bytes_received = 0;
  double seconds = 0;
  double opened_unix_s = 0;  ///< since 1970: the first connection stood, the first offer left
  std::vector<std::string> object_ids;
  std::string receiver;  ///< node id text of the (last) receiver
  std::vector<std::string> failed_destinations;
  std::vector<PathReport> paths;
};

/// Sends until the receipt of every object has been verified. error: see dcdn-send(1), EXIT STATUS; after
/// interrupted, incomplete, temporary, unreachable and limit the session can be resumed: error.hint has the
/// command.
DCDN_API Result<SendReport> send(const SendOptions& options, ProgressSink& progress);

/// Packs the sources into a chunk stream on `output_fd`, unsigned: no network, no key. One object per source.
DCDN_API Result<SendReport> pack_to_fd(const SendOptions& options, int output_fd, ProgressSink& progress);

}  // namespace dcdn
