#include "base/machine_memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/unique_fd.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kMostText = 4096;

/// The number that a file begins with; `otherwise` if it cannot be read or is none ("max").
std::uint64_t number_in(const std::string& path, std::uint64_t otherwise) {
  const auto bytes = read_file(path, kMostText);
  if (!bytes) return otherwise;
  const std::string_view text = as_text(*bytes);
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? number : otherwise;
}

std::uint64_t left_of(int resource, std::uint64_t used, std::uint64_t otherwise) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return otherwise;
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

}  // namespace

std::uint64_t memory_to_be_had() {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * page;
  const std::uint64_t container = number_in("/sys/fs/cgroup/memory.max", machine);
  const std::uint64_t mapped = number_in("/proc/self/statm", 0) * page;
  return std::min(
      {machine, container, left_of(RLIMIT_AS, mapped, machine), left_of(RLIMIT_DATA, 0, machine)});
}

}  // namespace dcdn
