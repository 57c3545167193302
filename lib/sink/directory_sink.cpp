#include "sink/directory_sink.hpp"

#include <sys/stat.h>

#include <unordered_set>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "digest/hasher.hpp"
#include "sink/basis_book.hpp"
#include "sink/delivered.hpp"
#include "store/receive_dir.hpp"

namespace dcdn::sink {

namespace {

class DirectorySink : public ObjectSink {
 public:
  DirectorySink(std::shared_ptr<store::ReceiveDir> dir, store::PartObject::Options options,
                std::string delivered_dir, OlderFiles older)
      : ObjectSink(options.promise),
        dir_(std::move(dir)),
        options_(std::move(options)),
        older_(std::move(older)),
        record_(std::move(delivered_dir), dir_->path(), options_) {
    options_.index_path = record_.index_path();
  }

  Result<message::Answer> open() override {
    // Renames that were cut short are finished now: it has been delivered.
    const auto note = [this](const store::Delivered& next) -> Result<void> {
      put_note(next);
      return {};
    };
    DCDN_TRY(const auto finished, store::PartObject::finish_delivery(dir_, options_, note));
    if (finished) put_note(*finished);
    delivered_ = record_.find();
    // Delivered under another name because its own was taken: now it may have its own.
    const bool elsewhere = delivered_ && delivered_->path != dir_->path() + "/" + options_.name;
    if (elsewhere && store::replaces(options_.collision)) delivered_.reset();
    if (delivered_ && may_delete()) delivered_.reset();
    // Its name is there, and whether it is on the disk was perhaps never known.
    if (delivered_ && options_.fsync)
      DCDN_CHECK(sync_folder(dir_->out_fd(), escape_for_display(dir_->path())));
    if (!delivered_) DCDN_CHECK(open_part());
    message::Answer answer;
    if (delivered_) {
      answer.segments_done = delivered_->segments;
      answer.last_segment = delivered_->object;
      answer.plan = delivered_->plan;
      answer.bytes_done = delivered_->bytes;
      answer.marks = delivered_->marks;
      answer.ask = true;
      return answer;
    }
    const store::ResumePoint here = part_->resume_point();
    answer.segments_done = here.segments_done;
    answer.last_segment = here.last_segment;
    answer.plan = here.plan;
    answer.bytes_done = here.bytes_done;
    answer.marks = here.marks;
    answer.ask = here.anything || book_ || part_->has_index();
    return answer;
  }

  Result<store::SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id,
                                         ByteView frames) override {
    if (delivered_ && !part_) {
      again_ = segment.final && id == delivered_->object;
      // An honest sender of the same object repeats only the final segment; anything else is a newer version.
      if (again_) return store::SegmentNeed{};
      // It came without something that its sender could not read then: laid over that, and over nothing that
      // somebody has touched since, it is what was to come in the first place.
      const bool completes = delivered_->left_out > 0 && options_.collision == store::Collision::refuse;
      if (completes) options_.collision = store::Collision::overwrite;
      delivered_.reset();
    }
    // Also when the segment before this one found that there is no place for it: who sent it does not know
    // yet.
    if (!part_) DCDN_CHECK(open_part());
    return part_->add_segment(segment, id, frames);
  }

  std::optional<wire::ChunkRecord> wanted(const Digest& carried) const override {
    return part_ ? part_->wanted(carried) : std::nullopt;
  }
  Result<std::optional<Buffer>> past_of(const wire::ChunkRecord& record, BufferPool& pool) override {
    return part_ ? part_->past_of(record, pool) : std::optional<Buffer>();
  }
  Result<void> write_chunk(const Digest& digest, const Buffer& content, const Buffer&) override {
    if (!part_) return {};
    DCDN_TRY(const auto written, part_->write_chunk(digest, content));
    (void)written;
    return {};
  }
  Bytes frames_before_want(const wire::Segment& segment, const store::SegmentNeed& need,
                           std::uint32_t version) override {
    if (!book_ || !need.any) return {};
    return book_->frames_before_want(segment, need, version, spots());
  }
  Result<std::optional<message::Want>> write_difference(const message::Difference& difference,
                                                        BufferPool& pool) override {
    const auto record = wanted(difference.carried);
    if (!record) return std::optional<message::Want>();  // it is here by now
    const auto content = book_ ? book_->make(difference, *record, pool, spots()) : Result<Buffer>(Buffer());
    if (!content || content->empty()) {
      // Once: the chunk itself comes now, and a want costs more than such a difference.
      if (!asked_again_.insert(difference.carried).second) return std::optional<message::Want>();
      return part_->want_again(difference.carried);
    }
    DCDN_TRY(const auto written, part_->write_chunk(difference.carried, *content));
    (void)written;
    return std::optional<message::Want>();
  }
  std::uint64_t segments_done() const override { return part_ ? part_->segments_done() : 0; }
  std::uint64_t bytes_done() const override {
    return part_ ? part_->bytes_done() : delivered_ ? delivered_->bytes : 0;
  }
  bool complete() const override { return part_ ? part_->complete() : again_; }
  Result<void> checkpoint() override { return part_ ? part_->checkpoint() : Result<void>(); }

