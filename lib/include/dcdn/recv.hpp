// dcdn/recv.hpp - receives objects into a directory, to standard output, or as a chunk stream.
//
// Path     the receiving half of lib/README.md, "A chunk's way"
// Spec     dcdn-recv(1), dcdn-session(5), dcdn-format(5)
// Threads  each call runs on the thread that makes it, starts one loop and a few workers, and joins them
//          before it returns; several calls at once share nothing but the files of the home and of the
//          directory, which are locked
// Memory   bounded whatever is received: TransportOptions::receive_window for each connection, and about 48
//          MiB of chunks whose place is not known yet
//
// A receiver for one sender that ends after its first delivery:
//
//   dcdn::RecvOptions options;
//   options.home = *dcdn::find_home();
//   options.directory = "inbox";
//   options.allow = {"dcdn1..."};
//   options.once = true;
//   auto report = dcdn::recv(options, progress);   // progress: a ProgressSink of yours
//   if (!report) return dcdn::exit_status(report.error().code);
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

/// What happens when the final name of an object is taken.
///
/// refuse     the object is refused (the sender ends with 13); what is there stays
/// overwrite  it takes the place of what is there, once it is whole; a tree is laid over one that is there,
/// file by
///            file, and files that are right already stay
/// update     the same, but what was edited here since it was delivered stays, and then not all of it is
/// there rename     it gets a name of its own, with a number; which one, the report and on_object say skip
/// what is there stays and the object is left out; a tree fills the gaps of a directory
enum class OnCollision { refuse, overwrite, rename, skip, update };

/// What goes of a tree that is laid over another and whose sender mirrors it: nothing; what was delivered
/// under this name before, nobody touched since, and its sender does not have any more; or whatever is not in
/// it.
enum class AllowDelete { none, delivered, all };

/// Symbolic links in trees. inside: an object with one that may lead out of its tree is refused. any: they
/// are made as they come, wherever they point; what follows them later is the user's affair.
enum class Links { inside, any };

/// Where verified content goes. directory: files under their names; raw_stdout: the bytes of one object after
/// the other, trees are refused; chunk_stream: the verified frames, still signed, to be stored or passed on.
enum class Sink { directory, raw_stdout, chunk_stream };

/// Everything that dcdn-recv(1) can be told. Owns its strings; read during the call, never kept.
struct RecvOptions {
  /// "HOST:PORT", "[::1]:4433", ":4433" for all addresses; port 0: any free one, told by on_listening.
  std::string listen = ":4433";
  Sink sink = Sink::directory;
  /// Made if it is missing. Unfinished objects are in its folder .dcdn-part, which also locks it.
  std::string directory = ".";
  int output_fd = 1;  ///< raw_stdout, chunk_stream; stays the caller's
  int input_fd = 0;   ///< unpack_from_fd; stays the caller's

  // Whom to believe. What is named here is looked up in the home's keyring, so that a rotated key is
  // followed.
  /// Node ids or trusted names that may send; empty: every key in trusted_keys with the scope send.
  std::vector<std::string> allow;
  bool allow_any = false;  ///< --allow-any: anybody; a warning is told
  /// unpack_from_fd: each segment must carry a signature of one of these.
  std::vector<std::string> signers;
  bool require_signature = false;  ///< unpack_from_fd: of any trusted key
  bool keep_encrypted = false;     ///< directory: what is encrypted to a key of ours stays encrypted

  /// Ends after the first session that delivered something and left nothing unfinished.
  bool once = false;
  OnCollision on_collision = OnCollision::refuse;
  AllowDelete allow_delete = AllowDelete::none;  ///< with OnCollision::overwrite and update
  /// Entries that may go at once; unset: at most half, or 100.
  std::optional<std::uint64_t> max_delete;
  Links links = Links::inside;
  /// Give files to the owners that came along, by name if there is one here, else by number; only root can.
  /// Also lets files have set-user-id, set-group-id and sticky bits.
  bool owner = false;
  bool numeric_ids = false;  ///< with `owner`: always by number
  /// Attributes that came along and are set.
  Attributes attributes = Attributes::none;
  /// --whole: content is not looked for in older files, and no differences are asked for.
  bool whole = false;
  /// --checksum: of what was delivered before, all is read again, whatever it looks like.
  bool checksum = false;
  /// Files and directories with content that may come again, besides what lies under the final name.
  std::vector<std::string> basis;

  // Limits; 0 is none. Of both calls, asked before anything of what is announced is written: content counts
  // as often as it is there, and holes count.
  std::uint64_t quota_bytes = 0;            ///< of everything below `directory`, and of what was promised
  std::uint64_t reserve_bytes = 16u << 20;  ///< free space to leave on its disk
  std::uint64_t max_object_bytes = 0;       ///< content of one object
  std::chrono::milliseconds max_time{0};    ///< of the call; then Errc::limit
  std::chrono::milliseconds wait_time{0};   ///< with `once`: how long to wait for a sender
  /// False: nothing is synced before it is acknowledged. A power cut can then lose what a sender holds a
  /// receipt for.
  bool fsync = true;

