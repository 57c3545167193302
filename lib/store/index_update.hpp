// index_update.hpp - writes the index of a delivery: what came, what it looks like now, and what was
// delivered earlier and is still there.
#pragma once
#include <string>
#include <unordered_set>

#include "store/folder_path.hpp"
#include "store/manifest_log.hpp"
#include "store/noted_looks.hpp"
#include "store/receive_index.hpp"

namespace dcdn::store {

class IndexUpdate {
 public:
  /// `folder`: the delivered tree. `looks`: of its entries, when they got their names. `path`: of the index,
  /// which is replaced. `whole`: the tree was moved there as a whole.
  IndexUpdate(FolderPath& folder, LooksLog& looks, std::string path, bool whole)
      : folder_(folder), looks_(looks), path_(std::move(path)), whole_(whole) {}
  /// left_out: how much the object's sender could not read.
  Result<void> write(const ManifestLog& log, const Digest& object, std::uint64_t left_out);

 private:
  Result<void> find_given_up(const ManifestLog& log);
  Result<void> add(const wire::Record& record);
  Result<void> add_entry(const wire::EntryBegin& begin);
  Result<void> add_former(const std::string& before);
  void look_again(IndexedEntry& entry);
  void next_former();
  [[nodiscard]] FileLooks look(const std::string& path);

  FolderPath& folder_;
  LooksLog& looks_;
  std::string path_;
  bool whole_;
  std::optional<IndexWriter> writer_;
  std::optional<IndexReader> earlier_;
  std::optional<IndexedEntry> former_;  // the next one of earlier_
  std::uint64_t entries_ = 0;
  std::unordered_set<std::uint64_t> given_up_;  // entries that were begun and then left out: nothing is there
  bool in_given_up_ = false;
};

}  // namespace dcdn::store
