// fault_plan.hpp - which operation of this process something happens to, and what.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "lossy_disk.hpp"

namespace faults {

inline std::string setting(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

inline std::vector<std::string> parts_of(const std::string& text, char between) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, between);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

inline std::string path_of(int fd) {
  char found[PATH_MAX];
  const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), found, sizeof found);
  return length < 0 ? std::string() : std::string(found, static_cast<std::size_t>(length));
}

inline std::string path_at(int directory, const char* path) {
  if (path == nullptr) return {};
  if (path[0] == '/') return path;
  char here[PATH_MAX];
  if (directory == AT_FDCWD)
    return ::getcwd(here, sizeof here) == nullptr ? "" : std::string(here) + "/" + path;
  return path_of(directory) + "/" + path;
}

// How much of a read is before the bytes that cannot be read; kUnreadable, and errno, if it begins there.
constexpr std::size_t kUnreadable = ~std::size_t{0};
inline std::size_t readable_part(int fd, off_t at, std::size_t size) {
  static const std::string bad = setting("FAULTS_UNREADABLE");
  const std::size_t colon = bad.rfind(':');
  if (at < 0 || colon == std::string::npos || path_of(fd) != bad.substr(0, colon)) return size;
  long from = 0;
  long to = 0;
  if (::sscanf(bad.c_str() + colon, ":%ld-%ld", &from, &to) != 2 || at >= to) return size;
  if (at >= from) {
    errno = EIO;
    return kUnreadable;
  }
  return std::min(size, static_cast<std::size_t>(from - at));
}

enum class Happens { nothing, fails, dies_after, loses_power_after };

class Shim {
 public:
  static Shim& get() {
    static Shim* const shim = new Shim;  // never destroyed: threads may outlive main
    return *shim;
  }
  std::recursive_mutex mutex;
  Disk disk{setting("FAULTS_KEEP")};

  [[nodiscard]] bool tracks() const { return tracks_; }  // what is on disk is known
  [[nodiscard]] bool cuts() const { return cuts_; }      // names too
  [[nodiscard]] bool below(const std::string& path) const {
    return std::any_of(roots_.begin(), roots_.end(), [&](const std::string& root) {
      return path.compare(0, root.size(), root) == 0 &&
             (path.size() == root.size() || path[root.size()] == '/');
    });
  }
  // Counts a call below our folders; what shall happen before it happens here.
  Happens count(const char* call, const std::string& path) {
    const bool counts = calls_.empty() ? std::strstr(call, "read") == nullptr
                                       : std::find(calls_.begin(), calls_.end(), call) != calls_.end();
    if (!counts) return Happens::nothing;
    ++number_;
    if (log_ >= 0) {
      const std::string line = std::to_string(number_) + " " + call + " " + path + "\n";
      (void)!NEXT(write)(log_, line.data(), line.size());
    }
    if (number_ != at_) return Happens::nothing;
    if (do_ == "kill-before") die();
    if (do_ == "cut-before") cut();
    if (do_ == "kill-after") return Happens::dies_after;
    if (do_ == "cut-after") return Happens::loses_power_after;
    errno = do_ == "fail:ENOSPC" ? ENOSPC : EIO;
    return Happens::fails;
  }
  void program_ends() {
    const std::lock_guard lock(mutex);
    if (do_ == "cut-at-end") disk.cut_power();
  }
  template <typename Value>
  Value ended(Happens happens, Value result) {
    if (happens == Happens::dies_after) die();
    if (happens == Happens::loses_power_after) cut();
    return result;
  }

 private:
  Shim() {
    const std::string log = setting("FAULTS_LOG");
    if (!log.empty()) {
      const int fd = NEXT(open)(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
      log_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 500);
      NEXT(close)(fd);
    }
    cuts_ = do_.rfind("cut", 0) == 0;
    tracks_ = cuts_ || do_.rfind("fail", 0) == 0;
  }
  static void die() {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }
  void cut() {
    disk.cut_power();
    die();
  }

  std::vector<std::string> roots_ = parts_of(setting("FAULTS_UNDER"), ':');
  std::vector<std::string> calls_ = parts_of(setting("FAULTS_CALLS"), ',');
  std::string do_ = setting("FAULTS_DO");
  long at_ = std::atol(setting("FAULTS_AT").c_str());
  long number_ = 0;
  int log_ = -1;
  bool cuts_ = false;
  bool tracks_ = false;
};

// One operation: held from before it until after it. `errno` is what the call left.
class Operation {
 public:
  // What is not below our folders may block (a pipe, a socket) and must not hold up the others.
  Operation(const char* call, const std::string& path) : known_(shim_.below(path)) {
    if (!known_) return;
    lock_ = std::unique_lock(shim_.mutex);
    happens_ = shim_.count(call, path);
  }
  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] bool fails() const { return happens_ == Happens::fails; }
  [[nodiscard]] bool tracked() const { return known_ && shim_.tracks(); }
  [[nodiscard]] bool names_tracked() const { return known_ && shim_.cuts(); }
  Disk& disk() { return shim_.disk; }
  template <typename Value>
  Value end(Value result) {
    return shim_.ended(happens_, result);
  }

 private:
  Shim& shim_ = Shim::get();
  std::unique_lock<std::recursive_mutex> lock_;
  bool known_;
  Happens happens_ = Happens::nothing;
};

}  // namespace faults
