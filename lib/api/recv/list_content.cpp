// list_content of dcdn/recv.hpp: what a chunk stream says is in it, and who signed that. Nothing is written.
#include <map>
#include <memory>

#include "api/recv/unpack_stream.hpp"
#include "sink/object_sink.hpp"
#include "sink/unpacker.hpp"
#include "source/recovering_input.hpp"
#include "trust/keyring_file.hpp"
#include "wire/left_out_content.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kIdleBytes = 16u << 20;
constexpr std::size_t kMostObjects = 65536;
constexpr std::size_t kMostSigners = 64;  // of one object

struct Row {
  StreamContent content;
  Digest stream;   // id of segment 0
  Digest last_id;  // of the segments that are here without a gap
};

/// Wants no chunk: what the manifest says is all that is asked.
class ListSink final : public sink::ObjectSink {
 public:
  explicit ListSink(std::shared_ptr<Row> row) : row_(std::move(row)) {}
  Result<message::Answer> open() override { return message::Answer{}; }
  Result<store::SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id, ByteView) override {
    DCDN_CHECK(checker_.add(segment, id));  // so that the last id stands for all before it
    if (segment.index == 0) row_->stream = id;
    row_->last_id = id;
    for (const wire::Record& record : segment.records) count(record);
    row_->content.whole = segment.final;
    return store::SegmentNeed{};
  }
  std::optional<wire::ChunkRecord> wanted(const Digest&) const override { return std::nullopt; }
  bool needs_content() const override { return false; }
  Result<std::optional<Buffer>> past_of(const wire::ChunkRecord&, BufferPool&) override {
    return std::optional<Buffer>();  // needs no content
  }
  Result<void> write_chunk(const Digest&, const Buffer&, const Buffer&) override { return {}; }
  std::uint64_t segments_done() const override { return 0; }
  std::uint64_t bytes_done() const override { return row_->content.bytes; }
  bool complete() const override { return row_->content.whole; }
  Result<std::string> finalize() override { return std::string(); }
  Result<void> discard() override { return {}; }
  Digest object_id() const override { return row_->last_id; }

 private:
  void count(const wire::Record& record) {
    StreamContent& content = row_->content;
    if (std::holds_alternative<wire::EntryBegin>(record)) ++content.entries;
    if (std::holds_alternative<wire::LeftOut>(record)) ++content.left_out;
    // What all of them come to was checked with the chain: at most 2^60.
    if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) bytes_ += chunk->content_size;
    if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) bytes_ += hole->size;
    left_out_content_.add(record);
    content.bytes = left_out_content_.rest_of(bytes_);
  }
  std::shared_ptr<Row> row_;
  wire::ManifestChecker checker_;
  wire::LeftOutContent left_out_content_;
  std::uint64_t bytes_ = 0;
};

std::string name_of(wire::ObjectKind kind) {
  if (kind == wire::ObjectKind::tree) return "tree";
  return kind == wire::ObjectKind::file ? "file" : "stream";
}

class ContentLister {
 public:
  explicit ContentLister(const RecvOptions& options) : options_(options), unpacker_(rules(), pool_) {}

  Result<std::vector<StreamContent>> run() {
    if (!options_.home.is_none()) {
      DCDN_TRY(ring_, trust::load_keyring(options_.home));
    }
    source::RecoveringInput input(options_.input_fd, options_.interrupt_fd, "standard input", pool_);
    DCDN_CHECK(input.read({}, [this](const wire::Frame& frame) { return take(frame); }));
    const auto ended = unpacker_.finish(input.damaged_bytes());
    if (!ended && ended.error().code != Errc::incomplete) return ended.error();
    std::vector<StreamContent> all;
    for (const auto& row : rows_) {
      name_signers(*row);
      all.push_back(row->content);
    }
    return all;
  }

 private:
  sink::UnpackRules rules() {
    sink::UnpackRules rules;
    rules.make_sink = [this](const std::string& name, wire::ObjectKind kind) {
      rows_.push_back(std::make_shared<Row>());
      rows_.back()->content.name = name;
      rows_.back()->content.kind = name_of(kind);
      return std::make_unique<ListSink>(rows_.back());
    };
    return rules;
  }

  Result<void> take(const wire::Frame& frame) {
    if (rows_.size() > kMostObjects)
      return Error(Errc::limit, "more than " + std::to_string(kMostObjects) + " objects in one stream");
    if (frame.type == wire::FrameType::chunk) return {};
    if (frame.type == wire::FrameType::signature) DCDN_CHECK(note_signature(frame));
    return unpacker_.take(frame);
  }

  // A signature counts for all segments before its own: the last of each signer tells how far that goes.
  Result<void> note_signature(const wire::Frame& frame) {
    DCDN_TRY(const auto signature, wire::parse_segment_signature(frame.body.view()));
    if (!wire::verify_segment_signature(signature)) return {};  // of nobody
    auto& signers = signed_[signature.stream];
    if (signed_.size() > kMostObjects ||
        (signers.size() >= kMostSigners && !signers.contains(signature.signer)))
      return Error(Errc::limit, "more signers than can be listed");
    auto& last = signers[signature.signer];
    if (signature.index >= last.index) last = {signature.index, signature.segment};
    return {};
  }

  void name_signers(Row& row) const {
    const auto found = signed_.find(row.stream);
    if (found == signed_.end()) return;
    for (const auto& [signer, last] : found->second) {
      if (last.segment != row.last_id) continue;
      row.content.signers.push_back(sign::to_text(signer));
      row.content.signer_names.push_back(ring_.name_of(signer).value_or(""));
    }
  }

  struct Last {
    std::uint64_t index = 0;
    Digest segment;
  };
  const RecvOptions& options_;
  BufferPool pool_{kIdleBytes};
  sign::Keyring ring_;
  std::vector<std::shared_ptr<Row>> rows_;
  std::map<Digest, std::map<NodeId, Last>> signed_;  // by stream and signer
  sink::Unpacker unpacker_;
};

}  // namespace

Result<std::vector<StreamContent>> list_content(const RecvOptions& options) {
  return ContentLister(options).run();
}

}  // namespace dcdn
