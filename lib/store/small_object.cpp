#include "store/small_object.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "store/settler.hpp"

namespace dcdn::store {

namespace {

std::string staged_name(const std::string& slot) {
  return slot + kSmallEnding;
}

}  // namespace

bool SmallObject::is_one(const wire::Segment& segment) {
  if (!segment.object || segment.object->kind == wire::ObjectKind::tree || !segment.final) return false;
  const std::size_t records = segment.records.size();
  if (records < 2 || records > 3 || !std::holds_alternative<wire::EntryBegin>(segment.records.front()))
    return false;
  return std::holds_alternative<wire::EntryEnd>(segment.records.back()) &&
         (records == 2 || std::holds_alternative<wire::ChunkRecord>(segment.records[1]));
}

SmallObject::SmallObject(std::shared_ptr<ReceiveDir> dir, PartObject::Options options)
    : dir_(std::move(dir)), options_(std::move(options)), slot_(slot_name(options_)), chain_(options_.kind) {}

SmallObject::~SmallObject() {
  if (!claimed_) return;
  if (staged_) ::unlinkat(dir_->part_fd(), staged_name(slot_).c_str(), 0);
  dir_->release(slot_);
}

std::string SmallObject::shown() const {
  return escape_for_display(dir_->path() + "/" + options_.name);
}

Result<std::unique_ptr<SmallObject>> SmallObject::begin(std::shared_ptr<ReceiveDir> dir,
                                                        PartObject::Options options,
                                                        const wire::Segment& segment, const Digest& id,
                                                        std::size_t frame_bytes) {
  std::unique_ptr<SmallObject> made(new SmallObject(std::move(dir), std::move(options)));
  SmallObject& self = *made;
  self.claimed_ = self.dir_->claim(self.slot_);
  if (!self.claimed_)
    return Error(Errc::locked, self.shown() + ": is being received already")
        .with_hint("wait until that has ended");
  DCDN_CHECK(self.chain_.check(segment, id));
  self.begin_ = std::get<wire::EntryBegin>(segment.records.front());
  const auto* chunk = std::get_if<wire::ChunkRecord>(&segment.records[1]);
  const auto& end = std::get<wire::EntryEnd>(segment.records.back());
  if (chunk != nullptr && end.content != chunk->content)
    return Error(Errc::corrupt, self.shown() + ": does not have the digest its sender signed");
  if (self.options_.promise) {
    const auto promised = self.options_.promise->announce(segment, frame_bytes);
    if (!promised) return promised.error().during(escape_for_display(self.options_.name));
  }
  self.chain_.add(segment, id, [](const auto&...) { return false; });
  if (chunk == nullptr) DCDN_CHECK(self.make({}));
  return made;
}

std::optional<wire::ChunkRecord> SmallObject::wanted(const Digest& carried) const {
  const MissingChunk* missing = chain_.find_missing(carried);
  return missing == nullptr ? std::nullopt : std::optional(missing->record);
}

Result<void> SmallObject::write(const wire::ChunkRecord& record, ByteView content) {
  if (record.content_size != content.size())
    return Error(Errc::corrupt, shown() + ": a chunk is not as long as its record says");
  DCDN_CHECK(make(content));
  chain_.place_done(record);
  if (options_.promise) options_.promise->written(content.size());
  return {};
}

Result<void> SmallObject::make(ByteView content) {
  const std::string name = staged_name(slot_);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
  fd_.reset(::openat(dir_->part_fd(), name.c_str(), kFlags, 0600));
  if (!fd_.valid()) return errno_error(errno, shown() + ": make file");
  staged_ = true;
  auto made = write_all(fd_.get(), content, shown());
  if (made) {
    UniqueFd folder(::fcntl(dir_->part_fd(), F_DUPFD_CLOEXEC, 0));
    TreeRoot root(std::move(folder), options_.name);
    Settler settler(root, options_, false);
    made = settler.finish_file(fd_.get(), begin_);
    notes_ = settler.notes();
  }
  if (made) return {};
  ::unlinkat(dir_->part_fd(), name.c_str(), 0);
  staged_ = false;
  fd_.reset();
  return made;
}

void SmallObject::stage(SyncBatch& batch) {
  if (options_.fsync)
    batch.add(std::move(fd_));
  else
    fd_.reset();
}

Result<std::string> SmallObject::give_name(const NoteName& note, SyncBatch& folders) {
  Staged staged;
  staged.from_directory = dir_->part_fd();
  staged.from_name = staged_name(slot_);
  staged.to_directory = dir_->out_fd();
  staged.to_name = options_.name;
  staged.where = escape_for_display(dir_->path());
  staged.sync = options_.fsync;
  staged.kept = options_.kept;
  DCDN_TRY(const std::string name, publish(staged, options_.collision, note));
  staged_ = false;
  if (options_.fsync) folders.add_copy(dir_->out_fd());
  if (options_.promise) options_.promise->settle();
  return dir_->path() + "/" + name;
}

Delivered SmallObject::delivered_as(const std::string& name) const {
  Delivered delivered;
  delivered.object = chain_.object_id();
  delivered.segments = chain_.segments_done();
  delivered.bytes = chain_.bytes_done();
  delivered.plan = chain_.plan();
  delivered.path = dir_->path() + "/" + name;
  delivered.marks = chain_.marks();
  return delivered;
}

}  // namespace dcdn::store
