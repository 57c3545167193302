#include "session/difference_sender.hpp"

#include <algorithm>
#include <asio/post.hpp>

#include "pipeline/chunk_difference.hpp"
#include "pipeline/context_difference.hpp"

namespace dcdn::session {

namespace {

constexpr std::uint32_t kLeastBlock = 64;       // smaller ones would cost a search more than they save
constexpr std::uint32_t kMostBlock = 1u << 20;  // no match inside a chunk is longer
constexpr std::size_t kMostComparesAhead = 64;  // segments told of whose want is not here yet

/// Differences of neighbouring chunks, which are searched as one.
class RunMaker {
 public:
  RunMaker(std::uint32_t object, std::uint32_t version, compress::CompressChoice compress,
           work::WorkerPool& workers, BufferPool& pool)
      : object_(object), version_(version), compress_(compress), workers_(workers), pool_(pool) {}

  Result<void> make(OldSignature& basis, std::span<QueuedChunk> run, source::SegmentContents& segment) {
    const delta::SignatureTable* table = basis.table();
    if (table == nullptr) return {};
    std::vector<Buffer> contents;
    for (const QueuedChunk& queued : run) {
      DCDN_TRY(Buffer content, segment.of(queued.index));
      contents.push_back(std::move(content));
    }
    const delta::RunTasks run_tasks = [this](std::size_t count, const auto& task) {
      workers_.run(count, task);
    };
    DCDN_TRY(const auto commands, pipeline::difference_commands(*table, contents, run_tasks));
    workers_.run(run.size(),
                 [&](std::size_t i) { pack(basis.number(), commands[i], contents[i].view(), run[i]); });
    return {};
  }

 private:
  message::Difference packed(const Bytes& commands, ByteView content) {
    if (version_ >= 2)
      if (auto difference = pipeline::pack_in_context(commands, content, compress_, pool_))
        return *std::move(difference);
    return pipeline::pack_commands(commands, compress_, pool_);
  }
  void pack(std::uint32_t basis, const Bytes& commands, ByteView content, QueuedChunk& queued) {
    if (commands.size() > wire::kMaxChunkContent) return;
    const source::SegmentChunk& chunk = queued.chunk();
    message::Difference difference = packed(commands, content);
    difference.carried = chunk.record.carried;
    difference.object = object_;
    difference.basis = basis;
    const Bytes frame = wire::make_frame(wire::FrameType::difference, message::encode(difference));
    if (frame.size() < chunk.carried.size()) queued.difference = Buffer::copy_of(frame);
  }

