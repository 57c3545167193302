#include "source/chunk_remaker.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "pipeline/chunk_packer.hpp"
#include "wire/content_cursor.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::source {

namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

// The segment frame comes first, and was made here.
Result<wire::Segment> segment_of(ByteView frames) {
  BufferPool pool(0);
  wire::FrameReader reader(wire::OnDamage::strict, pool);
  reader.push(frames);
  DCDN_TRY(const auto step, reader.next());
  const auto* frame = std::get_if<wire::Frame>(&step);
  if (frame == nullptr) return Error(Errc::corrupt, "a packed segment is cut off");
  return wire::parse_segment(frame->body.view());
}

}  // namespace

Result<std::vector<SegmentChunk>> chunks_without_bytes(ByteView frames) {
  DCDN_TRY(const wire::Segment segment, segment_of(frames));
  std::vector<SegmentChunk> chunks;
  for (const wire::Record& record : segment.records)
    if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record))
      chunks.push_back({*chunk, {}, false, {}});
  return chunks;
}

Result<PackedSegmentPtr> ChunkRemaker::remake(const PackedSegment& segment, const std::vector<bool>& wanted,
                                              work::WorkerPool& workers, BufferPool& pool,
                                              const std::function<bool()>& stopped) {
  auto made = std::make_shared<PackedSegment>(segment);
  std::vector<bool> missing(made->chunks.size());
  std::vector<bool> needed(made->chunks.size());  // with what those are compressed after
  for (std::size_t i = 0; i < missing.size(); ++i) {
    missing[i] = i < wanted.size() && wanted[i] && made->chunks[i].carried.empty();
    for (std::size_t past = 0; missing[i] && past <= made->chunks[i].record.past; ++past)
      needed[i - past] = true;
  }
  std::vector<Buffer> contents(made->chunks.size());
  for (std::size_t i = 0; i < needed.size(); ++i)
    if (needed[i]) contents[i] = pool.take(made->chunks[i].record.content_size);
  DCDN_TRY(const wire::Segment manifest, segment_of(segment.frames.view()));
  const std::vector<Part> parts = parts_of(manifest, segment.begins_in, needed);
  for (const Part& part : parts) {
    if (stopped()) return Error(Errc::interrupted, "reading again was stopped");
    DCDN_CHECK(read(part, contents[part.chunk].writable()));
  }
  std::vector<Result<void>> finished(missing.size());
  const auto finish_one = [&](std::size_t i) {
    if (!missing[i]) return;
    const std::size_t past = made->chunks[i].record.past;
    const std::span<const Buffer> before = std::span(contents).subspan(i - past, past);
    finished[i] = finish(made->chunks[i], contents[i], before, manifest.rung, pool);
  };
  workers.run(missing.size(), finish_one, rules_.compress.most_threads_at(manifest.rung));
  for (const Part& part : parts)
    if (!finished[part.chunk]) return changed(part.path);
  return PackedSegmentPtr(std::move(made));
}

std::vector<ChunkRemaker::Part> ChunkRemaker::parts_of(const wire::Segment& manifest,
                                                       const FilePlace& begins_in,
                                                       const std::vector<bool>& made) {
  std::vector<Part> parts;
  wire::ContentCursor cursor(manifest.inside_file);
  std::string path = begins_in.path;
  std::uint64_t begins_at = begins_in.offset;  // where the cursor's offsets of this file count from
  std::size_t next = 0;
  for (const wire::Record& record : manifest.records) {
    if (const auto* entry = std::get_if<wire::EntryBegin>(&record)) {
      path = entry->path;
      begins_at = 0;
    }
    const auto part = cursor.add(record);
    if (std::holds_alternative<wire::ChunkRecord>(record)) ++next;
    if (!part || part->hole || next == 0 || next > made.size() || !made[next - 1]) continue;
    parts.push_back({{path, begins_at + part->file_offset, part->size, part->chunk_offset}, next - 1});
  }
  return parts;
}

Result<void> ChunkRemaker::read(const FilePart& part, MutableByteView content) {
  if (!file_ || file_->first != part.path) {
    DCDN_TRY(SourceFile opened, open_file(part.path));
    file_.emplace(part.path, std::move(opened));
  }
  if (part.chunk_offset > content.size() || part.size > content.size() - part.chunk_offset)
    return Error(Errc::corrupt, "a chunk is shorter than the files in it");
  const auto size = static_cast<std::size_t>(part.size);
  DCDN_TRY(const std::size_t got,
           file_->second.read(content.subspan(part.chunk_offset, size), part.file_offset));
  return got == size ? Result<void>() : changed(part.path);
}

