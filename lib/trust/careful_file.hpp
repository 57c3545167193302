// careful_file.hpp - the files of a home that decide who is believed: nobody else may be able to change them.
//
// Reading takes no lock: files are replaced whole (write_file_atomically) or get lines at their end, so that
// a reader sees what was there before or after. Who changes one holds the FolderLock of its folder. Threads
// any
#pragma once
#include <sys/stat.h>
#include <sys/types.h>

#include <string>

#include "dcdn/result.hpp"

namespace dcdn::trust {

inline constexpr mode_t kOwnerOnly = 0600;
inline constexpr mode_t kFolderMode = 0700;

/// Whose file proves something to this process: its own user's, and root's, who may do anything anyway.
/// error permission: another user's.
Result<void> check_owner(const struct stat& info, const std::string& path);
/// Whoever may write the folder could put another file in this one's place. error permission: somebody else
/// may, or it is another user's; not_found, io.
Result<void> check_folder(const std::string& folder);
/// A file that decides who is trusted; empty if there is none. error permission: it is another user's, or
/// others may write it or its folder; limit: over 4 MiB; io.
Result<std::string> read_trust_file(const std::string& path);

/// What a file looks like from outside: whether it is another one, or has changed, since it was read.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;  ///< no such file
  struct timespec modified {};
  struct timespec changed {};  ///< moves with every change of the file, its mode and owner included
  [[nodiscard]] bool exists() const { return size >= 0; }
  bool operator==(const FileStamp& other) const;
};
/// What cannot be looked at counts as changed: whoever reads it then gets the error.
FileStamp stamp_of(const std::string& path);

}  // namespace dcdn::trust
