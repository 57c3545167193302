// delivered.hpp - a note of what was delivered into a directory, so that a sender whose receipt was lost gets
// another.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "message/session_message.hpp"
#include "store/part_object.hpp"
#include "store/receive_index.hpp"
#include "store/sync_batch.hpp"

namespace dcdn::sink {

/// One small file in the state directory per (directory, sender, name, kind).
class DeliveredRecord {
 public:
  /// `delivered_dir` empty: nothing is noted and nothing found.
  DeliveredRecord(std::string delivered_dir, const std::string& receive_dir,
                  const store::PartObject::Options& options);
  /// What was delivered and is still in place, untouched: what is at its path looks as it was noted, and
  /// nothing of it is staged.
  [[nodiscard]] std::optional<store::Delivered> find() const;
  /// The name in the directory under which it was delivered last, whatever became of it since.
  [[nodiscard]] std::optional<std::string> last_name() const;
  /// Before the name is given as well as after: as long as the object is staged, what is noted of its looks
  /// is those of what is staged. A tree that will be laid over another is noted only after.
  Result<void> put(const store::Delivered& delivered) const;
  /// The same of a file that is not in its place yet and is called `staged`; it counts once `batch` is on
  /// disk.
  Result<void> put(const store::Delivered& delivered, const std::string& staged,
                   store::SyncBatch& batch) const;
  void remove() const;
  /// Where store::IndexReader finds what was delivered; empty: nothing is kept.
  [[nodiscard]] std::string index_path() const { return path_.empty() ? "" : path_ + store::kIndexEnding; }

 private:
  [[nodiscard]] static Bytes encode(const store::Delivered& delivered, const Digest& fingerprint);
  [[nodiscard]] bool is_untouched(const store::Delivered& delivered, const Digest& fingerprint) const;
  std::string dir_;
  std::string path_;
  std::string own_path_;  // of what is delivered under its own name
  std::string staged_;    // where the object is before it gets its name
};

}  // namespace dcdn::sink
