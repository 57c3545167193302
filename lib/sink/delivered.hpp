// delivered.hpp - a note of what was delivered into a directory, so that a sender whose receipt was lost gets
// another.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "message/session_message.hpp"
#include "store/part_object.hpp"

namespace dcdn::sink {

struct Delivered {
  Digest object;  ///< id of the final segment
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  std::vector<message::ChunkPlanStep> plan;  ///< so that the sender cuts the same chunks again
  std::string path;                          ///< final name
};

/// One small file in the state directory per (directory, sender, name, kind).
class DeliveredRecord {
 public:
  DeliveredRecord(std::string delivered_dir, const std::string& receive_dir,
                  const store::PartObject::Options& options);
  /// What was delivered and is still in place: its path exists and no staging folder of it is left.
  [[nodiscard]] std::optional<Delivered> find() const;
  /// The name in the directory under which it was delivered last, whatever became of it since.
  [[nodiscard]] std::optional<std::string> last_name() const;
  Result<void> put(const Delivered& delivered) const;
  void remove() const;

 private:
  std::string dir_;
  std::string path_;
  std::string staged_;
};

}  // namespace dcdn::sink
