// dcdn/recv.hpp - receives objects into a directory, to standard output, or as a chunk stream.
//
// Spec     dcdn-recv(1), dcdn-session(5)
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "dcdn/progress.hpp"
#include "dcdn/transport.hpp"

namespace dcdn {

enum class OnCollision { refuse, overwrite, rename, skip };
enum class Sink { directory, raw_stdout, chunk_stream };

struct RecvOptions {
  std::string listen = ":4433";  ///< "host:port"
  Sink sink = Sink::directory;
  std::string directory = ".";
  int output_fd = 1;                 ///< raw_stdout, chunk_stream
  int input_fd = 0;                  ///< unpack_from_fd
  std::vector<std::string> allow;    ///< node ids or trusted names; empty: every key in trusted_keys
  bool allow_any = false;            ///< --allow-any: says so loudly
  std::vector<std::string> signers;  ///< unpack: --key; segments must carry a signature of one of these
  bool require_signature = false;    ///< unpack: of any trusted key
  bool keep_encrypted = false;       ///< directory: do not decrypt what is encrypted to a key of ours
  bool once = false;                 ///< end after the first session that delivered something
  OnCollision on_collision = OnCollision::refuse;
  bool whole = false;                       ///< --whole: no older files are looked at
  std::vector<std::string> basis;           ///< files and directories with content that may come again
  std::uint64_t quota_bytes = 0;            ///< of the directory; 0: none
  std::uint64_t reserve_bytes = 16u << 20;  ///< free space to leave on the disk
  std::uint64_t max_object_bytes = 0;       ///< 0: none
  bool fsync = true;
  std::chrono::milliseconds max_time{0};
  std::chrono::milliseconds wait_time{0};  ///< --once: how long to wait for a sender; 0 for ever
  std::string key_name = "default";
  std::string passphrase;
  std::string ca_file;
  std::string cert_file;
  TransportOptions transport;
  Home home;
  int interrupt_fd = -1;
  /// Called once when the socket is bound, with the real address. May be empty.
  std::function<void(const std::string& address)> on_listening;
};

struct RecvReport {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::uint64_t wire_bytes = 0;
  double seconds = 0;               ///< first byte to last
  double verified_unix_s = 0;       ///< since 1970: the last byte of content was verified; 0: none came
  std::vector<std::string> paths;   ///< final names
  std::uint64_t damaged_bytes = 0;  ///< unpack: input that belonged to no intact frame
};

/// Listens until interrupted (or once). error: dcdn-recv(1), EXIT STATUS.
DCDN_API Result<RecvReport> recv(const RecvOptions& options, ProgressSink& progress);

/// The same from a chunk stream on input_fd: no network, no key.
DCDN_API Result<RecvReport> unpack_from_fd(const RecvOptions& options, ProgressSink& progress);

/// Removes staging folders older than that below `directory`; returns how many. error locked.
DCDN_API Result<int> clean_staging(const std::string& directory, std::chrono::milliseconds older_than);

}  // namespace dcdn
