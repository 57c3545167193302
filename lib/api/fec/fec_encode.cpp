// fec_encode of dcdn/fec.hpp.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "api/fec/parity_output.hpp"
#include "base/machine_memory.hpp"
#include "base/unique_fd.hpp"
#include "dcdn/fec.hpp"
#include "dcdn/units.hpp"
#include "source/frame_input.hpp"
#include "source/input.hpp"
#include "source/object_packer.hpp"
#include "source/packed_segment.hpp"
#include "work/ahead.hpp"

namespace dcdn {

namespace {

constexpr std::uint32_t kUsualChunk = 256u << 10;
constexpr std::size_t kChunkStep = 4u << 10;
constexpr std::size_t kChunkDigestBytes = 32;
// Two groups of the usual geometry and their parity, in blocks of the next power of two: with less, every
// group would be new memory that the kernel has to clear first.
constexpr std::size_t kPoolBytes = 320u << 20;

// The code to use: one that cannot be had is found out before anything is read.
Result<fec::CodeChoice> check(const FecGeometry& geometry) {
  const auto wrong = [](const std::string& what) { return Error(Errc::usage, what); };
  if (geometry.sources == 0 || geometry.repairs == 0) return wrong("k and m are at least 1");
  if (geometry.sources + geometry.repairs > wire::kMaxBlockSymbols)
    return wrong("k + m is " + std::to_string(geometry.sources + geometry.repairs) +
                 ", more than the 255 symbols of a block");
  if (geometry.interleave == 0 || geometry.interleave > wire::kMaxInterleave)
    return wrong("interleave is not 1 to 256");
  DCDN_TRY(const fec::CodeChoice choice, fec::parse_code(geometry.codec));
  DCDN_CHECK(fec::BlockCode::make(choice, {geometry.sources, geometry.repairs}));
  return choice;
}

/// Source symbols of a group, those of the group before it, and the parity of both.
std::uint64_t memory_for(std::uint64_t group_bytes, const FecGeometry& geometry, bool several) {
  return (several ? 2 : 1) * (group_bytes + group_bytes / geometry.sources * geometry.repairs);
}

Error too_large(std::uint64_t needed, std::uint64_t there) {
  return Error(Errc::limit, "coding so many symbols at once takes " + format_size(needed) +
                                " of memory, and this process can have " + format_size(there))
      .with_hint("a smaller --interleave, --chunk-size or -k");
}

/// Raw input of a known or unknown length. A chunk stream is measured as it comes.
Result<void> check_memory(const FecEncodeOptions& options) {
  const FecGeometry& geometry = options.geometry;
  std::uint64_t group =
      std::uint64_t{geometry.sources} * geometry.interleave * options.chunk_bytes.value_or(kUsualChunk);
  bool several = true;
  struct stat info {};
  if (::fstat(options.input_fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
    const auto size = static_cast<std::uint64_t>(info.st_size);
    several = size > group;
    group = std::min(group, size);
  }
  const std::uint64_t needed = memory_for(group, geometry, several);
  const std::uint64_t there = memory_to_be_had();
  return needed <= there ? Result<void>() : too_large(needed, there);
}

class Encoder {
 public:
  Encoder(const FecEncodeOptions& options, fec::CodeChoice code)
      : options_(options),
        geometry_{options.geometry.sources, options.geometry.repairs, options.geometry.interleave,
                  code.number},
        workers_(options.threads),
        output_(options.output_fd, "standard output", options.threads != 1),
        mint_(workers_, pool_, code.pluggable),
        cutter_(geometry_) {}

  Result<FecEncodeReport> run() {
    Bytes head(wire::kMagic.size());
    DCDN_TRY(const std::size_t got, read_full(options_.input_fd, head, options_.input_name));
    head.resize(got);
    if (got == 0) DCDN_CHECK(check_empty());
    const bool stream = options_.input == FecInput::stream ||
                        (options_.input == FecInput::automatic && wire::FrameReader::looks_like_stream(head));
    report_.raw = place_.raw = !stream;
    if (!stream) DCDN_CHECK(check_memory(options_));
    auto done = stream ? take_stream(head) : take_raw(std::move(head));
    if (done && cutter_.empty())
      done = Error(Errc::nothing, options_.input_name + ": a chunk stream of no frames");
    if (done)
      done = close_group(true);
    else if (coding_.valid())
      (void)finish_coding();
    // What is complete goes out also when the rest does not come.
    auto written = output_.finish();
    DCDN_CHECK(done);
    DCDN_TRY(report_.bytes, written);
    return report_;
  }

 private:
  [[nodiscard]] Result<void> check_empty() const {
    if (const auto checked = source::check_empty(options_.input_fd, options_.input_name); !checked)
      return checked.error().with_hint("to encode nothing on purpose: dcdn-fec encode < /dev/null");
    return {};
  }
  Result<void> take_stream(ByteView head) {
    source::FrameInput input(options_.input_fd, -1, options_.input_name);
    DCDN_CHECK(input.start_with(head));
    for (bool more = true; more;) {
      DCDN_TRY(more, input.fill());
      for (;;) {
        DCDN_TRY(std::optional<wire::Frame> frame, input.next());
        if (!frame) break;
        if (frame->type == wire::FrameType::repair_shard)
          return Error(Errc::usage, options_.input_name + ": has repair shards already")
              .with_hint("dcdn-fec decode takes them out, dcdn-fec repair makes lost ones anew");
        DCDN_CHECK(take({frame->type, std::move(frame->body), {}, false}));
      }
      DCDN_CHECK(output_.push());
    }
    return {};
  }

  Result<void> take_raw(Bytes head) {
    const std::size_t known = head.size();
    head.resize(std::size_t{geometry_.sources} * kUsualChunk);
    std::size_t got = known;
    if (known == wire::kMagic.size()) {
      DCDN_TRY(const std::size_t more,
               read_full(options_.input_fd, MutableByteView(head).subspan(known), options_.input_name));
      got += more;
    }
    source::PackRequest request;
    request.object = {wire::ObjectKind::stream, "", false};
    request.input_fd = options_.input_fd;
    request.input_head = Buffer::copy_of(ByteView(head).first(got));
    request.compress.choice.mode = compress::CompressMode::none;
    request.headroom = kChunkDigestBytes;
    const std::uint32_t chunk =
        options_.chunk_bytes.value_or(got < head.size() ? chunk_for(got) : kUsualChunk);
    head = Bytes();
    request.chunk_bytes = [chunk](std::uint64_t) { return chunk; };
    Result<void> written;
    auto packed = source::pack_object(
        request, workers_, pool_, [&written] { return !written; },
        [&](source::PackedSegment segment) {
          written = take_segment(segment);
          return written.has_value();
        });
    DCDN_CHECK(written);
    return packed;
  }

  // A short input is spread over k symbols: fewer and longer ones would make its parity larger than need be.
  [[nodiscard]] std::uint32_t chunk_for(std::size_t bytes) const {
    const std::size_t each = (bytes + geometry_.sources - 1) / geometry_.sources;
    const std::size_t rounded = (each + kChunkStep - 1) / kChunkStep * kChunkStep;
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(rounded, kChunkStep, kUsualChunk));
  }

  Result<void> take_segment(const source::PackedSegment& segment) {
    const Buffer body = segment.frames.part(wire::kHeaderBytes, segment.frames.size() - wire::kHeaderBytes);
    DCDN_CHECK(take({wire::FrameType::segment, body, {}, false}));
    for (const source::SegmentChunk& chunk : segment.chunks) {
      // Not compressed, so the carried bytes are the content, with room for their digest before them.
      Buffer frame = chunk.carried.with_headroom(kChunkDigestBytes);
      const Digest& digest = chunk.record.carried;
      std::memcpy(frame.writable().data(), digest.bytes.data(), kChunkDigestBytes);
      wire::FrameName name;
      std::copy_n(digest.bytes.begin(), name.size(), name.begin());
      DCDN_CHECK(take({wire::FrameType::chunk, std::move(frame), name, true}));
    }
    return {};
  }

  // Frames go out at once, unless the parity of the group before is still being computed: it comes first.
  Result<void> take(pipeline::NamedFrame frame) {
    if (!cutter_.fits(frame.body.size())) DCDN_CHECK(close_group(false));
    if (coding_.valid() && work::is_ready(coding_)) DCDN_CHECK(finish_coding());
    ++report_.frames;
    group_bytes_ += frame.body.size();
    if (const std::uint64_t needed = memory_for(group_bytes_, options_.geometry, true); needed > most_)
      return too_large(needed, most_);
    report_.source_bytes += wire::kHeaderBytes + frame.body.size();
    if (coding_.valid())
      late_.push_back(frame);
    else
      DCDN_CHECK(output_.put(frame.type, frame.body));
    cutter_.add(std::move(frame));
    return {};
  }

  Result<void> close_group(bool last) {
    // Its frames are written after the computing has begun, so that both happen at once.
    std::vector<pipeline::NamedFrame> late;
    if (coding_.valid()) {
      late = std::exchange(late_, {});
      DCDN_CHECK(finish_coding());
    }
    place_.last = last;
    group_bytes_ = 0;
    const bool here = options_.threads == 1;
    auto job = [this, place = place_, frames = cutter_.take()]() mutable {
      return code(std::move(frames), place);
    };
    coding_ = here ? work::start_later(std::move(job)) : work::start_ahead(std::move(job));
    for (const pipeline::NamedFrame& frame : late) DCDN_CHECK(output_.put(frame.type, frame.body));
    return last || here ? finish_coding() : Result<void>();
  }

  struct Coded {
    std::vector<std::vector<Buffer>> shards;
    wire::FrameName encoding{};
    std::uint64_t symbols = 0;
  };
  // On a thread of its own; touches nothing else that changes.
  Result<Coded> code(std::vector<pipeline::NamedFrame> frames, pipeline::GroupPlace place) {
    std::vector<char> good(frames.size());
    workers_.run(frames.size(), [&](std::size_t i) { good[i] = pipeline::fill_name(frames[i]) ? 1 : 0; });
    if (std::find(good.begin(), good.end(), 0) != good.end())
      return Error(Errc::corrupt, options_.input_name + ": a chunk does not match its digest");
    const auto blocks = pipeline::lay_out(std::move(frames), geometry_, place);
    Coded coded;
    std::vector<const pipeline::SourceBlock*> views;
    for (const pipeline::SourceBlock& block : blocks) {
      views.push_back(&block);
      coded.symbols += block.description.symbols.size();
    }
    DCDN_TRY(coded.shards, mint_.mint(views));
    coded.encoding = place.encoding;
    return coded;
  }

  Result<void> finish_coding() {
    DCDN_TRY(const Coded coded, coding_.get());
    place_.encoding = coded.encoding;
    ++place_.number;
    DCDN_TRY(const std::uint64_t count, output_.put_shards(coded.shards));
    ++report_.groups;
    report_.blocks += coded.shards.size();
    report_.symbols += coded.symbols;
    report_.shards += count;
    for (const pipeline::NamedFrame& frame : std::exchange(late_, {}))
      DCDN_CHECK(output_.put(frame.type, frame.body));
    return {};
  }

  const FecEncodeOptions& options_;
  pipeline::Geometry geometry_;
  work::WorkerPool workers_;
  BufferPool pool_{kPoolBytes};
  api::FrameWriter output_;
  api::GroupMint mint_;
  pipeline::GroupCutter cutter_;
  pipeline::GroupPlace place_;
  FecEncodeReport report_;
  const std::uint64_t most_ = memory_to_be_had();
  std::uint64_t group_bytes_ = 0;
  std::vector<pipeline::NamedFrame> late_;  // of this group, not written yet
  // Last: what it waits for when it is destroyed uses the others.
  work::Ahead<Result<Coded>> coding_;
};

}  // namespace

Result<FecEncodeReport> fec_encode(const FecEncodeOptions& options) {
  DCDN_TRY(const fec::CodeChoice code, check(options.geometry));
  return Encoder(options, code).run();
}

}  // namespace dcdn
