// lossy_disk.hpp - what of the files of this process is on the disk, and how it is made to be all that is
// left.
//
// A POWER CUT leaves what this model says, which is as bad as POSIX allows, where file systems do better:
//   - what was written to a file since it was last synced (fsync, fdatasync, syncfs) is lost, all of it: the
//   file is as
//     it was then, and a new one is empty. Mode and times go back to the last fsync likewise.
//   - a name that was given, taken away or changed since its folder was last fsynced is as it was then; fsync
//   of a file
//     does not save its name.
//   - a rename from one folder to another is one step, saved with the folder of the new name.
// What is not synced is never kept by chance, so what a crash may leave half is not tried; a kill does that.
//
// A FAILED SYNC is an error once, and what it should have saved is gone from then on, also for those who read
// it: the kernel may drop such pages at any time, as they count as clean. The next sync succeeds.
#pragma once
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faults {

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
// NEXT(call): that call of the library behind this one.
#define NEXT(call)                                                  \
  ([]() {                                                           \
    static auto* const found = faults::next<decltype(call)>(#call); \
    return found;                                                   \
  }())

using FileId = std::pair<dev_t, ino_t>;

inline FileId id_of(const struct stat& info) {
  return {info.st_dev, info.st_ino};
}

inline std::optional<FileId> id_at(int directory, const std::string& name) {
  struct stat info {};
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return id_of(info);
}

// A descriptor of our own, high up, out of the way of the program's.
class Held {
 public:
  explicit Held(int fd) : fd_(fd < 0 ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, 500)) {
    if (fd >= 0) NEXT(close)(fd);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (fd_ >= 0) NEXT(close)(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};
using HeldPtr = std::shared_ptr<Held>;

inline std::string bytes_of(int fd) {
  std::string bytes;
  const int again = NEXT(open)(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC);
  char piece[65536];
  for (ssize_t got = 0; again >= 0 && (got = NEXT(read)(again, piece, sizeof piece)) > 0;)
    bytes.append(piece, static_cast<std::size_t>(got));
  if (again >= 0) NEXT(close)(again);
  return bytes;
}

// What of a file or folder is on the disk, where that is not what can be read.
struct OnDisk {
  HeldPtr file;
  std::optional<std::string> bytes;
  std::optional<struct stat> looks;
};

// A name that was given or taken away, until its folder is synced.
struct Change {
  HeldPtr folder;
  FileId folder_id;
  std::string name;
  std::optional<FileId> now;  // what has the name since
  std::string before;         // what had it: its name in the folder of what is kept; empty: nothing had it
  HeldPtr from_folder;        // a rename: where it came from
  std::string from_name;
};

class Disk {
 public:
  explicit Disk(const std::string& keep)
      : keep_(NEXT(open)(keep.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  void will_write(int fd) {
    if (OnDisk* disk = find(fd); disk != nullptr && !disk->bytes) disk->bytes = bytes_of(fd);
  }
  void will_look_different(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return;
    if (OnDisk* disk = find(fd); disk != nullptr && !disk->looks) disk->looks = info;
  }
  void made_file(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return;
    files_.erase(id_of(info));  // of a file that had its number before
    if (OnDisk* disk = find(fd)) disk->bytes = "";
  }
  void synced(int fd, bool looks_too) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return;
    const FileId id = id_of(info);
    if (S_ISDIR(info.st_mode))
      changes_.erase(std::remove_if(changes_.begin(), changes_.end(),
                                    [&](const Change& change) { return change.folder_id == id; }),
                     changes_.end());
    const auto found = files_.find(id);
    if (found == files_.end()) return;
    found->second.bytes.reset();
    if (looks_too) files_.erase(found);
  }
  void synced_all() {
    changes_.clear();
    files_.clear();
  }
  // A sync that failed: what it should have saved is gone.
  void lose(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return;
    const auto found = files_.find(id_of(info));
    if (found != files_.end()) put_back_bytes(found->second);
  }
  void lose_all() {
    for (auto& [id, disk] : files_) put_back_bytes(disk);
  }

  void gave_name(int directory, const std::string& path) { add(directory, path, std::string()); }
  // Instead of unlink: it is moved out of the way. -1 and errno like it.
  int take_name(int directory, const char* path, bool folder) {
    const auto [parent, name] = place(directory, path);
    struct stat info {};
    if (!parent || ::fstatat(parent->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return -1;
    if (folder != S_ISDIR(info.st_mode)) {
      errno = folder ? ENOTDIR : EISDIR;
      return -1;
    }
    if (folder && !is_empty(parent->get(), name)) {
      errno = ENOTEMPTY;
      return -1;
    }
    const std::string kept = next_kept();
    if (NEXT(renameat)(parent->get(), name.c_str(), keep_.get(), kept.c_str()) != 0) return -1;
    add(parent, name, std::nullopt, kept);
    return 0;
  }
  int move(int from, const char* from_path, int to, const char* to_path, unsigned flags) {
    const auto [from_parent, from_name] = place(from, from_path);
    const auto [to_parent, to_name] = place(to, to_path);
    if (!from_parent || !to_parent) return -1;
    std::string kept;
    if ((flags & RENAME_NOREPLACE) == 0 && id_at(to_parent->get(), to_name)) {
      kept = next_kept();
      if (::linkat(to_parent->get(), to_name.c_str(), keep_.get(), kept.c_str(), 0) != 0) kept.clear();
    }
    if (NEXT(renameat2)(from, from_path, to, to_path, flags) != 0) return -1;
    add(to_parent, to_name, id_at(to_parent->get(), to_name), kept);
    changes_.back().from_folder = from_parent;
    changes_.back().from_name = from_name;
    return 0;
  }

  void cut_power() {
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) undo(*change);
    for (auto& [id, disk] : files_) {
      put_back_bytes(disk);
      if (!disk.looks) continue;
      const std::string path = "/proc/self/fd/" + std::to_string(disk.file->get());
      const timespec times[2] = {disk.looks->st_atim, disk.looks->st_mtim};
      NEXT(chmod)(path.c_str(), disk.looks->st_mode & 07777);
      NEXT(utimensat)(AT_FDCWD, path.c_str(), times, 0);
    }
  }

 private:
  OnDisk* find(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) return nullptr;
    OnDisk& disk = files_[id_of(info)];
    if (!disk.file)
      disk.file = std::make_shared<Held>(
          NEXT(open)(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_PATH | O_CLOEXEC));
    return &disk;
  }
  static void put_back_bytes(OnDisk& disk) {
    if (!disk.bytes) return;
    const int fd = NEXT(open)(("/proc/self/fd/" + std::to_string(disk.file->get())).c_str(),
                              O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0) return;
    for (std::size_t at = 0; at < disk.bytes->size();) {
      const ssize_t put = NEXT(write)(fd, disk.bytes->data() + at, disk.bytes->size() - at);
      if (put <= 0) break;
      at += static_cast<std::size_t>(put);
    }
    NEXT(close)(fd);
    disk.bytes.reset();
  }
  static std::pair<HeldPtr, std::string> place(int directory, const char* path) {
    std::string whole = path;
    while (whole.size() > 1 && whole.back() == '/') whole.pop_back();
    const std::size_t slash = whole.rfind('/');
    const std::string above =
        slash == std::string::npos ? "." : whole.substr(0, std::max<std::size_t>(slash, 1));
    const int fd = NEXT(openat)(directory, above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return {};
    return {std::make_shared<Held>(fd), slash == std::string::npos ? whole : whole.substr(slash + 1)};
  }
  static bool is_empty(int parent, const std::string& name) {
    const int fd = NEXT(openat)(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = fd < 0 ? nullptr : ::fdopendir(fd);
    if (stream == nullptr) return false;
    int names = 0;
    while (::readdir(stream) != nullptr) ++names;
    ::closedir(stream);
    return names == 2;
  }
  std::string next_kept() { return "kept-" + std::to_string(::getpid()) + "-" + std::to_string(++kept_); }
  void add(int directory, const std::string& path, const std::string& before) {
    const auto [parent, name] = place(directory, path.c_str());
    if (parent) add(parent, name, id_at(parent->get(), name), before);
  }
  void add(const HeldPtr& parent, const std::string& name, std::optional<FileId> now,
           const std::string& before) {
    struct stat info {};
    ::fstat(parent->get(), &info);
    changes_.push_back({parent, id_of(info), name, now, before, nullptr, ""});
  }
  void undo(const Change& change) {
    const int folder = change.folder->get();
    // What stands there now was put there, and saved, by something else.
    if (id_at(folder, change.name) != change.now) return;
    if (change.from_folder) {
      NEXT(renameat2)
      (folder, change.name.c_str(), change.from_folder->get(), change.from_name.c_str(), RENAME_NOREPLACE);
    } else if (change.now) {
      NEXT(renameat)(folder, change.name.c_str(), keep_.get(), next_kept().c_str());
    }
    if (!change.before.empty())
      NEXT(renameat2)(keep_.get(), change.before.c_str(), folder, change.name.c_str(), RENAME_NOREPLACE);
  }

  Held keep_;
  std::map<FileId, OnDisk> files_;
  std::vector<Change> changes_;
  unsigned kept_ = 0;
};

}  // namespace faults
