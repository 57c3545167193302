// dcdn/send.hpp - sends files, trees, standard input or a ready chunk stream to one or several receivers.
//
// Path     the sending half of lib/README.md, "A chunk's way"
// Spec     dcdn-send(1), dcdn-session(5)
// Threads  each call runs on the thread that makes it, starts one loop, a thread for each object that is
//          packed and a worker for each further core, and joins them before it returns; several calls at once
//          share only the files of the home
// Memory   bounded whatever is sent: 24 MiB of content packed and not yet confirmed, however many
//          destinations
//
// A folder to one receiver that is known by its key:
//
//   dcdn::SendOptions options;
//   options.home = *dcdn::find_home();
//   options.sources = {{"photos"}};
//   options.destinations = {"hq.example:4433"};
//   options.peer_ids = {"dcdn1..."};
//   auto report = dcdn::send(options, progress);   // progress: a ProgressSink of yours
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/attributes.hpp"
#include "dcdn/home.hpp"
#include "dcdn/progress.hpp"
#include "dcdn/transport.hpp"

namespace dcdn {

/// The classes share each connection 50 : 30 : 20; what one does not use the others get. critical also takes
/// the path that delivers it first.
enum class SendPriority { critical, high, normal };

/// When to connect again. The wait doubles from `first` to `longest`, with some chance in it.
struct RetryOptions {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds longest{10000};
  /// Given up after so long without progress; anything that the receiver confirms begins it anew.
  std::chrono::milliseconds total{60000};
  bool forever = false;  ///< `total` does not count
};

/// One thing to send.
struct SendSource {
  std::string path;  ///< a file or a directory; "-": input_fd, which is sent as it flows
  SendPriority priority = SendPriority::normal;
};

/// Everything that dcdn-send(1) can be told. Owns its strings; read during the call, never kept.
struct SendOptions {
  std::vector<SendSource> sources;
  std::vector<std::string> destinations;  ///< "HOST:PORT", "[::1]:4433"; the port is 4433 if none is given
  /// Interfaces to use at once, or "auto" alone for every one that leads there; empty: as the routes say.
  std::vector<std::string> paths;
  /// Who must answer: node ids or trusted names, one for all destinations or one each. Empty: known_peers.
  std::vector<std::string> peer_ids;
  std::string name;  ///< for "-", or for a single path
  /// Only these can read it: trusted names, node ids, public key files. Empty: whoever it is sent to.
  std::vector<std::string> encrypt_to;

  std::string compress = "auto";             ///< auto|none|lz4|zstd[:level]
  std::optional<std::uint32_t> chunk_bytes;  ///< 4 KiB..4 MiB; unset: adapted to the path
  std::uint64_t rate_bytes_per_s = 0;        ///< 0: unlimited; content as carried, all destinations together
  std::uint64_t chunk_rate_per_s = 0;        ///< 0: unlimited
  /// --whole: nothing is sent as a difference to what the receiver has.
  bool whole = false;
  /// inside: as symlinks, and one that leaves the tree is an error. keep: as symlinks, wherever they point;
  /// it is the receiver's choice whether it takes those. follow: what they point to. skip: left out.
  enum class Symlinks { inside, keep, follow, skip };
  Symlinks symlinks = Symlinks::inside;
  /// Of a tree, what is not in it any more is deleted where the receiver allows that; never if something
  /// could not be read. Not with `only` or `exclude`.
  bool mirror = false;
  /// Several names of a file in a tree arrive as that; false: as copies.
  bool hard_links = true;
  bool owner = false;  ///< who owns what is sent goes along; the receiver decides whether it is set
  /// Attributes that go along, at most 64 KiB of an entry; the receiver decides which of them it sets.
  Attributes attributes = Attributes::none;
  /// Of a tree, what cannot be read costs only itself and is told by on_left_out. True: it costs all of the
  /// tree.
  bool strict = false;
  /// Unset: all of a tree. Else only these of it, and what is below them: paths relative to it.
  std::optional<std::vector<std::string>> only;
  std::vector<std::string> exclude;  ///< patterns of names, or with a slash of paths, that are passed over
  /// Not empty: for /bin/sh, run once; what it writes is what source "-" sends. If it fails, the object has
  /// no end.
  std::string command;

  /// Of what was delivered before, files that look as they did then are not read: their size, times and
  /// inode are compared with the index that the state directory has (dcdn-send(1), SENDING AGAIN).
  bool no_index = false;  ///< none is read and none is kept
  bool checksum = false;  ///< everything is read; a file that differs and looks the same is told by on_note
  std::vector<std::string> index_ignore;  ///< "inode", "ctime": what file systems make up anew

