// fault_shim.cpp - preloaded into a program (LD_PRELOAD): counts its file operations below some folders, and
// at one of them lets happen what happens to computers: an error, a kill, a power cut.
//
//   FAULTS_UNDER  folders, absolute and without links, ':' between them: only what is below them counts
//   FAULTS_KEEP   a folder on the same file system and not below those, for what a power cut puts back
//   FAULTS_LOG    the operations are appended there, a line each: number, call, path
//   FAULTS_CALLS  the calls that count, ',' between them; without it all but read and pread
//   FAULTS_AT     the operation at which it happens, counted from 1; 0: never
//   FAULTS_NO_UNNAMED  set: as on a file system that does not know O_TMPFILE
//   FAULTS_UNREADABLE  PATH:FROM-TO: these bytes of that file cannot be read, as with a bad sector; it need
//   not be
//                 below FAULTS_UNDER
//   FAULTS_DO     fail:EIO, fail:ENOSPC, kill-before, kill-after, cut-before, cut-after;
//                 cut-at-end: power fails when the program has ended
//
// What a power cut leaves, and what a failed sync does, is told in lossy_disk.hpp. Only one operation happens
// at a time. Not seen: files written through stdio or a mapping.
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "fault_plan.hpp"

namespace {

using faults::Operation;
using faults::path_at;
using faults::path_of;

__attribute__((destructor)) void program_ends() {
  faults::Shim::get().program_ends();
}

// A file without a name, below that folder.
int open_unnamed(const char* call, int directory, const char* path, int flags, mode_t mode) {
  Operation operation(call, path_at(directory, path));
  if (operation.fails()) return -1;
  if (operation.known() && ::getenv("FAULTS_NO_UNNAMED") != nullptr) {
    errno = EOPNOTSUPP;
    return operation.end(-1);
  }
  const int fd = NEXT(openat)(directory, path, flags, mode);
  if (operation.tracked() && fd >= 0) operation.disk().made_file(fd);
  return operation.end(fd);
}

int open_anywhere(const char* call, int directory, const char* path, int flags, mode_t mode) {
  const std::string whole = path_at(directory, path);
  if ((flags & O_TMPFILE) == O_TMPFILE) return open_unnamed(call, directory, path, flags, mode);
  // To open for reading changes nothing, and is what every look at a file does.
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) == 0)
    return NEXT(openat)(directory, path, flags, mode);
  Operation operation(call, whole);
  if (operation.fails()) return -1;
  struct stat info {};
  const bool there = ::fstatat(directory, path, &info, 0) == 0;
  if (operation.tracked() && there && S_ISREG(info.st_mode) && (flags & O_TRUNC) != 0) {
    const int before = NEXT(openat)(directory, path, O_RDONLY | O_CLOEXEC, 0);
    if (before >= 0) {
      operation.disk().will_write(before);
      NEXT(close)(before);
    }
  }
  const int fd = NEXT(openat)(directory, path, flags, mode);
  const int reason = errno;
  if (operation.tracked() && fd >= 0 && !there) operation.disk().made_file(fd);
  if (operation.names_tracked() && fd >= 0 && !there) operation.disk().gave_name(directory, path);
  errno = reason;
  return operation.end(fd);
}

mode_t mode_in(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

template <typename Call>
auto changes_content(const char* name, int fd, Call call) -> decltype(call()) {
  Operation operation(name, path_of(fd));
  if (operation.fails()) return -1;
  if (operation.tracked()) operation.disk().will_write(fd);
  return operation.end(call());
}

template <typename Call>
int changes_looks(const char* name, int directory, const char* path, int follow, Call call) {
  Operation operation(name, path_at(directory, path));
  if (operation.fails()) return -1;
  const int fd = operation.tracked()
                     ? NEXT(openat)(directory, path, O_PATH | O_CLOEXEC | (follow == 0 ? 0 : O_NOFOLLOW), 0)
                     : -1;
  if (fd >= 0) {
    operation.disk().will_look_different(fd);
    NEXT(close)(fd);
  }
  return operation.end(call());
}

template <typename Call>
int changes_own_looks(const char* name, int fd, Call call) {
  Operation operation(name, path_of(fd));
  if (operation.fails()) return -1;
  if (operation.tracked()) operation.disk().will_look_different(fd);
  return operation.end(call());
}

template <typename Call>
int gives_name(const char* name, int directory, const char* path, Call call) {
  Operation operation(name, path_at(directory, path));
  if (operation.fails()) return -1;
  const int result = call();
  const int reason = errno;
  if (result == 0 && operation.names_tracked()) operation.disk().gave_name(directory, path);
  errno = reason;
  return operation.end(result);
}

template <typename Call>
int takes_name(const char* name, int directory, const char* path, bool folder, Call call) {
  Operation operation(name, path_at(directory, path));
  if (operation.fails()) return -1;
  return operation.end(operation.names_tracked() ? operation.disk().take_name(directory, path, folder)
                                                 : call());
}

int moves(const char* name, int from, const char* from_path, int to, const char* to_path, unsigned flags) {
  Operation operation(name, path_at(to, to_path));
  if (operation.fails()) return -1;
  return operation.end(operation.names_tracked() ? operation.disk().move(from, from_path, to, to_path, flags)
                                                 : NEXT(renameat2)(from, from_path, to, to_path, flags));
}

template <typename Call>
int syncs(const char* name, int fd, bool looks_too, Call call) {
  Operation operation(name, path_of(fd));
  if (operation.fails()) {
    operation.disk().lose(fd);
    errno = EIO;
    return -1;
  }
  const int result = call();
  if (result == 0 && operation.tracked()) operation.disk().synced(fd, looks_too);
  return operation.end(result);
}

}  // namespace

