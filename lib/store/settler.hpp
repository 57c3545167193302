// settler.hpp - gives staged entries what does not depend on their bytes: length, owner, attributes, mode,
// time; makes links, empty files and folders.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "store/extras_setter.hpp"
#include "store/link_targets.hpp"
#include "store/manifest_log.hpp"
#include "store/noted_looks.hpp"
#include "store/part_object.hpp"
#include "store/tree_access.hpp"

namespace dcdn::store {

timespec to_timespec(std::int64_t ns);
/// Permissions that an entry gets here; `owned`: it has the owner that came with it.
unsigned wanted_mode(const wire::EntryBegin& entry, const PartObject::Options& options, unsigned umask,
                     bool owned);
/// Linking failed with that errno because there are no links here, or no more of them: a copy has to do.
bool has_no_links(int reason);
std::string copies_note(std::uint64_t copies);

class Settler {
 public:
  /// `sync_each`: each file and folder is fsynced once it is as it will be. `links`: of the same chain.
  /// `looks`: gets what files look like then; null: nobody asks.
  Settler(TreeRoot& tree, const PartObject::Options& options, bool sync_each, LinkTargets links = {},
          LooksLog* looks = nullptr)
      : tree_(tree),
        options_(options),
        sync_each_(sync_each),
        looks_log_(looks),
        links_(std::move(links)),
        extras_(options.kept) {}

  /// Each entry, in the manifest's order.
  Result<void> settle(const WholeEntry& entry);
  /// What `entry` says of a file that is open and has all its bytes: owner, attributes, mode and time.
  Result<void> finish_file(int fd, const wire::EntryBegin& entry);
  /// After all entries: a directory's mode may forbid, and its time would change with, what is done inside
  /// it.
  Result<void> settle_directories();
  /// Instead of both, when all was settled before and some of it has its name already: the folders that are
  /// still here get back the mode and time that moving things out of them took.
  Result<void> settle_again(const WholeEntry& entry);

  /// The tree's own folder is as it was sent. Else only its owner may look into it: nobody said who else may.
  [[nodiscard]] bool knows_top() const { return knows_top_; }
  /// What failed was putting something on disk: what was written there may be lost, although it can be read.
  [[nodiscard]] bool sync_failed() const { return sync_failed_; }
  /// What a person should know of it.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  struct Looks {
    std::string path;
    unsigned mode = 0;
    std::int64_t mtime_ns = 0;
  };
  Result<UniqueFd> open_entry(const std::string& path, Missing missing);
  Result<void> note(const WholeEntry& entry, int fd);
  Result<void> settle_file(const WholeEntry& entry);
  Result<void> remove_file(const std::string& path);
  Result<void> settle_link(const wire::EntryBegin& entry);
  Result<void> settle_hard_link(const WholeEntry& entry);
  Result<void> copy_instead(const TreeRoot::Place& from, const TreeRoot::Place& to, const std::string& shown);
  /// Sets owner and attributes; what is to be set of the mode, and last.
  Looks dress(int fd, const wire::EntryBegin& entry);
  Result<void> set_mode_and_time(int fd, const Looks& looks);
  Result<void> sync(int fd, const std::string& shown);

  TreeRoot& tree_;
  const PartObject::Options& options_;
  bool sync_each_;
  LooksLog* looks_log_;
  bool sync_failed_ = false;
  bool knows_top_ = false;
  std::vector<Looks> directories_;
  LinkTargets links_;
  ExtrasSetter extras_;
  std::uint64_t copies_ = 0;  // in place of links
};

}  // namespace dcdn::store