  RetryOptions retry;
  std::chrono::milliseconds max_time{0};  ///< of the call; 0: none; then Errc::limit, and it can be resumed

  // Who we are and whom we believe.
  std::string key_name = "default";  ///< keys/NAME.pem of the home
  std::string passphrase;            ///< for an encrypted key; never logged
  std::string ca_file;               ///< PEM: the peer must also present a certificate that it signed
  std::string cert_file;             ///< PEM: present this instead of a self-signed certificate
  bool trust_on_first_use = false;   ///< --accept-new: an unknown peer is remembered in known_peers
  bool insecure = false;             ///< --insecure: any peer; a warning is told

  /// Where the delivery receipts go as well, as frames; empty: only to the state directory.
  std::string receipt_file;
  std::string resume_session;  ///< continue this session's row instead of inserting a new one
  std::string arguments_json;  ///< kept in the row for whoever resumes it; not read here
  TransportOptions transport;
  Home home;
  int input_fd = 0;  ///< stays the caller's
  /// -1, or a descriptor that becomes readable when the work should stop (INT, TERM, HUP): it leaves a
  /// session that can be resumed. Stays the caller's.
  int interrupt_fd = -1;
};

/// What became of what was sent over one path, in bytes of UDP payload. What is left of `sent` is headers,
/// lost packets and messages still under way.
struct PathReport {
  std::string destination;   ///< as it was named
  std::string interface;     ///< empty: as the routes say
  bool coded = false;        ///< content went by the coded carrier, or some of it
  std::uint64_t sent = 0;    ///< everything
  std::uint64_t useful = 0;  ///< content and messages that the receiver confirmed, each byte once
  /// Repair symbols, and what QUIC lost and so sent again (by its mean packet).
  std::uint64_t repaired = 0;
  std::uint64_t duplicate = 0;     ///< copies of small packets, sent in case one gets lost
  std::uint64_t wasted = 0;        ///< arrived when nothing of its block was missing any more
  std::uint64_t critical = 0;      ///< of critical objects: what it was given to send
  std::uint64_t packets = 0;       ///< sent
  std::uint64_t packets_lost = 0;  ///< as far as the receiver told
};

/// What a call did. Sizes in bytes.
struct SendReport {
  std::string session;              ///< its id: 16 hexadecimal digits
  std::uint64_t objects = 0;        ///< whose receipts were verified; once for each destination
  std::uint64_t bytes = 0;          ///< content of these
  std::uint64_t bytes_skipped = 0;  ///< were there already, or repeats, or saved by differences
  std::uint64_t wire_bytes = 0;     ///< UDP payload sent
  std::uint64_t wire_bytes_received = 0;
  /// Entries of trees that could not be read: what was delivered is all the rest (exit status 14, partial).
  std::uint64_t left_out = 0;
  double seconds = 0;
  /// Seconds since 1970, by this clock: the first connection stood, the first offer left.
  double opened_unix_s = 0;
  std::vector<std::string> object_ids;           ///< BLAKE3 roots, 64 hexadecimal digits
  std::string receiver;                          ///< node id text of the last receiver
  std::vector<std::string> failed_destinations;  ///< as they were named
  std::vector<PathReport> paths;
};

/// Sends until the receipt of every object from every destination has been verified.
///
/// options   read during the call
/// progress  told on the loop thread; outlives the call
/// cost      each byte is read, hashed twice and compressed once, however many destinations there are
/// error usage       no destination, an option out of range, more than one standard input
/// error not_found, permission, io, changed   a source; the others are sent all the same
/// error untrusted   our key is unusable, or the peer has another key than it should
/// error unreachable nothing answered in RetryOptions::total
/// error temporary, incomplete   the connection was lost and did not come back in that time
/// error limit       max_time is over, or a limit of the receiver
/// error refused     the receiver does not take it (a name that is taken, a tree for a pipe, a cancellation)
/// error no_space    the receiver's disk is full
/// error interrupted interrupt_fd became readable, or another terminal cancelled it
/// After interrupted, incomplete, temporary, unreachable and limit the session can be resumed: error.hint has
/// the command. With several objects or destinations the error is the first one's; the others were served.
DCDN_API Result<SendReport> send(const SendOptions& options, ProgressSink& progress);

/// Packs the sources into a chunk stream on `output_fd`, unsigned, one object after the other: no network, no
/// key. Equal content and options give equal bytes, but for the times of files.
///
/// output_fd  stays the caller's
/// error as of send() for sources; closed_pipe, no_space, io: the output
DCDN_API Result<SendReport> pack_to_fd(const SendOptions& options, int output_fd, ProgressSink& progress);

}  // namespace dcdn
