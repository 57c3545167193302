#include "common/passphrase.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/terminal.hpp"

namespace dcdn::tool {

namespace {

constexpr std::size_t kLongestPassphrase = 1024;
constexpr std::size_t kLongestKey = 64u << 10;

/// A key file is read more than once, and a pipe (--key-file <(...)) only gives it once: it is kept in
/// memory, under a name that can be opened again.
Result<void> keep_piped_key(KeyChoice& choice) {
  struct stat info {};
  if (choice.file.empty() || ::stat(choice.file.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode)) return {};
  const std::string shown = escape(choice.file);
  const int pipe = ::open(choice.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (pipe < 0) return errno_error(errno, shown);
  std::string key(kLongestKey + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 1;
  while (size < key.size() && got != 0) {
    got = ::read(pipe, key.data() + size, key.size() - size);
    if (got > 0) size += static_cast<std::size_t>(got);
    if (got < 0 && errno != EINTR) break;
  }
  const int reason = errno;
  ::close(pipe);
  const int kept = ::memfd_create("key", MFD_CLOEXEC);  // closed when the process ends
  const bool written = got == 0 && kept >= 0 && ::fchmod(kept, 0600) == 0 &&
                       ::write(kept, key.data(), size) == static_cast<ssize_t>(size);
  ::explicit_bzero(key.data(), key.size());
  if (size > kLongestKey) return Error(Errc::corrupt, shown + ": too long for a key file");
  if (!written) return errno_error(got < 0 ? reason : errno, shown);
  choice.file = "/proc/self/fd/" + std::to_string(kept);
  return {};
}

}  // namespace

Result<std::string> read_passphrase(int fd) {
  const std::string what = "--passphrase-fd " + std::to_string(fd);
  if (::fcntl(fd, F_GETFD) < 0)
    return Error(Errc::usage, what + ": not an open file descriptor")
        .with_hint("open it in the shell: --passphrase-fd 3 3< FILE");
  std::string passphrase;
  // One byte at a time: what follows the line belongs to whoever reads the descriptor next.
  for (char c = 0;;) {
    const ssize_t got = ::read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, what + ": read");
    if (got == 0 || c == '\n') break;
    if (passphrase.size() == kLongestPassphrase)
      return Error(Errc::limit, what + ": a passphrase has at most 1024 bytes");
    passphrase.push_back(c);
  }
  if (passphrase.empty()) return Error(Errc::usage, what + ": the passphrase is empty");
  return passphrase;
}

Result<std::string> ask_new_passphrase() {
  DCDN_TRY(std::string first, prompt_secret("new passphrase: "));
  if (first.empty())
    return Error(Errc::usage, "the passphrase is empty")
        .with_hint("without --passphrase the key is not encrypted");
  DCDN_TRY(const std::string second, prompt_secret("the same again: "));
  if (first != second) return Error(Errc::usage, "the two passphrases differ");
  return first;
}

Result<void> unlock(KeyChoice& choice, int fd) {
  DCDN_CHECK(keep_piped_key(choice));
  DCDN_TRY(const bool needed, key_needs_passphrase(choice));
  if (!needed) return {};
  if (fd >= 0) {
    DCDN_TRY(choice.passphrase, read_passphrase(fd));
    return {};
  }
  const std::string which = choice.file.empty() ? choice.name : choice.file;
  auto asked = prompt_secret("passphrase of key " + escape(which) + ": ");
  if (!asked && asked.error().code == Errc::usage)
    return Error(Errc::untrusted, "key " + which + " needs a passphrase, and there is no terminal to ask on")
        .with_hint("give --passphrase-fd FD");
  DCDN_TRY(choice.passphrase, std::move(asked));
  return {};
}

}  // namespace dcdn::tool
