// dcdn-delta needs, cut, assemble: a file is fetched by the ranges that an older one lacks, with a signature
// that lies beside it for everybody.
#include <fmt/format.h>

#include <algorithm>

#include "api/delta/block_signature.hpp"
#include "api/delta/patch_target.hpp"
#include "base/text.hpp"
#include "dcdn/units.hpp"
#include "delta/block_places.hpp"

namespace dcdn {

namespace api {

namespace {

constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::size_t kMostRangesBytes = 64u << 20;  // of a list

Result<LoadedSignature> load_published(const std::string& path, int interrupt_fd) {
  DCDN_TRY(DeltaInput input, DeltaInput::open(path, interrupt_fd));
  DCDN_TRY(LoadedSignature loaded, load_signature(input));
  if (loaded.basis) return loaded;
  return Error(Errc::usage, input.name() + ": does not say which file it is of")
      .with_hint("publish what dcdn-delta signature --compact writes");
}

Result<delta::BlockPlaces> compare(DeltaInput& old, const LoadedSignature& signature,
                                   const DeltaCommon& common) {
  DCDN_TRY(auto places, delta::BlockPlaces::make(signature.table, signature.basis->bytes));
  delta::DeltaReader reader;
  const auto read_on = [&]() -> Result<void> {
    for (;;) {
      DCDN_TRY(const auto step, reader.next());
      if (const auto* copy = std::get_if<delta::CopyStep>(&step)) {
        places.copied(*copy);
      } else if (const auto* literal = std::get_if<delta::LiteralStep>(&step)) {
        places.passed(literal->bytes.size());
      } else {
        return {};
      }
    }
  };
  DCDN_CHECK(read_on());
  const auto take = [&](ByteView bytes) -> Result<void> {
    reader.push(bytes);
    return read_on();
  };
  DCDN_TRY(const auto found, search_input(old, signature.table, common, false, take));
  (void)found;
  return places;
}

std::uint64_t sum_of(const std::vector<delta::Range>& ranges) {
  std::uint64_t sum = 0;
  for (const delta::Range& range : ranges) sum += range.size;
  return sum;
}

/// "0-4095" on a line of its own, as in HTTP's Range and curl -r.
Result<delta::Range> parse_range(std::string_view line) {
  const std::size_t dash = line.find('-');
  const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    if (digits.empty() || digits.size() > 18) return std::nullopt;
    std::uint64_t value = 0;
    for (const char digit : digits) {
      if (digit < '0' || digit > '9') return std::nullopt;
      value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return value;
  };
  const auto first = number(line.substr(0, dash));
  const auto last = dash == line.npos ? std::nullopt : number(line.substr(dash + 1));
  if (!first || !last || *last < *first)
    return Error(Errc::corrupt, "not a range: '" + escape_for_display(line.substr(0, 60)) + "'");
  return delta::Range{*first, *last - *first + 1};
}

Result<void> copy_range(const DeltaInput& file, const delta::Range& range, DeltaOutput& output) {
  if (range.offset + range.size > file.size().value_or(0))
    return Error(Errc::corrupt, file.name() + ": is shorter than a range says")
        .with_hint("the signature is of another file");
  Bytes piece(kReadBytes);
  for (std::uint64_t done = 0; done < range.size;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), range.size - done));
    const MutableByteView part = MutableByteView(piece).first(size);
    DCDN_TRY(const std::size_t got, read_full_at(file.fd(), part, range.offset + done, file.name()));
    if (got < size) return Error(Errc::changed, file.name() + ": became shorter while it was read");
    DCDN_CHECK(output.write(part));
    done += size;
  }
  return {};
}

/// The bytes of the ranges, as they come, and nothing after them.
class FetchedBytes {
 public:
  FetchedBytes(DeltaInput& input, std::uint64_t total) : input_(input), left_(total), piece_(kReadBytes) {}
  Result<void> give(std::uint64_t bytes, PatchTarget& target) {
    while (bytes > 0) {
      const MutableByteView part = MutableByteView(piece_).first(
          static_cast<std::size_t>(std::min<std::uint64_t>(piece_.size(), bytes)));
      DCDN_TRY(const std::size_t got, input_.read(part));
      if (got < part.size())
        return Error(Errc::incomplete, input_.name() + ": ends " + format_size(left_ - got) + " too early")
            .with_hint(
                "it has to be the bytes of all ranges that dcdn-delta needs prints, one after another");
      DCDN_CHECK(target.literal(part));
      bytes -= got;
      left_ -= got;
    }
    return {};
  }
  Result<void> end() {
    DCDN_TRY(const std::size_t more, input_.read(MutableByteView(piece_).first(1)));
    if (more == 0) return {};
    return Error(Errc::corrupt, input_.name() + ": more bytes than are needed")
        .with_hint("it was fetched for another old file or signature, or whole");
  }

 private:
  DeltaInput& input_;
  std::uint64_t left_;
  Bytes piece_;
};