Result<Buffer> ChunkRemaker::read(const KnownContent& known, BufferPool& pool) {
  Buffer content = pool.take(known.chunk.record().content_size);
  for (const FilePart& part : known.parts) DCDN_CHECK(read(part, content.writable()));
  if (digest::blake3(content.view()) != known.chunk.record().content)
    return changed(known.parts.front().path);
  return content;
}

// Whether compressing pays was decided when it was packed first; a sample need not be tried again.
Result<void> ChunkRemaker::finish(SegmentChunk& chunk, const Buffer& content, std::span<const Buffer> past,
                                  std::uint8_t rung, BufferPool& pool) const {
  const Error differs(Errc::changed, "other bytes");
  if (digest::blake3(content.view()) != chunk.record.content) return differs;
  chunk.content = content;
  if (chunk.record.codec == wire::CodecId::raw) {
    chunk.carried = content;
    return {};
  }
  const compress::CompressChoice choice = rules_.compress.choice_at(rung);
  pipeline::PackedChunk packed =
      pipeline::pack_chunk(content, choice, pool, compress::Content::several_files, past);
  if (packed.record != chunk.record) return differs;
  chunk.carried = std::move(packed.carried);
  return {};
}

Result<SourceFile> ChunkRemaker::open_file(const std::string& path) {
  if (rules_.kind != wire::ObjectKind::tree) {
    DCDN_TRY(const SourceEntry entry, file_entry(rules_.path));
    return SourceFile::open(entry);
  }
  SourceEntry entry;
  DCDN_TRY(entry.parent, open_folder_of(path));
  entry.leaf = path.substr(path.rfind('/') + 1);
  entry.may_follow = rules_.symlinks == Symlinks::follow;
  entry.disk_path = disk_path_of(path);
  entry.begin.path = path;
  struct stat info {};
  // What is no file is not opened.
  const int follow = entry.may_follow ? 0 : AT_SYMLINK_NOFOLLOW;
  if (::fstatat(entry.parent, entry.leaf.c_str(), &info, follow) != 0 || !S_ISREG(info.st_mode))
    return changed(path);
  entry.mark = FileMark(info);
  return SourceFile::open(entry);
}

// By descriptor all the way, as the walk went: a link that somebody has put in a folder's place leads
// nowhere.
Result<int> ChunkRemaker::open_folder_of(const std::string& path) {
  if (!top_.valid()) top_.reset(::open(rules_.path.c_str(), kOpenFolder));
  if (!top_.valid()) return errno_error(errno, escape_for_display(rules_.path) + ": open directory");
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return top_.get();
  const std::string folder = path.substr(0, slash);
  if (folder_.valid() && folder == folder_path_) return folder_.get();
  const int no_link = rules_.symlinks == Symlinks::follow ? 0 : O_NOFOLLOW;
  UniqueFd deeper;
  for (std::size_t at = 0; at < folder.size();) {
    const std::size_t end = std::min(folder.find('/', at), folder.size());
    const std::string name = folder.substr(at, end - at);
    UniqueFd next(::openat(deeper.valid() ? deeper.get() : top_.get(), name.c_str(), kOpenFolder | no_link));
    if (!next.valid()) {
      const bool gone = errno == ENOENT || errno == ELOOP || errno == ENOTDIR;
      if (gone) return changed(path);
      return errno_error(errno, escape_for_display(disk_path_of(folder)) + ": open directory");
    }
    deeper = std::move(next);
    at = end + 1;
  }
  folder_ = std::move(deeper);
  folder_path_ = folder;
  return folder_.get();
}

std::string ChunkRemaker::disk_path_of(const std::string& path) const {
  return path.empty() ? rules_.path : rules_.path + "/" + path;
}

Error ChunkRemaker::changed(const std::string& path) const {
  return Error(Errc::changed, escape_for_display(disk_path_of(path)) + ": changed while it was sent")
      .with_hint("run the same command again: only what changed is sent");
}

}  // namespace dcdn::source