  // Who we are.
  std::string key_name = "default";  ///< keys/NAME.pem of the home
  std::string passphrase;            ///< for an encrypted key; never logged
  std::string ca_file;               ///< PEM: senders must also present a certificate that it signed
  std::string cert_file;             ///< PEM: present this instead of a self-signed certificate
  TransportOptions transport;
  Home home;
  /// -1, or a descriptor that becomes readable when the work should stop (INT, TERM, HUP). Stays the
  /// caller's.
  int interrupt_fd = -1;
  /// Called once, on the loop thread, when the socket is bound, with the real address. May be empty.
  std::function<void(const std::string& address)> on_listening;
};

/// What a call did. Sizes in bytes; all counts are of this call alone.
struct RecvReport {
  std::uint64_t objects = 0;     ///< delivered
  std::uint64_t bytes = 0;       ///< content of these
  std::uint64_t wire_bytes = 0;  ///< UDP payload received; unpack_from_fd: bytes read
  double seconds = 0;            ///< first byte to last
  /// Seconds since 1970, by this clock: when the last byte of content was verified; 0: none came.
  double verified_unix_s = 0;
  std::vector<std::string> paths;  ///< final names, in the order of delivery
  /// Entries of trees that their senders could not read: what was delivered is all the rest.
  std::uint64_t left_out = 0;
  /// unpack_from_fd: objects that were not delivered, or a tree not wholly, because something else is
  /// at their place and OnCollision::skip or update keeps it. A sender that is connected is told itself.
  std::uint64_t kept = 0;
  std::uint64_t damaged_bytes = 0;  ///< unpack_from_fd: input that belonged to no intact frame
};

/// Listens and receives until interrupted, until max_time, or (once) until something was delivered.
///
/// options   read during the call
/// progress  told on the loop thread; outlives the call
/// cost      each byte of content is hashed twice (as carried and as content) and written once
/// error usage       nobody could ever send here; an option is out of range
/// error locked      another process receives into the directory
/// error interrupted interrupt_fd became readable; what is unfinished is kept and goes on with the next call
/// error limit       max_time or wait_time is over
/// error untrusted, not_found, permission   our own key
/// error closed_pipe, io, no_space          the output
/// What a single sender or object does wrong ends that session or object, is told by on_note or on_object,
/// and ends nothing else.
DCDN_API Result<RecvReport> recv(const RecvOptions& options, ProgressSink& progress);

/// The same from a chunk stream on input_fd, in any order, with repeats and damage: no network, no key of
/// ours.
///
/// cost  as recv; chunks and segments whose place is not known yet wait in memory, at most 48 MiB
/// error corrupt      the input is no chunk stream, or a part of it is not what its signature says
/// error untrusted    a segment carries no signature that was asked for
/// error incomplete   parts are missing; what is here is kept: give another copy, or all parts at once
/// error limit        an object is more than the options allow, of which nothing is left then; too much waits
///                    for what it belongs to
/// error no_space     an object needs more than is free, with reserve_bytes; what is here of it is kept
/// error interrupted  as recv
DCDN_API Result<RecvReport> unpack_from_fd(const RecvOptions& options, ProgressSink& progress);

/// What the manifests of a chunk stream say is in it. The chunks are neither looked at nor missed.
struct StreamContent {
  std::string name;                       ///< as its sender wrote it, to be escaped; "stdin" if it has none
  std::string kind;                       ///< file, tree, stream
  std::uint64_t entries = 0;              ///< files, folders and links
  std::uint64_t bytes = 0;                ///< of their content
  std::uint64_t left_out = 0;             ///< what its sender could not read
  bool whole = false;                     ///< its manifest is here to its end; else the numbers are of a part
  std::vector<std::string> signers;       ///< node ids of those whose good signature covers all that is here
  std::vector<std::string> signer_names;  ///< for each of them, under which it is trusted; may be empty
};

/// Reads input_fd to its end and writes nothing. With a home, names of trusted keys are told. A signature
/// proves who signed; whether that key is to be believed is the caller's.
///
/// error corrupt: no chunk stream; interrupted, io; limit: more than 65,536 objects, or 64 signers of one
DCDN_API Result<std::vector<StreamContent>> list_content(const RecvOptions& options);

/// Removes the staging folders below `directory` that nothing has touched for `older_than`; returns how many.
/// What is in use by this process stays. error locked: another process receives there; not_found, permission,
/// io.
DCDN_API Result<int> clean_staging(const std::string& directory, std::chrono::milliseconds older_than);

}  // namespace dcdn
