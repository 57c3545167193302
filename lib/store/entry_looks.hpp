// entry_looks.hpp - mode, time, owner and attributes of what lies under a name: whether they are those that
// came, and to set them.
#pragma once
#include <sys/stat.h>

#include <string>
#include <vector>

#include "store/extras_setter.hpp"
#include "store/part_object.hpp"
#include "store/tree_access.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

/// Whether a file system that was to keep a time has it; it may know whole seconds only.
bool is_time(std::int64_t found_ns, std::int64_t wanted_ns);

class EntryLooks {
 public:
  explicit EntryLooks(const PartObject::Options& options) : options_(options), extras_(options.kept) {}

  /// `info`: of what is there.
  bool has(const wire::EntryBegin& entry, int parent, const std::string& leaf, const struct stat& info);
  /// Nothing is followed. What is another's, and we may only write to, stays as it is. 0, or errno.
  int set(const wire::EntryBegin& entry, int parent, const std::string& leaf, const std::string& shown);
  [[nodiscard]] bool has_extras(const wire::EntryBegin& entry, int parent, const std::string& leaf) {
    return extras_.has_named(parent, leaf, entry.extras);
  }
  /// What a person should know of it.
  [[nodiscard]] std::vector<std::string> notes() const { return extras_.notes(); }

 private:
  const PartObject::Options& options_;
  ExtrasSetter extras_;
  unsigned umask_ = current_umask();
};

}  // namespace dcdn::store
