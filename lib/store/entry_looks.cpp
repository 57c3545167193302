#include "store/entry_looks.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/clock.hpp"
#include "store/settler.hpp"

namespace dcdn::store {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

bool is_time(std::int64_t found_ns, std::int64_t wanted_ns) {
  const bool coarse = found_ns % kSecond == 0;
  return found_ns == wanted_ns || (coarse && found_ns <= wanted_ns && wanted_ns - found_ns < 2 * kSecond);
}

bool EntryLooks::has(const wire::EntryBegin& entry, int parent, const std::string& leaf,
                     const struct stat& info) {
  const bool owned = extras_.owns(entry.extras);
  const unsigned bits = owned ? 07777u : 0777u;
  return (info.st_mode & bits) == wanted_mode(entry, options_, umask_, owned) &&
         is_time(nanoseconds_of(info.st_mtim), entry.mtime_ns) &&
         extras_.has_named(parent, leaf, entry.extras);
}

int EntryLooks::set(const wire::EntryBegin& entry, int parent, const std::string& leaf,
                    const std::string& shown) {
  const bool owned = extras_.set_named(parent, leaf, entry.extras, shown);
  const unsigned mode = wanted_mode(entry, options_, umask_, owned);
  const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(entry.mtime_ns)};
  const bool done = ::fchmodat(parent, leaf.c_str(), mode, AT_SYMLINK_NOFOLLOW) == 0 &&
                    ::utimensat(parent, leaf.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0;
  return done || errno == EPERM ? 0 : errno;
}

}  // namespace dcdn::store