#define SHOWN extern "C" __attribute__((visibility("default")))

#define OPEN_CALL(call, directory, ...)          \
  va_list arguments;                             \
  va_start(arguments, flags);                    \
  const mode_t mode = mode_in(flags, arguments); \
  va_end(arguments);                             \
  return open_anywhere(call, directory, path, flags, mode);

SHOWN int open(const char* path, int flags, ...){OPEN_CALL("open", AT_FDCWD)} SHOWN
    int open64(const char* path, int flags, ...){OPEN_CALL("open", AT_FDCWD)} SHOWN
    int openat(int directory, const char* path, int flags, ...){OPEN_CALL("openat", directory)} SHOWN
    int openat64(int directory, const char* path, int flags, ...){OPEN_CALL("openat", directory)} SHOWN
    int __open_2(const char* path, int flags) {
  return open_anywhere("open", AT_FDCWD, path, flags, 0);
}
SHOWN int __open64_2(const char* path, int flags) {
  return open_anywhere("open", AT_FDCWD, path, flags, 0);
}
SHOWN int __openat_2(int directory, const char* path, int flags) {
  return open_anywhere("openat", directory, path, flags, 0);
}
SHOWN int __openat64_2(int directory, const char* path, int flags) {
  return open_anywhere("openat", directory, path, flags, 0);
}
SHOWN int creat(const char* path, mode_t mode) {
  return open_anywhere("creat", AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

SHOWN ssize_t write(int fd, const void* bytes, size_t size) {
  return changes_content("write", fd, [&] { return NEXT(write)(fd, bytes, size); });
}
SHOWN ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return changes_content("pwrite", fd, [&] { return NEXT(pwrite)(fd, bytes, size, at); });
}
SHOWN ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  return changes_content("pwrite", fd, [&] { return NEXT(pwrite)(fd, bytes, size, at); });
}
SHOWN ssize_t writev(int fd, const iovec* pieces, int count) {
  return changes_content("writev", fd, [&] { return NEXT(writev)(fd, pieces, count); });
}
SHOWN ssize_t copy_file_range(int in, off64_t* in_at, int out, off64_t* out_at, size_t size, unsigned flags) {
  return changes_content("copy_file_range", out,
                         [&] { return NEXT(copy_file_range)(in, in_at, out, out_at, size, flags); });
}
SHOWN int ftruncate(int fd, off_t size) {
  return changes_content("ftruncate", fd, [&] { return NEXT(ftruncate)(fd, size); });
}
SHOWN int ftruncate64(int fd, off64_t size) {
  return changes_content("ftruncate", fd, [&] { return NEXT(ftruncate)(fd, size); });
}
SHOWN int fallocate(int fd, int mode, off_t at, off_t size) {
  return changes_content("fallocate", fd, [&] { return NEXT(fallocate)(fd, mode, at, size); });
}
SHOWN int fallocate64(int fd, int mode, off64_t at, off64_t size) {
  return changes_content("fallocate", fd, [&] { return NEXT(fallocate)(fd, mode, at, size); });
}

SHOWN ssize_t read(int fd, void* into, size_t size) {
  size = faults::readable_part(fd, NEXT(lseek)(fd, 0, SEEK_CUR), size);
  if (size == faults::kUnreadable) return -1;
  Operation operation("read", path_of(fd));
  return operation.fails() ? -1 : operation.end(NEXT(read)(fd, into, size));
}
SHOWN ssize_t pread(int fd, void* into, size_t size, off_t at) {
  size = faults::readable_part(fd, at, size);
  if (size == faults::kUnreadable) return -1;
  Operation operation("pread", path_of(fd));
  return operation.fails() ? -1 : operation.end(NEXT(pread)(fd, into, size, at));
}
SHOWN ssize_t pread64(int fd, void* into, size_t size, off64_t at) {
  return pread(fd, into, size, at);
}

