// file_attributes.hpp - the extended attributes (xattr(7)) of a file, folder or link.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// Names and values as they are on this file system; one that knows none has none.
class FileAttributes {
 public:
  /// Of what is open; stays the caller's.
  explicit FileAttributes(int fd) : fd_(fd) {}
  /// Of what has that name; a link in its last component is not followed.
  explicit FileAttributes(std::string path) : path_(std::move(path)) {}
  /// The same below a folder that is open. There is no call that takes both: it needs /proc.
  FileAttributes(int folder, const std::string& name)
      : path_("/proc/self/fd/" + std::to_string(folder) + "/" + name) {}

  /// Sorted.
  [[nodiscard]] Result<std::vector<std::string>> names() const;
  /// error limit: longer than `most`; not_found and others, as the system has them.
  [[nodiscard]] Result<Bytes> value(const std::string& name, std::size_t most) const;
  [[nodiscard]] Result<void> set(const std::string& name, ByteView value) const;
  /// Fine if it is not there, or stays.
  void remove(const std::string& name) const;

 private:
  int fd_ = -1;
  std::string path_;
};

}  // namespace dcdn
