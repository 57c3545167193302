#include "source/index_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "compress/codec.hpp"
#include "digest/hasher.hpp"
#include "wire/frame.hpp"

namespace dcdn::source {

namespace {

constexpr std::int64_t kUnusedS = std::int64_t{90} * 24 * 3600;
constexpr const char* kEnding = ".idx";

struct OldIndex {
  std::string path;
  std::uint64_t bytes = 0;
  std::int64_t used_s = 0;
};

std::vector<OldIndex> indexes_in(const std::string& folder) {
  std::vector<OldIndex> found;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string path = at->path().string();
    struct stat info {};
    if (!path.ends_with(kEnding) || ::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    found.push_back({path, static_cast<std::uint64_t>(info.st_size), info.st_mtim.tv_sec});
  }
  return found;
}

}  // namespace

std::string index_path(const std::string& folder, const IndexKey& key) {
  char resolved[PATH_MAX];
  if (::realpath(key.path.c_str(), resolved) == nullptr) return "";
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn index 1\n"));
  for (const std::string& part : {std::string(resolved), key.name, key.symlinks, key.compress, key.receivers})
    hasher.update(as_bytes(std::to_string(part.size()) + " " + part + "\n"));
  return folder + "/" + to_hex(hasher.digest().view().first(16)) + kEnding;
}

Result<IndexWriter> IndexWriter::start(const std::string& folder, const std::string& path) {
  DCDN_CHECK(make_directories(folder, 0700));
  NewFileRules rules;
  rules.replace = true;
  rules.secret = true;
  DCDN_TRY(NewFile file, NewFile::create(path, rules));
  return IndexWriter(std::move(file), folder, path);
}

void IndexWriter::add(ByteView segment_body, const Digest& id, std::vector<wire::FileLook> files) {
  last_ = id;
  if (!written_) return;
  Bytes frames;
  wire::append_frame(frames, wire::FrameType::segment, segment_body);
  wire::append_frame(frames, wire::FrameType::stat,
                     wire::encode(wire::SegmentLooks{id, compress::zstd_version(), std::move(files)}));
  written_ = write(frames);
}

Result<void> IndexWriter::write(ByteView bytes) {
  bytes_ += bytes.size();
  if (bytes_ > kMostIndexBytes)
    return Error(Errc::limit, path_ + ": longer than all indexes may be together");
  return write_all(file_.fd(), bytes, path_);
}

Result<void> IndexWriter::finish() {
  DCDN_CHECK(written_);
  DCDN_CHECK(file_.finish());
  tidy_indexes(folder_);
  return {};
}

void tidy_indexes(const std::string& folder, std::uint64_t most_bytes) {
  std::vector<OldIndex> found = indexes_in(folder);
  const auto newer = [](const OldIndex& one, const OldIndex& other) { return one.used_s > other.used_s; };
  std::sort(found.begin(), found.end(), newer);
  const std::int64_t now = now_s();
  std::uint64_t bytes = 0;
  for (const OldIndex& index : found) {
    bytes += index.bytes;
    if (bytes > most_bytes || index.used_s < now - kUnusedS) ::unlink(index.path.c_str());
  }
}

}  // namespace dcdn::source
