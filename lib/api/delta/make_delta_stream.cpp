// dcdn-delta make: the smaller of two deltas as an object of a chunk stream.
#include <unistd.h>

#include <cerrno>

#include "api/delta/block_signature.hpp"
#include "base/text.hpp"
#include "compress/reference_codec.hpp"
#include "delta/delta_header.hpp"
#include "source/object_packer.hpp"
#include "source/packed_segment.hpp"
#include "source/segment_output.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kMostReferenceOutput = 256u << 20;  // more is held in memory for nobody
constexpr std::uint32_t kChunkBytes = 1u << 20;
constexpr std::uint64_t kHopeless = 4;  // commands this many times longer do not get smaller than a reference

class Maker {
 public:
  explicit Maker(const MakeOptions& options) : options_(options) {}

  Result<MakeReport> run() {
    DCDN_TRY(api::DeltaInput input, api::DeltaInput::open(options_.new_file, options_.common.interrupt_fd));
    DCDN_CHECK(input.make_seekable());
    DCDN_TRY(api::DeltaOutput output,
             api::DeltaOutput::open(options_.common, api::DeltaOutput::Kind::flowing));
    DCDN_CHECK(options_.signature.empty() ? compare_files(input) : compare_signature(input));
    if (header_.basis == header_.target) {
      header_.method = delta::Method::same;
      blocks_.reset();
      reference_.reset();
    }
    DCDN_TRY(const UniqueFd content, write_content());
    DCDN_CHECK(pack(content.get(), output));
    DCDN_CHECK(output.finish(options_.common.interrupt_fd));
    static constexpr const char* kNames[] = {"same", "blocks", "reference"};
    return MakeReport{header_.target.bytes,
                      output.bytes(),
                      kNames[static_cast<int>(header_.method)],
                      to_hex(header_.basis.digest.view()),
                      to_hex(header_.target.digest.view()),
                      clock_.seconds()};
  }

 private:
  Result<void> compare_signature(api::DeltaInput& input) {
    if (options_.method == DeltaMethod::reference)
      return Error(Errc::usage, "--method reference needs the old file").with_hint("--basis OLD");
    DCDN_TRY(api::DeltaInput file, api::DeltaInput::open(options_.signature, options_.common.interrupt_fd));
    DCDN_TRY(const api::LoadedSignature loaded, api::load_signature(file));
    if (!loaded.basis)
      return Error(Errc::usage, file.name() + ": does not say which file it was made from")
          .with_hint("make one with: dcdn-delta signature --compact OLD");
    header_.basis = *loaded.basis;
    return search(input, loaded.table);
  }

  // The reference takes one core, and the blocks the others.
  Result<void> compare_files(api::DeltaInput& input) {
    DCDN_TRY(api::DeltaInput old, api::DeltaInput::open(options_.old_file, options_.common.interrupt_fd));
    DCDN_CHECK(old.make_seekable());
    auto reference = work::start_ahead([&] { return compress(old, input); });
    const auto found =
        options_.method == DeltaMethod::reference ? identify(old, input) : find_blocks(old, input);
    auto compressed = reference.get();
    DCDN_CHECK(found);
    if (!compressed) return compressed.error();
    reference_ = *std::move(compressed);
    return choose();
  }

  Result<std::optional<Buffer>> compress(const api::DeltaInput& old, const api::DeltaInput& input) const {
    if (options_.method == DeltaMethod::blocks || *old.size() > compress::kMostReferenceBytes ||
        *input.size() > compress::kMostReferenceBytes)
      return std::optional<Buffer>();
    DCDN_TRY(const auto past, api::MappedFile::map(old.fd(), *old.size(), false, old.name()));
    DCDN_TRY(const auto content, api::MappedFile::map(input.fd(), *input.size(), false, input.name()));
    return compress::compress_against(past.view(), content.view(), options_.level, kMostReferenceOutput);
  }

  Result<void> identify(api::DeltaInput& old, api::DeltaInput& input) {
    DCDN_TRY(header_.basis, api::identify(old));
    DCDN_TRY(header_.target, api::identify(input));
    return {};
  }

  Result<void> find_blocks(api::DeltaInput& old, api::DeltaInput& input) {
    SignatureOptions signing;
    signing.compact = true;
    signing.block_bytes = delta::choose_fine_block_bytes(old.size().value_or(0));
    DCDN_TRY(const delta::SignatureShape shape, api::choose_shape(signing, old.size()));
    Bytes signature = delta::encode_signature_header(shape);
    digest::Hasher hasher;
    const auto take = [&](ByteView sums) -> Result<void> {
      signature.insert(signature.end(), sums.begin(), sums.end());
      return {};
    };
    DCDN_TRY(header_.basis.bytes, api::sign_input(old, shape, options_.common, &hasher, take));
    header_.basis.digest = hasher.digest();
    DCDN_TRY(const auto table, delta::SignatureTable::make(std::move(signature)));
    return search(input, table);
  }

