// source_walk.hpp - what is to be sent: a file, a directory tree, or standard input, entry by entry in
// canonical order.
//
// Whoever may write to a tree may change it while it is read. So directories are walked by descriptor, no
// component of a path is looked up twice, and what is opened is the very file that the walk saw: a link that
// is put in its place leads nowhere.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>

#include "dcdn/result.hpp"
#include "source/selection.hpp"
#include "wire/extras.hpp"
#include "wire/manifest.hpp"
#include "wire/segment_looks.hpp"

namespace dcdn::source {

/// inside: send symlinks as symlinks, refuse one that leaves the tree. keep: the same without refusing any.
/// follow: send what they point to. skip: leave them out.
enum class Symlinks { inside, keep, follow, skip };

/// How a tree is walked.
struct WalkRules {
  Symlinks symlinks = Symlinks::inside;
  bool strict = false;     ///< what cannot be read ends the walk
  bool mirror = false;     ///< what is not in the tree shall go where the receiver allows that
  bool hard_links = true;  ///< several names of a file are sent as that, not as copies
  bool owner = false;      ///< who owns it is sent
  wire::KeptAttributes attributes = wire::KeptAttributes::none;  ///< that are sent
  std::shared_ptr<const Selection> selection;                    ///< none: all of it
};

/// Which file it is, whatever its name.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  explicit FileMark(const struct stat& info) : device(info.st_dev), inode(info.st_ino) {}
  FileMark() = default;
  bool operator==(const FileMark&) const = default;
};

/// One entry as found on disk.
struct SourceEntry {
  wire::EntryBegin begin;
  std::string disk_path;    ///< to be shown
  int parent = AT_FDCWD;    ///< the directory that `leaf` is in; open during the visit
  std::string leaf;         ///< what to open
  bool may_follow = false;  ///< `leaf` stands for what it points to
  FileMark mark;            ///< what has to come of opening it
  wire::FileLook look;      ///< when the walk saw it
  int opened = -1;          ///< of a directory: itself, open during the visit
  std::uint64_t names = 1;  ///< hard links to it, wherever they are
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint64_t unstored = 0;  ///< of a file's size, what it takes no blocks for: holes, or compressed away
};

struct SourceTotals {
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  std::uint64_t holes =
      0;  ///< of `bytes`; those of small files, and all but the first of many, are not counted
};

/// What a path on the command line names; a symlink is what it points to. error not_found, permission; usage:
/// a device, socket or FIFO (pipe it in through "-").
Result<wire::ObjectKind> kind_of_source(const std::string& path);

/// The name an object gets when the user gives none: the last component; of "." and "..", that of the
/// directory that it is. "/" has none: error usage, hint --name.
Result<std::string> name_of_source(const std::string& path);

using EntryVisitor = std::function<Result<void>(const SourceEntry& entry)>;
/// An entry that cannot be read, `path` being its own in the tree; or something in a directory, right after
/// that was visited.
using LeftOutVisitor = std::function<Result<void>(const std::string& path, const Error& why)>;
/// A special file was left out, and why.
using SkipNote = std::function<void(const std::string& text)>;

struct WalkVisitor {
  EntryVisitor entry;
  LeftOutVisitor left_out = {};  ///< empty: passed over
  SkipNote note = {};            ///< may be empty
};

/// Visits the entries below `path` (the root itself is not an entry) in the manifest's order: names of a
/// directory sorted by bytes, a directory before what is in it. Memory: the names of the directories on the
/// way down, and a descriptor for each of these. error: the root cannot be read; refused: a symlink that
/// leaves the tree (hint --symlinks); with `strict`, whatever cannot be read.
Result<void> walk_tree(const std::string& path, const WalkRules& rules, const WalkVisitor& visitor);

/// Sizes by stat only, so that progress and free space are known before the first byte is read.
Result<SourceTotals> measure_source(const std::string& path, wire::ObjectKind kind, const WalkRules& rules);

/// The entry of a tree's own directory, with an empty path.
Result<SourceEntry> top_entry(const std::string& path);

/// The single entry of a file object.
Result<SourceEntry> file_entry(const std::string& path);

/// Mode and time of an entry.
wire::EntryBegin begin_of(const std::string& path_in_tree, const struct stat& info);

}  // namespace dcdn::source