  Result<bool> check_some(std::uint64_t bytes) override {
    return part_ ? part_->check_some(bytes) : Result<bool>(true);
  }

  Result<std::string> finalize() override {
    if (!part_) return delivered_->path;
    store::Delivered done;
    // Noted first: if the power fails right after the rename, the next offer still finds out that it is done.
    auto path = part_->finalize([&](const store::Delivered& next) -> Result<void> {
      done = next;
      put_note(next);
      return {};
    });
    if (!path) {
      record_.remove();
      return path;
    }
    done.path = *path;
    put_note(done);  // again: what it looks like in its place, untouched
    return path;
  }

  Result<void> discard() override { return part_ ? part_->discard() : Result<void>(); }
  Digest object_id() const override { return part_ ? part_->object_id() : delivered_->object; }
  wire::LeftOutList left_out() const override {
    if (part_) return part_->left_out();
    wire::LeftOutList unnamed;
    if (delivered_) unnamed.count = delivered_->left_out;
    return unnamed;
  }
  std::optional<Error> not_noted() const override { return not_noted_; }
  std::vector<std::string> notes() const override {
    return part_ ? part_->notes() : std::vector<std::string>();
  }

 private:
  // The home's disk may be full or closed while the object's has room: what is whole is delivered all the
  // same.
  void put_note(const store::Delivered& delivered) {
    if (const auto put = record_.put(delivered); !put) not_noted_ = put.error();
  }

  // Of what is all there, something that is not in it may have to go.
  [[nodiscard]] bool may_delete() const {
    if (options_.deletes == store::DeleteWhat::none || !store::replaces(options_.collision)) return false;
    return options_.deletes == store::DeleteWhat::all || store::has_former(record_.index_path());
  }

  [[nodiscard]] BasisBook::SpotOf spots() const {
    return [this](const wire::ChunkRecord& record) { return part_->spot_of(record); };
  }

  Result<void> open_part() {
    DCDN_TRY(part_, store::PartObject::open(dir_, options_));
    if (older_.use) look_for_older();
    return {};
  }

  // Only what this sender brought here itself, or may replace anyway, or what the user named: the sender
  // learns sums of what is in there.
  void look_for_older() {
    auto files = std::make_shared<store::BasisFiles>(options_.kind);
    if (store::replaces(options_.collision)) {
      files->add(dir_->out_fd(), options_.name);
    } else if (const auto own = record_.last_name()) {
      files->add(dir_->out_fd(), *own);
    }
    for (const std::string& path : older_.named) files->add_path(path, options_.name);
    if (files->empty()) return;
    const bool known = older_.content_bytes || part_->has_index();
    const std::uint64_t bytes = known ? older_.content_bytes.value_or(0) : files->bytes();
    if (!part_->has_index() && !pace::worth_asking(bytes, older_.link)) return;
    book_ = std::make_unique<BasisBook>(older_.object, files);
    part_->set_basis(std::move(files));
  }

  std::shared_ptr<store::ReceiveDir> dir_;
  store::PartObject::Options options_;
  OlderFiles older_;
  DeliveredRecord record_;
  std::optional<Error> not_noted_;
  std::optional<store::Delivered> delivered_;
  bool again_ = false;
  std::unique_ptr<store::PartObject> part_;
  std::unique_ptr<BasisBook> book_;  // none: nothing older is looked at
  std::unordered_set<Digest, Name32Hash> asked_again_;
};

}  // namespace

std::unique_ptr<ObjectSink> make_directory_sink(std::shared_ptr<store::ReceiveDir> dir,
                                                store::PartObject::Options options, std::string delivered_dir,
                                                OlderFiles older) {
  return std::make_unique<DirectorySink>(std::move(dir), std::move(options), std::move(delivered_dir),
                                         std::move(older));
}

}  // namespace dcdn::sink