  Result<void> search(api::DeltaInput& input, const delta::SignatureTable& table) {
    DCDN_TRY(blocks_, api::temporary_file());
    DCDN_TRY(const auto found,
             api::search_input(input, table, options_.common, false, [this](ByteView bytes) {
               return write_all(blocks_->get(), bytes, "temporary file");
             }));
    header_.target = found.target;
    header_.method = delta::Method::blocks;
    blocks_bytes_ = found.delta_bytes;
    return {};
  }

  Result<void> choose() {
    if (!reference_ && !blocks_)
      return Error(Errc::usage, "the files are too long or too different for --method reference")
          .with_hint("--method blocks");
    bool smaller = reference_.has_value();
    if (reference_ && blocks_ && blocks_bytes_ / kHopeless < reference_->size()) {
      DCDN_TRY(const std::uint64_t carried, carried_bytes());
      smaller = reference_->size() <= carried;
    }
    if (smaller) header_.method = delta::Method::reference;
    return {};
  }

  // What the commands will be as chunks.
  Result<std::uint64_t> carried_bytes() {
    std::uint64_t total = 0;
    Buffer piece = Buffer::allocate(kChunkBytes);
    for (std::uint64_t at = 0;;) {
      DCDN_TRY(const std::size_t got, read_full_at(blocks_->get(), piece.writable(), at, "temporary file"));
      if (got == 0) return total;
      const auto compressed = compress::compress_chunk(piece.view().first(got), compress_choice(), pool_);
      total += compressed.codec == compress::Codec::raw ? got : compressed.bytes.size();
      at += got;
    }
  }
  [[nodiscard]] compress::CompressChoice compress_choice() const {
    return {compress::CompressMode::zstd, options_.level};
  }

  Result<UniqueFd> write_content() {
    DCDN_TRY(UniqueFd content, api::temporary_file());
    DCDN_CHECK(write_all(content.get(), delta::encode_delta_header(header_), "temporary file"));
    if (header_.method == delta::Method::reference) {
      DCDN_CHECK(write_all(content.get(), reference_->view(), "temporary file"));
    } else if (header_.method == delta::Method::blocks) {
      Bytes piece(kChunkBytes);
      for (std::uint64_t at = 0; at < blocks_bytes_;) {
        DCDN_TRY(const std::size_t got, read_full_at(blocks_->get(), piece, at, "temporary file"));
        DCDN_CHECK(write_all(content.get(), ByteView(piece).first(got), "temporary file"));
        at += got;
      }
    }
    if (::lseek(content.get(), 0, SEEK_SET) != 0) return errno_error(errno, "temporary file: seek");
    return content;
  }

  Result<void> pack(int fd, api::DeltaOutput& output) {
    source::PackRequest request;
    const std::string& path = options_.new_file;
    request.object = {wire::ObjectKind::stream,
                      path == "-" ? "" : path.substr(path.rfind('/') + 1) + ".delta", false};
    request.input_fd = fd;
    if (header_.method != delta::Method::reference)
      request.compress.choice = compress_choice();
    else
      request.compress.choice.mode = compress::CompressMode::none;
    request.chunk_bytes = [](std::uint64_t) { return kChunkBytes; };
    request.note = [](const std::string&) {};
    work::WorkerPool workers(options_.common.threads);
    Result<void> written;
    const auto emit = [&](const source::PackedSegment& segment) {
      written = source::write_segment(segment, [&](ByteView bytes) { return output.write(bytes); });
      return written.has_value();
    };
    auto packed = source::pack_object(
        request, workers, pool_, [] { return false; }, emit);
    DCDN_CHECK(written);
    return packed;
  }

  const MakeOptions& options_;
  api::WorkProgress clock_{nullptr, "", {}};
  BufferPool pool_{16u << 20};
  delta::DeltaHeader header_;
  std::optional<UniqueFd> blocks_;
  std::uint64_t blocks_bytes_ = 0;
  std::optional<Buffer> reference_;
};

}  // namespace

namespace api {

Result<delta::FileId> identify(DeltaInput& input) {
  DCDN_CHECK(input.rewind());
  WindowReader windows(input, 4u << 20, 0);
  digest::Hasher hasher;
  delta::FileId id;
  for (bool last = false; !last;) {
    DCDN_TRY(const auto window, windows.next({}));
    last = window.last;
    hasher.update(window.fresh);
    id.bytes += window.fresh.size();
  }
  id.digest = hasher.digest();
  DCDN_CHECK(input.rewind());
  return id;
}

}  // namespace api

Result<MakeReport> make_delta_stream(const MakeOptions& options) {
  if (options.old_file.empty() == options.signature.empty())
    return Error(Errc::usage, "make needs the old file or its signature, and one of them only")
        .with_hint("--basis OLD, or --signature SIG");
  if ((options.old_file.empty() ? options.signature : options.old_file) == "-" && options.new_file == "-")
    return Error(Errc::usage, "two inputs cannot both be standard input");
  return Maker(options).run();
}

}  // namespace dcdn
