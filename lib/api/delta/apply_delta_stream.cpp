// dcdn-delta apply: a chunk stream with a delta, and the old file, make the new file.
#include <fcntl.h>
#include <sys/stat.h>

#include "api/delta/block_signature.hpp"
#include "api/delta/patch_target.hpp"
#include "base/sparse.hpp"
#include "base/text.hpp"
#include "compress/reference_codec.hpp"
#include "dcdn/recv.hpp"
#include "delta/delta_header.hpp"

namespace dcdn {

namespace {

/// Whoever applies a delta is told of the new file only.
class SilentProgress final : public ProgressSink {
 public:
  void on_progress(const Progress&) override {}
  void on_object(const ObjectEnd&) override {}
  void on_note(int, const std::string&) override {}
};

/// What the unpacking calls its output is a temporary file here.
Error about_temporary_file(Error error) {
  constexpr std::string_view kOutput = "standard output";
  if (!error.message.starts_with(kOutput)) return error;
  error.message.replace(0, kOutput.size(), "temporary file");
  return error.with_hint("TMPDIR names the folder");
}

/// The delta as a file: what the stream carries, or the input itself if it was unpacked already.
Result<api::DeltaInput> open_content(const ApplyOptions& options) {
  DCDN_TRY(api::DeltaInput input, api::DeltaInput::open(options.stream, options.common.interrupt_fd));
  DCDN_CHECK(input.make_seekable());
  Bytes start(delta::kDeltaHeader);
  DCDN_TRY(const std::size_t got, read_full_at(input.fd(), start, 0, input.name()));
  if (delta::looks_like_delta(ByteView(start).first(got))) return input;
  DCDN_TRY(UniqueFd content, api::temporary_file());
  RecvOptions unpacking;
  unpacking.home = options.home;
  unpacking.sink = Sink::raw_stdout;
  unpacking.input_fd = input.fd();
  unpacking.output_fd = content.get();
  unpacking.interrupt_fd = options.common.interrupt_fd;
  SilentProgress silent;
  const auto unpacked = unpack_from_fd(unpacking, silent);
  if (!unpacked) return about_temporary_file(unpacked.error()).during(input.name());
  return api::DeltaInput::of(std::move(content), input.name(), options.common.interrupt_fd);
}

Error wrong_length(const std::string& name) {
  return Error(Errc::corrupt, name + ": the delta is longer or shorter than it says");
}

class Applier {
 public:
  Applier(const ApplyOptions& options, api::DeltaInput& old, api::DeltaInput& content,
          api::DeltaOutput& output)
      : options_(options), old_(old), content_(content), output_(output) {}

  Result<PatchReport> run() {
    DCDN_CHECK(content_.rewind());
    Bytes start(delta::kDeltaHeader);
    DCDN_TRY(const std::size_t got, content_.read(start));
    auto header = delta::parse_delta_header(ByteView(start).first(got));
    if (!header) return header.error().during(content_.name());
    header_ = *header;
    DCDN_TRY(const delta::FileId basis, api::identify(old_));
    if (basis != header_.basis)
      return Error(Errc::corrupt, old_.name() + ": is not the file that the delta was made for")
          .with_hint("that one has the BLAKE3 " + to_hex(header_.basis.digest.view()));
    DCDN_TRY(const delta::FileId made, header_.method == delta::Method::reference ? decompress() : patch());
    if (made != header_.target) return Error(Errc::corrupt, content_.name() + ": does not make what it says");
    DCDN_CHECK(output_.finish(options_.common.interrupt_fd));
    report_.new_bytes = made.bytes;
    report_.target = to_hex(made.digest.view());
    report_.checked = true;
    return report_;
  }

 private:
  Result<delta::FileId> patch() {
    api::PatchTarget target(old_, output_, options_.common);
    if (header_.method == delta::Method::same) {
      if (content_.size() != delta::kDeltaHeader) return wrong_length(content_.name());
      if (header_.basis.bytes > 0) DCDN_CHECK(target.copy({0, header_.basis.bytes}));
    } else {
      DCDN_CHECK(api::run_delta(content_, target));
    }
    report_.copied_bytes = target.copied_bytes();
    report_.literal_bytes = target.literal_bytes();
    return target.finish();
  }

  Result<delta::FileId> decompress() {
    if (header_.target.bytes > compress::kMostReferenceBytes ||
        header_.basis.bytes > compress::kMostReferenceBytes)
      return Error(Errc::corrupt, content_.name() + ": files too long for its method");
    DCDN_TRY(const auto past, api::MappedFile::map(old_.fd(), header_.basis.bytes, false, old_.name()));
    DCDN_TRY(const auto carried,
             api::MappedFile::map(content_.fd(), *content_.size(), false, content_.name()));
    // Every block is there before it is written through the mapping: a full disk is an error, not a signal.
    const auto size = static_cast<off_t>(header_.target.bytes);
    const int full = size == 0 ? 0 : ::posix_fallocate(output_.fd(), 0, size);
    if (full != 0) return errno_error(full, "the new file: make room");
    DCDN_TRY(const auto made, api::MappedFile::map(output_.fd(), header_.target.bytes, true, "the new file"));
    const auto decoded = compress::decompress_against(
        past.view(), carried.view().subspan(delta::kDeltaHeader), made.writable());
    if (!decoded) return decoded.error().during(content_.name());
    output_.wrote(header_.target.bytes);
    const delta::FileId id{header_.target.bytes, digest::blake3(made.view())};
    free_zeros(output_.fd(), made.view());
    return id;
  }

  const ApplyOptions& options_;
  api::DeltaInput& old_;
  api::DeltaInput& content_;
  api::DeltaOutput& output_;
  delta::DeltaHeader header_;
  PatchReport report_;
};

}  // namespace

Result<PatchReport> apply_delta_stream(const ApplyOptions& options) {
  const api::WorkProgress clock(nullptr, "", {});
  if (options.old_file.empty()) return Error(Errc::usage, "--basis OLD is missing");
  if (options.old_file == "-" && options.stream == "-")
    return Error(Errc::usage, "the old file and the stream cannot both be standard input");
  DCDN_TRY(api::DeltaInput old, api::DeltaInput::open(options.old_file, options.common.interrupt_fd));
  DCDN_CHECK(old.make_seekable());
  DCDN_TRY(api::DeltaInput content, open_content(options));
  DCDN_TRY(api::DeltaOutput output, api::DeltaOutput::open(options.common, api::DeltaOutput::Kind::held));
  DCDN_TRY(PatchReport report, Applier(options, old, content, output).run());
  report.seconds = clock.seconds();
  return report;
}

}  // namespace dcdn
