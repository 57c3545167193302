#include "trust/careful_file.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/unique_fd.hpp"
#include "dcdn/bytes.hpp"

namespace dcdn::trust {

namespace {
constexpr std::size_t kMaxTrustFile = 4u << 20;
}  // namespace

Result<void> check_folder(const std::string& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return errno_error(errno, folder);
  if ((info.st_mode & 022) == 0) return {};
  return Error(Errc::permission,
               folder + ": others than the owner may write here, so its files prove nothing")
      .with_hint("chmod 700 " + folder);
}

Result<std::string> read_trust_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::string();
    return errno_error(errno, path);
  }
  if ((info.st_mode & 022) != 0)
    return Error(Errc::permission, path + ": others than the owner may write it, so it proves nothing")
        .with_hint("chmod 600 " + path);
  DCDN_CHECK(check_folder(folder_of(path)));
  DCDN_TRY(const Bytes bytes, read_file(path, kMaxTrustFile));
  return std::string(as_text(bytes));
}

}  // namespace dcdn::trust