  std::uint32_t object_;
  std::uint32_t version_;
  compress::CompressChoice compress_;
  work::WorkerPool& workers_;
  BufferPool& pool_;
};

}  // namespace

Result<void> OldSignature::add(const message::BasisPiece& piece) {
  if (piece.total != total_ || piece.offset != received_ || piece.bytes.size() > total_ - received_)
    return Error(Errc::corrupt, "a piece of a signature is not the next one");
  received_ += piece.bytes.size();
  bytes_.insert(bytes_.end(), piece.bytes.begin(), piece.bytes.end());
  return {};
}

const delta::SignatureTable* OldSignature::table() {
  if (std::exchange(asked_, true)) return table_ ? &*table_ : nullptr;
  const auto shape = delta::parse_signature_header(bytes_);
  if (!shape || shape->block_bytes < kLeastBlock || shape->block_bytes > kMostBlock) return nullptr;
  auto made = delta::SignatureTable::make(std::move(bytes_));
  if (!made) return nullptr;
  table_ = std::move(*made);
  return &*table_;
}

std::vector<QueuedChunk> make_differences(const source::PackedSegmentPtr& segment,
                                          const std::vector<bool>& needed, const Comparison& comparison,
                                          std::uint32_t object, compress::CompressChoice compress,
                                          work::WorkerPool& workers, BufferPool& pool) {
  std::vector<QueuedChunk> chunks;
  for (std::size_t i = 0; i < needed.size(); ++i)
    if (needed[i]) chunks.push_back({segment, i, {}});
  RunMaker maker(object, comparison.version, compress, workers, pool);
  const std::vector<OldSignaturePtr>& basis = comparison.basis;
  const auto follows = [&](const QueuedChunk& next, const QueuedChunk& before) {
    return next.index == before.index + 1 && basis[next.index] == basis[before.index];
  };
  source::SegmentContents contents(*segment, pool);
  for (std::size_t begin = 0; begin < chunks.size();) {
    std::size_t end = begin + 1;
    while (end < chunks.size() && follows(chunks[end], chunks[end - 1])) ++end;
    const OldSignaturePtr& old = basis[chunks[begin].index];
    // What cannot be made into differences goes as it is.
    if (old) (void)maker.make(*old, std::span(chunks).subspan(begin, end - begin), contents).has_value();
    begin = end;
  }
  return chunks;
}

DifferenceSender::DifferenceSender(SendShared& shared, std::uint32_t object, Take take)
    : shared_(shared), object_(object), take_(std::move(take)) {}

Result<void> DifferenceSender::take(const message::BasisPiece& piece) {
  if (piece.object != object_) return Error(Errc::corrupt, "a signature for another object");
  if (piece.basis == signatures_.size() && (signatures_.empty() || signatures_.back()->whole())) {
    signature_bytes_ += piece.total;
    if (signature_bytes_ > message::kMaxBasisBytes || signatures_.size() >= message::kMaxBases)
      return Error(Errc::limit, "the receiver's signatures of older files are too many or too long");
    signatures_.push_back(std::make_shared<OldSignature>(piece.basis, piece.total));
  }
  if (signatures_.empty() || piece.basis != signatures_.size() - 1)
    return Error(Errc::corrupt, "signatures of older files are not in order");
  return signatures_.back()->add(piece);
}

Result<void> DifferenceSender::take(const message::Compare& compare) {
  if (compare.object != object_ || compares_.size() >= kMostComparesAhead)
    return Error(Errc::corrupt, "too many segments are compared");
  Comparison comparison;
  comparison.version = compare.version;
  for (const message::CompareRun& run : compare.runs) {
    OldSignaturePtr old;
    if (run.basis) {
      if (*run.basis >= signatures_.size() || !signatures_[*run.basis]->whole())
        return Error(Errc::corrupt, "chunks are compared with a file that was not told");
      old = signatures_[*run.basis];
    }
    comparison.basis.insert(comparison.basis.end(), run.chunks, old);
  }
  compares_[compare.segment] = std::move(comparison);
  return {};
}

bool DifferenceSender::start(const source::PackedSegmentPtr& segment, const std::vector<bool>& needed) {
  const auto found = compares_.find(segment->index);
  if (found == compares_.end()) return false;
  const Comparison comparison = std::move(found->second);
  compares_.erase(found);
  if (comparison.basis.size() != needed.size()) return false;
  ++jobs_;
  shared_.difference_worker.post([this, alive = std::weak_ptr<bool>(alive_), segment, needed, comparison,
                                  &shared = shared_, object = object_] {
    if (alive.expired()) return;
    const compress::CompressChoice compress = shared.settings.compress.choice_at(compress::kUsualRung);
    auto chunks =
        make_differences(segment, needed, comparison, object, compress, shared.workers, shared.pool);
    asio::post(shared.executor, [this, alive, chunks = std::move(chunks)]() mutable {
      if (!alive.expired()) made(std::move(chunks));
    });
  });
  return true;
}

void DifferenceSender::made(std::vector<QueuedChunk> chunks) {
  --jobs_;
  for (const QueuedChunk& queued : chunks) {
    if (queued.difference.empty()) continue;
    Sent& sent = sent_[queued.segment->index];
    sent.segment = queued.segment;
    sent.as_difference.resize(queued.segment->chunks.size());
    sent.as_difference[queued.index] = true;
    const std::size_t content = queued.chunk().record.content_size;
    shared_.bytes_skipped += content - std::min(content, queued.difference.size());
  }
  take_(std::move(chunks));
}

std::vector<QueuedChunk> DifferenceSender::again(const message::Want& want) {
  std::vector<QueuedChunk> chunks;
  const auto found = sent_.find(want.segment);
  if (found == sent_.end()) return chunks;
  Sent& sent = found->second;
  for (std::size_t i = 0; i < std::min(want.needed.size(), sent.as_difference.size()); ++i) {
    if (!want.needed[i] || !sent.as_difference[i]) continue;
    sent.as_difference[i] = false;
    chunks.push_back({sent.segment, i, {}});
  }
  return chunks;
}

void DifferenceSender::stored(std::uint64_t upto) {
  sent_.erase(sent_.begin(), sent_.lower_bound(upto));
  compares_.erase(compares_.begin(), compares_.lower_bound(upto));
}

void DifferenceSender::forget() {
  alive_ = std::make_shared<bool>(true);
  jobs_ = 0;
  signatures_.clear();
  signature_bytes_ = 0;
  compares_.clear();
  sent_.clear();
}

}  // namespace dcdn::session
