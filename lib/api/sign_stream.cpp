// The filters of dcdn/sign.hpp: sign_stream and verify_stream.
#include <ctime>
#include <unordered_map>

#include "api/frame_pipe.hpp"
#include "api/sign_choice.hpp"
#include "api/stream_verifier.hpp"
#include "dcdn/sign.hpp"

namespace dcdn {

namespace {

constexpr const char* kInput = "standard input";
constexpr const char* kOutput = "standard output";
constexpr std::size_t kMaxObjects = api::StreamVerifier::kMaxStreams;

/// Adds the signatures. Knows of each object only whether its final segment came.
class StreamSigner {
 public:
  StreamSigner(const SecretKey& key, api::FrameOutput& output) : key_(key), output_(output) {}

  Result<void> take(const wire::Frame& frame) {
    if (frame.type != wire::FrameType::segment) return output_.put(frame);
    DCDN_TRY(const wire::Segment segment, wire::parse_segment(frame.body.view()));
    const Digest id = wire::segment_id(frame.body.view());
    const Digest stream = segment.index == 0 ? id : segment.stream;
    if (!ended_.contains(stream) && ended_.size() >= kMaxObjects)
      return Error(Errc::limit, "more than " + std::to_string(kMaxObjects) + " objects in one stream");
    bool& ended = ended_[stream];
    ended = ended || segment.final;
    const auto now = static_cast<std::uint64_t>(std::time(nullptr));
    DCDN_TRY(const auto signature, wire::sign_segment(key_, stream, segment.index, id, now));
    ++segments_;
    DCDN_CHECK(output_.put(frame));
    return output_.put(wire::FrameType::signature, wire::encode(signature));
  }

  Result<SignReport> finish(std::uint64_t frames) const {
    if (ended_.empty())
      return Error(Errc::incomplete, std::string(kInput) + ": no segment in it, nothing was signed");
    for (const auto& [stream, ended] : ended_)
      if (!ended)
        return Error(Errc::incomplete,
                     std::string(kInput) + ": an object ends before its final segment: it was cut off");
    return SignReport{to_text(key_.id()), ended_.size(), segments_, frames};
  }

 private:
  const SecretKey& key_;
  api::FrameOutput& output_;
  std::unordered_map<Digest, bool, Name32Hash> ended_;
  std::uint64_t segments_ = 0;
};

/// Every frame of `input` to `take`; what `output` holds goes out whenever the input may pause.
template <class Take>
Result<void> pump(api::FrameInput& input, api::FrameOutput& output, Take&& take) {
  for (;;) {
    DCDN_TRY(const bool more, input.fill());
    if (!more) return {};
    for (;;) {
      DCDN_TRY(std::optional<wire::Frame> frame, input.next());
      if (!frame) break;
      DCDN_CHECK(take(*std::move(frame)));
    }
    DCDN_CHECK(output.flush());
  }
}

/// Also after an error: what was good before it has been promised to the reader.
template <class Take>
Result<void> pump_and_flush(api::FrameInput& input, api::FrameOutput& output, Take&& take) {
  auto pumped = pump(input, output, take);
  auto flushed = output.flush();
  if (!pumped) return pumped;
  return flushed;
}

}  // namespace

Result<SignReport> sign_stream(const SignOptions& options) {
  DCDN_TRY(const SecretKey key, api::load_chosen_key(options.key));
  api::FrameInput input(options.input_fd, options.interrupt_fd, kInput);
  api::FrameOutput output(options.output_fd, kOutput);
  StreamSigner signer(key, output);
  DCDN_CHECK(pump_and_flush(input, output, [&](const wire::Frame& frame) { return signer.take(frame); }));
  return signer.finish(input.frames());
}

Result<VerifyReport> verify_stream(const VerifyOptions& options) {
  DCDN_TRY(std::set<NodeId> accepted, api::accepted_keys(options.home, options.keys));
  api::FrameInput input(options.input_fd, options.interrupt_fd, kInput);
  api::FrameOutput output(options.output_fd, kOutput);
  api::StreamVerifier verifier(std::move(accepted), options.hold_bytes);
  std::vector<wire::Frame> released;
  const auto take = [&](wire::Frame frame) -> Result<void> {
    released.clear();
    DCDN_CHECK(verifier.take(std::move(frame), released));
    for (const wire::Frame& good : released) DCDN_CHECK(output.put(good));
    return {};
  };
  DCDN_CHECK(pump_and_flush(input, output, take));
  if (auto whole = verifier.finish(); !whole) return whole.error().during(kInput);
  VerifyReport report;
  for (const NodeId& signer : verifier.signers()) report.signers.push_back(to_text(signer));
  const auto& counts = verifier.counts();
  report.objects = counts.objects;
  report.segments = counts.segments;
  report.chunks = counts.chunks;
  report.dropped = counts.dropped;
  report.bytes = output.bytes();
  return report;
}

}  // namespace dcdn
