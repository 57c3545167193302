// source_walk.hpp - what is to be sent: a file, a directory tree, or standard input, entry by entry in
// canonical order.
#pragma once
#include <functional>
#include <string>

#include "dcdn/result.hpp"
#include "wire/manifest.hpp"

namespace dcdn::source {

/// keep: send symlinks as symlinks, refuse one that leaves the tree. follow: send what they point to. skip:
/// leave them out.
enum class Symlinks { keep, follow, skip };

/// One entry as found on disk. `disk_path` is what to open; empty for standard input.
struct SourceEntry {
  wire::EntryBegin begin;
  std::string disk_path;
};

struct SourceTotals {
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
};

/// What a path on the command line names. error not_found, permission; usage: a device, socket or FIFO (pipe
/// it in through "-").
Result<wire::ObjectKind> kind_of_source(const std::string& path, Symlinks symlinks);

/// The name an object gets when the user gives none: the last component. "." and "/" have none: error usage,
/// hint --name.
Result<std::string> name_of_source(const std::string& path);

using EntryVisitor = std::function<Result<void>(const SourceEntry&)>;
/// A special file was left out, and why.
using SkipNote = std::function<void(const std::string& text)>;

/// Visits the entries below `path` (the root itself is not an entry) in the manifest's order: names of a
/// directory sorted by bytes, a directory before what is in it. Memory: the names of the directories on the
/// way down. error changed: vanished on the way; permission; refused: a symlink that leaves the tree (hint
/// --symlinks).
Result<void> walk_tree(const std::string& path, Symlinks symlinks, const EntryVisitor& visit,
                       const SkipNote& note);

/// Sizes by stat only, so that progress and free space are known before the first byte is read.
Result<SourceTotals> measure_source(const std::string& path, wire::ObjectKind kind, Symlinks symlinks);

/// The entry of a tree's own directory, with an empty path.
Result<SourceEntry> top_entry(const std::string& path);

/// The single entry of a file object.
Result<SourceEntry> file_entry(const std::string& path);

}  // namespace dcdn::source