SHOWN int fsync(int fd) {
  return syncs("fsync", fd, true, [&] { return NEXT(fsync)(fd); });
}
SHOWN int fdatasync(int fd) {
  return syncs("fdatasync", fd, false, [&] { return NEXT(fdatasync)(fd); });
}
SHOWN int syncfs(int fd) {
  Operation operation("syncfs", path_of(fd));
  if (operation.fails()) {
    operation.disk().lose_all();
    errno = EIO;
    return -1;
  }
  const int result = NEXT(syncfs)(fd);
  if (result == 0 && operation.tracked()) operation.disk().synced_all();
  return operation.end(result);
}

SHOWN int close(int fd) {
  Operation operation("close", path_of(fd));
  const int result = NEXT(close)(fd);
  if (operation.fails()) {
    errno = EIO;
    return -1;
  }
  return operation.end(result);
}

SHOWN int rename(const char* from, const char* to) {
  return moves("rename", AT_FDCWD, from, AT_FDCWD, to, 0);
}
SHOWN int renameat(int from, const char* from_path, int to, const char* to_path) {
  return moves("renameat", from, from_path, to, to_path, 0);
}
SHOWN int renameat2(int from, const char* from_path, int to, const char* to_path, unsigned flags) {
  return moves("renameat2", from, from_path, to, to_path, flags);
}
SHOWN int link(const char* from, const char* to) {
  return gives_name("link", AT_FDCWD, to, [&] { return NEXT(link)(from, to); });
}
SHOWN int linkat(int from, const char* from_path, int to, const char* to_path, int flags) {
  return gives_name("linkat", to, to_path, [&] { return NEXT(linkat)(from, from_path, to, to_path, flags); });
}
SHOWN int symlink(const char* target, const char* path) {
  return gives_name("symlink", AT_FDCWD, path, [&] { return NEXT(symlink)(target, path); });
}
SHOWN int symlinkat(const char* target, int directory, const char* path) {
  return gives_name("symlinkat", directory, path, [&] { return NEXT(symlinkat)(target, directory, path); });
}
SHOWN int mkdir(const char* path, mode_t mode) {
  return gives_name("mkdir", AT_FDCWD, path, [&] { return NEXT(mkdir)(path, mode); });
}
SHOWN int mkdirat(int directory, const char* path, mode_t mode) {
  return gives_name("mkdirat", directory, path, [&] { return NEXT(mkdirat)(directory, path, mode); });
}
SHOWN int unlink(const char* path) {
  return takes_name("unlink", AT_FDCWD, path, false, [&] { return NEXT(unlink)(path); });
}
SHOWN int rmdir(const char* path) {
  return takes_name("rmdir", AT_FDCWD, path, true, [&] { return NEXT(rmdir)(path); });
}
SHOWN int unlinkat(int directory, const char* path, int flags) {
  return takes_name("unlinkat", directory, path, (flags & AT_REMOVEDIR) != 0,
                    [&] { return NEXT(unlinkat)(directory, path, flags); });
}

SHOWN int chmod(const char* path, mode_t mode) {
  return changes_looks("chmod", AT_FDCWD, path, 0, [&] { return NEXT(chmod)(path, mode); });
}
SHOWN int fchmodat(int directory, const char* path, mode_t mode, int flags) {
  return changes_looks("fchmodat", directory, path, flags & AT_SYMLINK_NOFOLLOW,
                       [&] { return NEXT(fchmodat)(directory, path, mode, flags); });
}
SHOWN int fchmod(int fd, mode_t mode) {
  return changes_own_looks("fchmod", fd, [&] { return NEXT(fchmod)(fd, mode); });
}
SHOWN int fchown(int fd, uid_t owner, gid_t group) {
  return changes_own_looks("fchown", fd, [&] { return NEXT(fchown)(fd, owner, group); });
}
SHOWN int fsetxattr(int fd, const char* name, const void* value, size_t size, int flags) {
  return changes_own_looks("fsetxattr", fd, [&] { return NEXT(fsetxattr)(fd, name, value, size, flags); });
}
SHOWN int fremovexattr(int fd, const char* name) {
  return changes_own_looks("fremovexattr", fd, [&] { return NEXT(fremovexattr)(fd, name); });
}
SHOWN int futimens(int fd, const timespec times[2]) {
  return changes_own_looks("futimens", fd, [&] { return NEXT(futimens)(fd, times); });
}
SHOWN int utimensat(int directory, const char* path, const timespec times[2], int flags) {
  if (path == nullptr)
    return changes_own_looks("utimensat", directory,
                             [&] { return NEXT(utimensat)(directory, path, times, flags); });
  return changes_looks("utimensat", directory, path, flags & AT_SYMLINK_NOFOLLOW,
                       [&] { return NEXT(utimensat)(directory, path, times, flags); });
}
