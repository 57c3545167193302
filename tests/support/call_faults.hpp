// call_faults.hpp - lets a chosen system call of this process fail, or kill it there. Included, it stands
// between the code under test and the C library.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <string>
#include <vector>

namespace dcdn::test {

struct CallFaults {
  enum class Do { nothing, fail, die };
  Do what = Do::nothing;
  std::string call;  ///< only these count; empty: all of them
  int at = 0;        ///< the how-manieth call, from 1
  int seen = 0;
  int reason = EIO;
  bool also_later = false;    ///< every call from that one on
  std::vector<ino_t> synced;  ///< what fsync succeeded on
  bool no_unnamed = false;    ///< as on a file system that does not know O_TMPFILE

  void arm(Do chosen, int nth, const std::string& name = "") {
    *this = CallFaults();
    what = chosen;
    at = nth;
    call = name;
  }
  bool fails(const char* name) {
    const std::lock_guard guard(calls_guard());
    if (what == Do::nothing || (!call.empty() && call != name)) return false;
    if (++seen != at && !(also_later && seen > at)) return false;
    if (what == Do::die) {
      ::kill(::getpid(), SIGKILL);
      for (;;) ::pause();
    }
    errno = reason;
    return true;
  }
  void note_synced(int fd) {
    struct stat info {};
    const std::lock_guard guard(calls_guard());
    if (::fstat(fd, &info) == 0) synced.push_back(info.st_ino);
  }

 private:
  // Calls come from every thread of the code under test.
  static std::mutex& calls_guard() {
    static std::mutex guard;
    return guard;
  }
};
inline CallFaults call_faults;

}  // namespace dcdn::test

// Used: they are for callers that this file does not see.
#define DCDN_CALL extern "C" inline __attribute__((used))
#define DCDN_FAULTY(name, ...) \
  return dcdn::test::call_faults.fails(name) ? -1 : static_cast<int>(::syscall(__VA_ARGS__))

DCDN_CALL int fsync(int fd) {
  if (dcdn::test::call_faults.fails("fsync")) return -1;
  dcdn::test::call_faults.note_synced(fd);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}
DCDN_CALL int fdatasync(int fd) {
  DCDN_FAULTY("fdatasync", SYS_fdatasync, fd);
}
DCDN_CALL int syncfs(int fd) noexcept {
  DCDN_FAULTY("syncfs", SYS_syncfs, fd);
}
DCDN_CALL int renameat(int from, const char* from_path, int to, const char* to_path) noexcept {
  DCDN_FAULTY("renameat", SYS_renameat, from, from_path, to, to_path);
}
DCDN_CALL int renameat2(int from, const char* from_path, int to, const char* to_path,
                        unsigned flags) noexcept {
  DCDN_FAULTY("renameat2", SYS_renameat2, from, from_path, to, to_path, flags);
}
DCDN_CALL int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  DCDN_FAULTY("mkdirat", SYS_mkdirat, directory, path, mode);
}
DCDN_CALL int symlinkat(const char* target, int directory, const char* path) noexcept {
  DCDN_FAULTY("symlinkat", SYS_symlinkat, target, directory, path);
}
DCDN_CALL int linkat(int from, const char* from_path, int to, const char* to_path, int flags) noexcept {
  DCDN_FAULTY("linkat", SYS_linkat, from, from_path, to, to_path, flags);
}
DCDN_CALL int unlinkat(int directory, const char* path, int flags) noexcept {
  DCDN_FAULTY("unlinkat", SYS_unlinkat, directory, path, flags);
}
DCDN_CALL int fchmod(int fd, mode_t mode) noexcept {
  DCDN_FAULTY("fchmod", SYS_fchmod, fd, mode);
}
DCDN_CALL int ftruncate(int fd, off_t size) noexcept {
  DCDN_FAULTY("ftruncate", SYS_ftruncate, fd, size);
}
DCDN_CALL int futimens(int fd, const timespec times[2]) noexcept {
  DCDN_FAULTY("futimens", SYS_utimensat, fd, nullptr, times, 0);
}
DCDN_CALL ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return dcdn::test::call_faults.fails("pwrite") ? -1 : ::syscall(SYS_pwrite64, fd, bytes, size, at);
}
DCDN_CALL int openat(int directory, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, unsigned) : 0;
  va_end(more);
  if ((flags & O_TMPFILE) == O_TMPFILE && dcdn::test::call_faults.no_unnamed) {
    errno = EOPNOTSUPP;
    return -1;
  }
  if ((flags & O_CREAT) != 0 && dcdn::test::call_faults.fails("openat")) return -1;
  return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
}
#undef DCDN_FAULTY
#undef DCDN_CALL
