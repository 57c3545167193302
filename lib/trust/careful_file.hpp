// careful_file.hpp - the files of a home that decide who is believed: nobody else may be able to change them.
//
// Reading takes no lock: files are replaced whole (write_file_atomically), so that a reader sees the old or
// the new one. Who changes one holds the FolderLock of its folder. Threads  any
#pragma once
#include <sys/types.h>

#include <string>

#include "dcdn/result.hpp"

namespace dcdn::trust {

inline constexpr mode_t kOwnerOnly = 0600;
inline constexpr mode_t kFolderMode = 0700;

/// Whoever may write the folder could put another file in this one's place. error permission: somebody else
/// may; not_found, io.
Result<void> check_folder(const std::string& folder);
/// A file that decides who is trusted; empty if there is none. error permission: others may write it or its
/// folder; limit: over 4 MiB; io.
Result<std::string> read_trust_file(const std::string& path);

}  // namespace dcdn::trust
