#include "store/link_targets.hpp"

#include <algorithm>
#include <string_view>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kBlock = 16;

std::size_t shared_bytes(std::string_view one, std::string_view other) {
  const auto ends = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return static_cast<std::size_t>(ends.first - one.begin());
}

}  // namespace

Result<LinkTargets> LinkTargets::find(const ManifestLog& log) {
  LinkTargets targets;
  DCDN_CHECK(for_each_entry(log, [&](const WholeEntry& entry) -> Result<void> {
    if (entry.begin.kind == wire::EntryKind::hard_link)
      targets.files_.push_back(entry.file - entry.begin.back);
    return {};
  }));
  if (targets.files_.empty()) return targets;
  std::sort(targets.files_.begin(), targets.files_.end());
  targets.files_.erase(std::unique(targets.files_.begin(), targets.files_.end()), targets.files_.end());
  DCDN_CHECK(for_each_entry(log, [&](const WholeEntry& entry) { return targets.add(entry); }));
  targets.last_.clear();
  return targets;
}

Result<void> LinkTargets::add(const WholeEntry& entry) {
  const bool named =
      entry.begin.kind == wire::EntryKind::file && named_ < files_.size() && files_[named_] == entry.file;
  if (!named) return {};
  if (named_ % kBlock == 0) {
    blocks_.push_back(static_cast<std::uint32_t>(names_.size()));
    last_.clear();
  }
  const std::string path = entry.left_out ? std::string() : entry.begin.path;
  const std::size_t shared = shared_bytes(last_, path);
  ByteWriter out(names_);
  out.varint(shared);
  out.text(std::string_view(path).substr(shared));
  last_ = path;
  ++named_;
  if (names_.size() > kMostNameBytes)
    return Error(Errc::limit, "hard links name more files than are kept track of")
        .with_hint("send it in several parts, or with --no-hard-links");
  return {};
}

std::optional<std::string> LinkTargets::path_of(std::uint64_t file) const {
  const auto found = std::lower_bound(files_.begin(), files_.end(), file);
  if (found == files_.end() || *found != file) return std::nullopt;
  const auto number = static_cast<std::size_t>(found - files_.begin());
  if (number >= named_) return std::nullopt;
  ByteReader in(ByteView(names_).subspan(blocks_[number / kBlock]));
  std::string path;
  for (std::size_t i = number / kBlock * kBlock; i <= number; ++i) {
    path.resize(static_cast<std::size_t>(in.varint()));
    path += in.text(names_.size());
  }
  return path.empty() ? std::nullopt : std::optional(path);
}

}  // namespace dcdn::store
