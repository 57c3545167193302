#include "sink/small_object_sink.hpp"

#include <utility>

#include "sink/delivered.hpp"
#include "sink/finish_group.hpp"
#include "store/small_object.hpp"
#include "store/tree_access.hpp"

namespace dcdn::sink {

namespace {

class SmallObjectSink final : public ObjectSink {
 public:
  SmallObjectSink(std::shared_ptr<store::ReceiveDir> dir, store::PartObject::Options options,
                  std::string delivered_dir, std::unique_ptr<ObjectSink> usual)
      : ObjectSink(options.promise),
        dir_(std::move(dir)),
        options_(std::move(options)),
        record_(std::move(delivered_dir), dir_->path(), options_),
        usual_(std::move(usual)) {}

  Result<message::Answer> open() override {
    const std::string slot = store::slot_name(options_);
    is_usual_ = store::is_there(dir_->part_fd(), slot) || store::is_there(dir_->part_fd(), slot + ".old") ||
                store::is_there(dir_->out_fd(), options_.name) || record_.last_name();
    return is_usual_ ? usual_->open() : Result<message::Answer>(message::Answer());
  }

  Result<store::SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id,
                                         ByteView frames) override {
    if (!is_usual_ && !small_ && store::SmallObject::is_one(segment)) {
      DCDN_TRY(small_, store::SmallObject::begin(dir_, options_, segment, id, frames.size()));
    }
    if (small_ && small_->chain().object_id() == id) return small_->need_of(segment);
    // More comes than was expected, or another chain.
    if (!is_usual_) {
      small_.reset();
      if (options_.promise) options_.promise->restart();
      is_usual_ = true;
      DCDN_CHECK(usual_->open());
    }
    return usual_->add_segment(segment, id, frames);
  }

  std::optional<wire::ChunkRecord> wanted(const Digest& carried) const override {
    if (is_usual_) return usual_->wanted(carried);
    return small_ ? small_->wanted(carried) : std::nullopt;
  }
  // The only chunk of a small object has none.
  Result<std::optional<Buffer>> past_of(const wire::ChunkRecord& record, BufferPool& pool) override {
    return is_usual_ ? usual_->past_of(record, pool) : std::optional<Buffer>();
  }
  Result<void> write_chunk(const Digest& digest, const Buffer& content, const Buffer& carried) override {
    if (is_usual_) return usual_->write_chunk(digest, content, carried);
    const auto record = wanted(digest);
    return record ? small_->write(*record, content.view()) : Result<void>();
  }
  Bytes frames_before_want(const wire::Segment& segment, const store::SegmentNeed& need,
                           std::uint32_t version) override {
    return is_usual_ ? usual_->frames_before_want(segment, need, version) : Bytes();
  }
  Result<std::optional<message::Want>> write_difference(const message::Difference& difference,
                                                        BufferPool& pool) override {
    return usual_->write_difference(difference, pool);  // of which a small object asks none
  }
  std::uint64_t segments_done() const override {
    if (is_usual_) return usual_->segments_done();
    return small_ ? small_->chain().segments_done() : 0;
  }
  std::uint64_t bytes_done() const override {
    if (is_usual_) return usual_->bytes_done();
    return small_ ? small_->chain().bytes_done() : 0;
  }
  bool complete() const override { return is_usual_ ? usual_->complete() : small_ && small_->complete(); }
  Result<void> checkpoint() override { return is_usual_ ? usual_->checkpoint() : Result<void>(); }
  Result<bool> check_some(std::uint64_t bytes) override {
    return is_usual_ ? usual_->check_some(bytes) : Result<bool>(true);
  }

  Result<std::string> finalize() override {
    if (is_usual_) return usual_->finalize();
    Result<std::string> path = Error(Errc::internal, "nothing became of it");
    FinishGroup alone;
    alone.add(*this, [&](const Result<std::string>& given) { path = given; });
    alone.finish();
    return path;
  }
  bool finishes_in_group() const override { return !is_usual_ && complete(); }
  Result<void> stage(store::SyncBatch& batch) override {
    small_->stage(batch);
    if (put_note(options_.name, batch)) noted_ = options_.name;
    return {};
  }
  Result<std::string> give_name(store::SyncBatch& folders) override {
    const auto note = [&](const std::string& name) -> Result<void> {
      if (name == noted_) return {};
      store::SyncBatch now;
      if (put_note(name, now) && now.sync("note of a delivery")) noted_ = name;
      return {};
    };
    auto path = small_->give_name(note, folders);
    if (!path) {
      record_.remove();
      return path;
    }
    // The home's disk may be full or closed while the object's has room: it is delivered all the same.
    const std::string name = path->substr(path->rfind('/') + 1);
    if (noted_ == name) return path;
    if (const auto put = record_.put(small_->delivered_as(name)); !put) not_noted_ = put.error();
    return path;
  }

  Result<void> discard() override {
    if (is_usual_) return usual_->discard();
    small_.reset();
    return {};
  }
  Digest object_id() const override { return is_usual_ ? usual_->object_id() : small_->chain().object_id(); }
  wire::LeftOutList left_out() const override { return is_usual_ ? usual_->left_out() : wire::LeftOutList(); }
  std::optional<Error> not_noted() const override { return is_usual_ ? usual_->not_noted() : not_noted_; }
  std::vector<std::string> notes() const override {
    if (is_usual_) return usual_->notes();
    return small_ ? small_->notes() : std::vector<std::string>();
  }

 private:
  // Before it has that name: it is known by what it looks like.
  Result<void> put_note(const std::string& name, store::SyncBatch& batch) const {
    const std::string staged = dir_->part_dir() + "/" + store::slot_name(options_) + store::kSmallEnding;
    return record_.put(small_->delivered_as(name), staged, batch);
  }

  std::shared_ptr<store::ReceiveDir> dir_;
  store::PartObject::Options options_;
  DeliveredRecord record_;
  std::unique_ptr<ObjectSink> usual_;
  bool is_usual_ = false;
  std::unique_ptr<store::SmallObject> small_;
  std::string noted_;  // the name that a record says it has
  std::optional<Error> not_noted_;
};

}  // namespace

std::unique_ptr<ObjectSink> make_small_object_sink(std::shared_ptr<store::ReceiveDir> dir,
                                                   store::PartObject::Options options,
                                                   std::string delivered_dir,
                                                   std::unique_ptr<ObjectSink> usual) {
  return std::make_unique<SmallObjectSink>(std::move(dir), std::move(options), std::move(delivered_dir),
                                           std::move(usual));
}

}  // namespace dcdn::sink
