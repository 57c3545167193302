#include "pipeline/chunk_difference.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "digest/hasher.hpp"
#include "pipeline/context_difference.hpp"

namespace dcdn::pipeline {

namespace {

constexpr std::size_t kSearchTasks = 8;

/// Commands of a run of chunks, cut where the chunks are.
class CommandSplitter {
 public:
  explicit CommandSplitter(std::span<const Buffer> contents) : contents_(contents), made_(contents.size()) {}

  Result<void> copy(delta::CopyStep step) {
    while (step.size > 0) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(step.size, room()));
      DCDN_CHECK(writer().copy(step.offset, part));
      DCDN_CHECK(advance(part));
      step.offset += part;
      step.size -= part;
    }
    return {};
  }
  Result<void> literal(ByteView bytes) {
    while (!bytes.empty()) {
      const std::size_t part = std::min(bytes.size(), room());
      DCDN_CHECK(writer().literal(bytes.first(part)));
      DCDN_CHECK(advance(part));
      bytes = bytes.subspan(part);
    }
    return {};
  }
  std::vector<Bytes> take() { return std::move(made_); }

 private:
  [[nodiscard]] std::size_t room() const { return contents_[chunk_].size() - filled_; }
  delta::DeltaWriter& writer() {
    if (!writer_) {
      writer_ = std::make_unique<delta::DeltaWriter>([this](ByteView bytes) -> Result<void> {
        made_[chunk_].insert(made_[chunk_].end(), bytes.begin(), bytes.end());
        return {};
      });
    }
    return *writer_;
  }
  Result<void> advance(std::size_t bytes) {
    filled_ += bytes;
    if (room() > 0) return {};
    DCDN_CHECK(writer_->end(std::nullopt));
    writer_.reset();
    filled_ = 0;
    ++chunk_;
    return {};
  }

  std::span<const Buffer> contents_;
  std::vector<Bytes> made_;
  std::size_t chunk_ = 0;
  std::size_t filled_ = 0;  // of the chunk
  std::unique_ptr<delta::DeltaWriter> writer_;
};

/// Content that commands make.
class CommandTarget {
 public:
  CommandTarget(MutableByteView into, const ReadBasis& read) : into_(into), read_(read) {}

  Result<void> run(ByteView commands) {
    delta::DeltaReader reader;
    DCDN_TRY(const auto first, reader.next());
    (void)first;  // it has nothing yet, so it asks for more
    reader.push(commands);
    reader.finish();
    for (;;) {
      DCDN_TRY(const auto step, reader.next());
      if (const auto* copy = std::get_if<delta::CopyStep>(&step)) {
        DCDN_TRY(const MutableByteView place, take(copy->size));
        DCDN_CHECK(read_(copy->offset, place));
      } else if (const auto* literal = std::get_if<delta::LiteralStep>(&step)) {
        DCDN_TRY(const MutableByteView place, take(literal->bytes.size()));
        std::memcpy(place.data(), literal->bytes.data(), place.size());
      } else if (std::holds_alternative<delta::EndStep>(step)) {
        return into_.empty() ? Result<void>() : Result<void>(wrong_length());
      } else {
        return Error(Errc::corrupt, "a difference is cut off");
      }
    }
  }

 private:
  static Error wrong_length() {
    return {Errc::corrupt, "a difference makes another length than its chunk's"};
  }
  Result<MutableByteView> take(std::uint64_t size) {
    if (size > into_.size()) return wrong_length();
    const MutableByteView place = into_.first(static_cast<std::size_t>(size));
    into_ = into_.subspan(place.size());
    return place;
  }

  MutableByteView into_;
  const ReadBasis& read_;
};

/// The content that commands make; its digest is not checked yet.
Result<Buffer> apply_commands(const message::Difference& difference, const wire::ChunkRecord& record,
                              const ReadBasis& read, BufferPool& pool) {
  Buffer commands;
  if (difference.codec != message::DifferenceCodec::raw) {
    DCDN_TRY(commands, compress::decompress_chunk(static_cast<compress::Codec>(difference.codec),
                                                  difference.bytes, difference.command_bytes, pool));
  }
  Buffer content = pool.take(record.content_size);
  CommandTarget target(content.writable(), read);
  DCDN_CHECK(target.run(commands.empty() ? ByteView(difference.bytes) : commands.view()));
  return content;
}

Bytes join(std::span<const Buffer> contents) {
  std::size_t size = 0;
  for (const Buffer& content : contents) size += content.size();
  Bytes whole;
  whole.reserve(size);
  for (const Buffer& content : contents)
    whole.insert(whole.end(), content.view().begin(), content.view().end());
  return whole;
}

}  // namespace

Result<std::vector<Bytes>> difference_commands(const delta::SignatureTable& basis,
                                               std::span<const Buffer> contents, const delta::RunTasks& run) {
  const Bytes whole = join(contents);
  Bytes commands;
  delta::DeltaWriter writer([&commands](ByteView bytes) -> Result<void> {
    commands.insert(commands.end(), bytes.begin(), bytes.end());
    return {};
  });
  delta::DeltaSearch search(basis, kSearchTasks, run, writer);
  DCDN_TRY(const std::size_t used, search.add(whole, true));
  (void)used;
  DCDN_CHECK(writer.end(std::nullopt));
  CommandSplitter splitter(contents);
  delta::DeltaReader reader;
  DCDN_TRY(const auto first, reader.next());
  (void)first;
  reader.push(commands);
  reader.finish();
  for (;;) {
    DCDN_TRY(const auto step, reader.next());
    if (const auto* copy = std::get_if<delta::CopyStep>(&step)) {
      DCDN_CHECK(splitter.copy(*copy));
    } else if (const auto* literal = std::get_if<delta::LiteralStep>(&step)) {
      DCDN_CHECK(splitter.literal(literal->bytes));
    } else {
      return splitter.take();
    }
  }
}

message::Difference pack_commands(const Bytes& commands, compress::CompressChoice choice, BufferPool& pool) {
  message::Difference difference;
  difference.command_bytes = static_cast<std::uint32_t>(commands.size());
  const compress::Compressed packed = compress::compress_chunk(commands, choice, pool);
  difference.codec = static_cast<message::DifferenceCodec>(packed.codec);
  const ByteView bytes = packed.codec == compress::Codec::raw ? ByteView(commands) : packed.bytes.view();
  difference.bytes.assign(bytes.begin(), bytes.end());
  return difference;
}

Result<Buffer> apply_difference(const message::Difference& difference, const wire::ChunkRecord& record,
                                const ReadBasis& read, BufferPool& pool) {
  Buffer content;
  if (difference.codec == message::DifferenceCodec::in_context) {
    DCDN_TRY(content, apply_in_context(difference, record, read, pool));
  } else {
    DCDN_TRY(content, apply_commands(difference, record, read, pool));
  }
  if (digest::blake3(content.view()) != record.content)
    return Error(Errc::corrupt, "a difference does not make its chunk: the older file is another");
  return content;
}

}  // namespace dcdn::pipeline
