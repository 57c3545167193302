// signed_stream.hpp - small signed chunk streams, and what the verifier makes of them, for tests.
#pragma once
#include <algorithm>

#include "pipeline/stream_verifier.hpp"
#include "support/sample_stream.hpp"

namespace dcdn::test {

using Frames = std::vector<SampleFrame>;

constexpr std::uint64_t kHold = 1u << 20;

inline sign::SecretKey key_number(std::uint8_t number) {
  return *sign::SecretKey::from_seed(Bytes(32, number));
}
inline const sign::SecretKey kSigner = key_number(1);
inline const sign::SecretKey kStranger = key_number(2);

inline SampleFrame signature_over(const SampleFrame& segment, const sign::SecretKey& key,
                                  std::uint64_t time_s = 1700000000) {
  const auto parsed = wire::parse_head(segment.body);
  const Digest id = wire::segment_id(segment.body);
  const Digest stream = parsed->index == 0 ? id : parsed->stream;
  return {wire::FrameType::signature,
          wire::encode(*wire::sign_segment(key, stream, parsed->index, id, time_s))};
}

inline Frames signed_by(const sign::SecretKey& key, const Frames& frames) {
  Frames out;
  for (const SampleFrame& frame : frames) {
    out.push_back(frame);
    if (frame.type == wire::FrameType::segment) out.push_back(signature_over(frame, key));
  }
  return out;
}

struct VerifyOutcome {
  Frames out;
  Errc code = Errc::nothing;  ///< nothing: success
  std::string message;
  pipeline::StreamVerifier::Counts counts;
};

/// What leaves the verifier, also before an error.
inline VerifyOutcome run_verifier(pipeline::StreamVerifier verifier, const Frames& frames) {
  VerifyOutcome outcome;
  const auto fail = [&](const Error& error) {
    outcome.code = error.code;
    outcome.message = error.message;
    return outcome;
  };
  std::vector<wire::Frame> released;
  for (const SampleFrame& frame : frames) {
    released.clear();
    const auto taken = verifier.take({frame.type, Buffer::copy_of(frame.body)}, released);
    for (const wire::Frame& good : released)
      outcome.out.push_back({good.type, Bytes(good.body.view().begin(), good.body.view().end())});
    if (!taken) return fail(taken.error());
  }
  const auto done = verifier.finish();
  outcome.counts = verifier.counts();
  return done ? outcome : fail(done.error());
}

/// With kSigner as the one who is accepted.
inline VerifyOutcome verify_frames(const Frames& frames, std::uint64_t hold = kHold) {
  return run_verifier(pipeline::StreamVerifier({kSigner.id()}, hold), frames);
}

/// Whatever happens, only frames that an honest signer covered may come out.
inline bool only_frames_of(const Frames& out, const Frames& honest) {
  return std::all_of(out.begin(), out.end(), [&](const SampleFrame& frame) {
    return std::find(honest.begin(), honest.end(), frame) != honest.end();
  });
}

}  // namespace dcdn::test
