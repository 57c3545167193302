#include "store/promise_ledger.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "dcdn/units.hpp"

namespace dcdn::store {

namespace {

// Sizes come from outside; a sum of many is never more than the largest number.
std::uint64_t plus(std::uint64_t one, std::uint64_t other) {
  return one > UINT64_MAX - other ? UINT64_MAX : one + other;
}
std::uint64_t minus(std::uint64_t from, std::uint64_t what) {
  return from - std::min(from, what);
}

std::uint64_t longest_file() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur;
}

}  // namespace

// Of all open objects.
struct PromiseLedger::Sums {
  std::uint64_t content = 0;    // and manifests: what the directory will hold
  std::uint64_t unwritten = 0;  // what the disk has to have room for
  std::uint64_t bare = 0;       // and files in packs
  std::uint64_t waiting = 0;
};

// ---- an object's chain

void ObjectPromise::Tally::add(const wire::EntryBegin& entry) {
  if (entry.kind != wire::EntryKind::file) {
    ++bare;
    if (entry.kind == wire::EntryKind::hard_link) {
      linked = plus(linked, entry.size.value_or(0));
      longest = std::max(longest, entry.size.value_or(0));
    }
    return;
  }
  length = 0;
  is_sized = entry.size.has_value();
  has_chunk = false;
  told = entry.size.value_or(0);
}

void ObjectPromise::Tally::add_bytes(std::uint64_t size) {
  length = plus(length, size);
  told = minus(told, size);
  longest = std::max(longest, plus(length, told));
}

void ObjectPromise::Tally::add(const wire::Segment& segment, std::size_t frame_bytes) {
  ++segments;
  manifest = plus(manifest, frame_bytes);
  for (const wire::Record& record : segment.records) {
    const auto part = cursor.add(record);
    const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (const auto* entry = std::get_if<wire::EntryBegin>(&record)) {
      add(*entry);
    } else if (chunk != nullptr) {
      data = plus(data, chunk->content_size);
      ++chunks;
    } else if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) {
      ++hole_records;
      holes = plus(holes, hole->size);
      if (!is_sized) loose_holes = plus(loose_holes, hole->size);
    } else if (std::holds_alternative<wire::LeftOut>(record)) {
      told = 0;  // nothing more comes of a file that its sender could not read on
    } else if (!has_chunk) {
      ++bare;
    }
    if (!part) continue;
    add_bytes(part->size);
    has_chunk = has_chunk || !part->hole;
    if (chunk == nullptr && !part->hole) ++packed_files;
  }
  longest = std::max(longest, plus(length, told));
}

std::uint64_t ObjectPromise::Tally::content() const {
  return plus(plus(plus(data, holes), told), linked);
}

// ---- an object

ObjectPromise::ObjectPromise(std::shared_ptr<PromiseLedger> ledger, std::shared_ptr<BytesTogether> together)
    : ledger_(std::move(ledger)), together_(std::move(together)) {}

ObjectPromise::~ObjectPromise() {
  const std::lock_guard lock(ledger_->mutex_);
  end();
  ledger_->open_.remove(this);
}

void ObjectPromise::settle() {
  const std::lock_guard lock(ledger_->mutex_);
  end();
}

// Delivered or kept for later, it is in the directory now.
void ObjectPromise::end() {
  if (ledger_->used_)
    ledger_->used_ = plus(*ledger_->used_, plus(written_, plus(tally_.holes, tally_.linked)));
  tally_ = {};
  offered_ = offered_holes_ = written_ = chunks_written_ = 0;
}

Result<void> ObjectPromise::offered(std::uint64_t bytes, std::uint64_t here, std::uint64_t holes) {
  const std::lock_guard lock(ledger_->mutex_);
  if (ledger_->limits_.quota_bytes > 0) DCDN_CHECK(ledger_->measure());
  const std::uint64_t coming = bytes > here ? bytes : 0;
  DCDN_CHECK(check_alone(tally_, std::max(bytes, here)));
  const std::uint64_t holes_before = std::exchange(offered_holes_, std::min(holes, coming));
  auto admitted = admit(tally_, coming);
  if (admitted)
    offered_ = coming;
  else
    offered_holes_ = holes_before;
  return admitted;
}

Result<void> ObjectPromise::announce(const wire::Segment& segment, std::size_t frame_bytes) {
  const std::lock_guard lock(ledger_->mutex_);
  if (segment.index < tally_.segments) return {};
  Tally tally = tally_;
  tally.add(segment, frame_bytes);
  DCDN_CHECK(check_alone(tally, offered_));
  DCDN_CHECK(admit(tally, offered_));
  if (together_)
    together_->bytes = plus(together_->bytes, tally.content() - std::min(tally.content(), tally_.content()));
  tally_ = tally;
  return {};
}

void ObjectPromise::found(const wire::Segment& segment, std::size_t frame_bytes) {
  const std::lock_guard lock(ledger_->mutex_);
  tally_.add(segment, frame_bytes);
}

void ObjectPromise::written(std::uint64_t bytes) {
  const std::lock_guard lock(ledger_->mutex_);
  written_ = plus(written_, bytes);
  ++chunks_written_;
}

void ObjectPromise::restart() {
  const std::lock_guard lock(ledger_->mutex_);
  if (together_) together_->bytes = minus(together_->bytes, tally_.content());
  tally_ = {};
  written_ = chunks_written_ = 0;
}

