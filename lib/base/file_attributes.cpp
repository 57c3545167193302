#include "base/file_attributes.hpp"

#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "dcdn/error.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kMostListed = std::size_t{64} << 10;  // of names; Linux allows no more

}  // namespace

Result<std::vector<std::string>> FileAttributes::names() const {
  std::string all(kMostListed, '\0');
  const ssize_t got = fd_ >= 0 ? ::flistxattr(fd_, all.data(), all.size())
                               : ::llistxattr(path_.c_str(), all.data(), all.size());
  std::vector<std::string> names;
  if (got < 0 && errno == ENOTSUP) return names;
  if (got < 0) return errno_error(errno, "attributes");
  all.resize(static_cast<std::size_t>(got));
  for (std::size_t at = 0; at < all.size(); at += names.back().size() + 1)
    names.emplace_back(all.c_str() + at);
  std::sort(names.begin(), names.end());
  return names;
}

Result<Bytes> FileAttributes::value(const std::string& name, std::size_t most) const {
  Bytes value(most);
  const ssize_t got = fd_ >= 0 ? ::fgetxattr(fd_, name.c_str(), value.data(), value.size())
                               : ::lgetxattr(path_.c_str(), name.c_str(), value.data(), value.size());
  if (got < 0 && errno == ERANGE) return Error(Errc::limit, "longer than " + std::to_string(most) + " bytes");
  if (got < 0) return errno_error(errno, "read");
  value.resize(static_cast<std::size_t>(got));
  return value;
}

Result<void> FileAttributes::set(const std::string& name, ByteView value) const {
  const int done = fd_ >= 0 ? ::fsetxattr(fd_, name.c_str(), value.data(), value.size(), 0)
                            : ::lsetxattr(path_.c_str(), name.c_str(), value.data(), value.size(), 0);
  return done == 0 ? Result<void>() : Result<void>(errno_error(errno, escape_for_display(name)));
}

void FileAttributes::remove(const std::string& name) const {
  (void)!(fd_ >= 0 ? ::fremovexattr(fd_, name.c_str()) : ::lremovexattr(path_.c_str(), name.c_str()));
}

}  // namespace dcdn
