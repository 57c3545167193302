#include "source/hard_links.hpp"

#include <functional>

namespace dcdn::source {

std::size_t HardLinks::MarkHash::operator()(const FileMark& mark) const {
  return std::hash<std::uint64_t>()(mark.inode * 0x9E3779B97F4A7C15u ^ mark.device);
}

void HardLinks::add(const FileMark& mark, const wire::EntryBegin& begin, std::uint64_t names,
                    std::uint64_t number) {
  if (names < 2) return;
  if (files_.size() >= kMost && !files_.contains(mark)) {
    overflowed_ = true;
    return;
  }
  files_[mark] = {number, begin.size.value_or(0), begin.mtime_ns, names - 1};
}

std::optional<std::uint64_t> HardLinks::find(const SourceEntry& entry) {
  if (entry.names < 2) return std::nullopt;
  const auto found = files_.find(entry.mark);
  if (found == files_.end()) return std::nullopt;
  File& file = found->second;
  if (file.size != entry.begin.size || file.mtime_ns != entry.begin.mtime_ns) return std::nullopt;
  const std::uint64_t number = file.number;
  if (--file.names_left == 0) files_.erase(found);
  return number;
}

}  // namespace dcdn::source