Result<void> assemble_blocks(const delta::BlockPlaces& places, FetchedBytes& fetched, PatchTarget& target) {
  for (std::uint32_t block = 0; block < places.blocks(); ++block) {
    const std::uint64_t size = places.size_of(block);
    if (const auto place = places.place_of(block)) {
      DCDN_CHECK(target.copy({*place, size}));
    } else {
      DCDN_CHECK(fetched.give(size, target));
    }
  }
  return fetched.end();
}

}  // namespace

}  // namespace api

Result<NeedsReport> write_needs(const NeedsOptions& options) {
  const api::WorkProgress clock(nullptr, "", {});
  if (options.old_file == "-" && options.signature == "-")
    return Error(Errc::usage, "the old file and the signature cannot both be standard input");
  const int interrupt_fd = options.common.interrupt_fd;
  DCDN_TRY(const api::LoadedSignature signature, api::load_published(options.signature, interrupt_fd));
  DCDN_TRY(api::DeltaInput old, api::DeltaInput::open(options.old_file, interrupt_fd));
  DCDN_TRY(api::DeltaOutput output, api::DeltaOutput::open(options.common, api::DeltaOutput::Kind::flowing));
  DCDN_TRY(const delta::BlockPlaces places, api::compare(old, signature, options.common));
  const std::vector<delta::Range> ranges = places.needed();
  for (const delta::Range& range : ranges)
    DCDN_CHECK(output.write(as_bytes(fmt::format("{}-{}\n", range.offset, range.offset + range.size - 1))));
  DCDN_CHECK(output.finish(interrupt_fd));
  NeedsReport report;
  report.new_bytes = signature.basis->bytes;
  report.needed_bytes = api::sum_of(ranges);
  report.ranges = ranges.size();
  report.signature_bytes = signature.bytes;
  report.target = to_hex(signature.basis->digest.view());
  report.seconds = clock.seconds();
  return report;
}

Result<CutReport> write_cut(const CutOptions& options) {
  const api::WorkProgress clock(nullptr, "", {});
  if (options.file == "-") return Error(Errc::usage, "ranges of standard input: a file is needed");
  DCDN_TRY(api::DeltaInput file, api::DeltaInput::open(options.file, options.common.interrupt_fd));
  if (!file.size()) return Error(Errc::usage, file.name() + ": not a regular file");
  DCDN_TRY(api::DeltaInput list, api::DeltaInput::open(options.ranges, options.common.interrupt_fd));
  Bytes text(api::kMostRangesBytes + 1);
  DCDN_TRY(const std::size_t got, list.read(text));
  if (got > api::kMostRangesBytes) return Error(Errc::limit, list.name() + ": more than 64 MiB of ranges");
  DCDN_TRY(api::DeltaOutput output, api::DeltaOutput::open(options.common, api::DeltaOutput::Kind::flowing));
  CutReport report;
  const std::string_view lines = as_text(ByteView(text).first(got));
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    DCDN_TRY(const delta::Range range, api::parse_range(lines.substr(at, end - at)));
    DCDN_CHECK(api::check_interrupt(options.common.interrupt_fd));
    DCDN_CHECK(api::copy_range(file, range, output));
    ++report.ranges;
    report.bytes += range.size;
    at = end + 1;
  }
  DCDN_CHECK(output.finish(options.common.interrupt_fd));
  report.seconds = clock.seconds();
  return report;
}

Result<PatchReport> assemble(const AssembleOptions& options) {
  const api::WorkProgress clock(nullptr, "", {});
  if ((options.old_file == "-") + (options.signature == "-") + (options.fetched == "-") > 1)
    return Error(Errc::usage, "only one of the inputs can be standard input");
  const int interrupt_fd = options.common.interrupt_fd;
  DCDN_TRY(const api::LoadedSignature signature, api::load_published(options.signature, interrupt_fd));
  DCDN_TRY(api::DeltaInput old, api::DeltaInput::open(options.old_file, interrupt_fd));
  DCDN_CHECK(old.make_seekable());
  DCDN_TRY(api::DeltaInput fetched, api::DeltaInput::open(options.fetched, interrupt_fd));
  DCDN_TRY(api::DeltaOutput output, api::DeltaOutput::open(options.common, api::DeltaOutput::Kind::held));
  DCDN_TRY(const delta::BlockPlaces places, api::compare(old, signature, options.common));
  api::PatchTarget target(old, output, options.common);
  api::FetchedBytes bytes(fetched, api::sum_of(places.needed()));
  DCDN_CHECK(api::assemble_blocks(places, bytes, target));
  DCDN_TRY(const delta::FileId made, target.finish());
  if (made != *signature.basis)
    return Error(Errc::corrupt, "the result is not the file that the signature is of")
        .with_hint("a range came wrong, " + old.name() +
                   " has changed meanwhile, or two blocks have the same sums; then fetch the whole file");
  DCDN_CHECK(output.finish(interrupt_fd));
  PatchReport report;
  report.new_bytes = made.bytes;
  report.copied_bytes = target.copied_bytes();
  report.literal_bytes = target.literal_bytes();
  report.target = to_hex(made.digest.view());
  report.checked = true;
  report.seconds = clock.seconds();
  return report;
}

}  // namespace dcdn