// What no other object has a part in.
Result<void> ObjectPromise::check_alone(const Tally& tally, std::uint64_t offered) const {
  const std::uint64_t most = ledger_->limits_.max_object_bytes;
  std::uint64_t content = std::max(tally.content(), offered);
  if (together_) content = plus(content, minus(together_->bytes, tally_.content()));
  if (most > 0 && content > most)
    return Error(Errc::limit,
                 "it is larger than --max-object of the receiving side allows (" + format_size(most) + ")");
  if (most == 0 && tally.loose_holes > kMostLooseHoles)
    return Error(Errc::limit, "it has more holes than a stream of unknown length may have (" +
                                  format_size(kMostLooseHoles) + ")")
        .with_hint("--max-object on the receiving side allows more");
  if (tally.hole_records > kMostHoles) return Error(Errc::limit, "it has more holes than are kept track of");
  if (tally.bare > kMostBare)
    return Error(Errc::limit, "it has more folders, links and empty files than are kept track of (" +
                                  std::to_string(kMostBare) + ")")
        .with_hint("send it in several parts");
  if (tally.packed_files > kMostPacked)
    return Error(Errc::limit,
                 "it has more small files than are kept track of (" + std::to_string(kMostPacked) + ")")
        .with_hint("send it in several parts");
  if (ledger_->dir_ && tally.longest > longest_file())
    return Error(Errc::limit, "a file of it is longer than the receiving side may write (" +
                                  format_size(longest_file()) + ", ulimit -f)");
  return {};
}

// As if it were so already.
Result<void> ObjectPromise::admit(const Tally& tally, std::uint64_t offered) {
  const Tally tally_before = std::exchange(tally_, tally);
  const std::uint64_t offered_before = std::exchange(offered_, offered);
  const PromiseLedger::Sums sums = ledger_->sums();
  tally_ = tally_before;
  offered_ = offered_before;
  return ledger_->admit(sums);
}

std::uint64_t ObjectPromise::content() const {
  return std::max(tally_.content(), offered_);
}

// What the disk needs room for: of what is only told so far, by the offer or as the length of a file, the
// holes that the offer told need none.
std::uint64_t ObjectPromise::data() const {
  const std::uint64_t holes = std::max(tally_.holes, offered_holes_);
  const std::uint64_t told = minus(tally_.told, holes - tally_.holes);
  const bool are_copies = tally_.linked > 0 && ledger_->dir_ && !ledger_->dir_->has_links();
  return plus(std::max(plus(tally_.data, told), minus(offered_, holes)), are_copies ? tally_.linked : 0);
}

// About: a pack has as many files as the next.
std::uint64_t ObjectPromise::packed_files_left() const {
  if (tally_.chunks == 0) return 0;
  return tally_.packed_files * minus(tally_.chunks, chunks_written_) / tally_.chunks;
}

void ObjectPromise::add_to(PromiseLedger::Sums& sums) const {
  sums.content = plus(sums.content, plus(content(), tally_.manifest));
  const std::uint64_t files = packed_files_left();
  sums.unwritten = plus(sums.unwritten, plus(minus(data(), written_), files * kFileCost));
  sums.bare = plus(sums.bare, plus(tally_.bare, files));
  sums.waiting = plus(sums.waiting, minus(tally_.chunks, chunks_written_));
}

// ---- all of them

std::shared_ptr<ObjectPromise> PromiseLedger::open(std::shared_ptr<BytesTogether> together) {
  const std::shared_ptr<ObjectPromise> made(new ObjectPromise(shared_from_this(), std::move(together)));
  const std::lock_guard lock(mutex_);
  open_.push_back(made.get());
  return made;
}

PromiseLedger::Sums PromiseLedger::sums() const {
  Sums sums;
  for (const ObjectPromise* object : open_) object->add_to(sums);
  return sums;
}

Result<void> PromiseLedger::admit(const Sums& all) {
  if (all.waiting > kMostWaiting)
    return Error(Errc::limit, "more chunks are announced than the receiving side waits for at once");
  if (!dir_) return {};
  if (limits_.quota_bytes > 0) DCDN_CHECK(check_quota(all.content));
  return check_disk(all);
}

// What we know of the directory may be old: others write to it, and remove from it.
Result<void> PromiseLedger::check_quota(std::uint64_t promised) {
  const bool is_fresh = !used_;
  if (is_fresh) DCDN_CHECK(measure());
  if (plus(*used_, promised) <= limits_.quota_bytes) return {};
  if (!is_fresh) DCDN_CHECK(measure());
  if (plus(*used_, promised) <= limits_.quota_bytes) return {};
  return Error(Errc::limit, "--quota of the receiving side does not allow it (" +
                                format_size(limits_.quota_bytes) + ", with what is there and was promised)");
}

Result<void> PromiseLedger::measure() {
  DCDN_TRY(used_, dir_->settled_bytes());
  return {};
}

Result<void> PromiseLedger::check_disk(const Sums& all) const {
  DCDN_TRY(const Room room, dir_->room());
  if (plus(all.unwritten, limits_.reserve_bytes) > room.bytes) {
    std::string text = "the receiving side's disk has no room for it: " + format_size(all.unwritten) +
                       " are to come, " + format_size(room.bytes) + " are free";
    if (limits_.reserve_bytes > 0) text += ", and --reserve keeps " + format_size(limits_.reserve_bytes);
    return Error(Errc::no_space, text).with_hint("make room there, then send again: what is there is kept");
  }
  if (room.files && all.bare > *room.files)
    return Error(Errc::no_space, "the receiving side's disk has no room for so many files")
        .with_hint("make room there, then send again: what is there is kept");
  return {};
}

}  // namespace dcdn::store
