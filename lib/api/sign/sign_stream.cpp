// The filters of dcdn/sign.hpp: sign_stream and verify_stream.
#include <unordered_map>

#include "base/clock.hpp"
#include "dcdn/sign.hpp"
#include "pipeline/signature_batch.hpp"
#include "pipeline/stream_verifier.hpp"
#include "sink/frame_output.hpp"
#include "source/frame_input.hpp"
#include "trust/audit_log.hpp"
#include "trust/chosen_keys.hpp"
#include "trust/keyring_file.hpp"
#include "trust/trust_ledger.hpp"
#include "work/worker_pool.hpp"

namespace dcdn {

namespace {

constexpr const char* kInput = "standard input";
constexpr const char* kOutput = "standard output";
constexpr std::size_t kMaxObjects = pipeline::StreamVerifier::kMaxStreams;

/// Adds the signatures. Knows of each object only whether its final segment came.
class StreamSigner {
 public:
  StreamSigner(const sign::SecretKey& key, sink::FrameOutput& output) : key_(key), output_(output) {}

  Result<void> take(const wire::Frame& frame) {
    if (frame.type != wire::FrameType::segment) return output_.put(frame);
    DCDN_TRY(const wire::Segment segment, wire::parse_segment(frame.body.view()));
    const Digest id = wire::segment_id(frame.body.view());
    const Digest stream = segment.index == 0 ? id : segment.stream;
    if (!ended_.contains(stream) && ended_.size() >= kMaxObjects)
      return Error(Errc::limit, "more than " + std::to_string(kMaxObjects) + " objects in one stream");
    bool& ended = ended_[stream];
    ended = ended || segment.final;
    const auto now = static_cast<std::uint64_t>(now_s());
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
    return SignReport{sign::to_text(key_.id()), ended_.size(), segments_, frames};
  }

 private:
  const sign::SecretKey& key_;
  sink::FrameOutput& output_;
  std::unordered_map<Digest, bool, Name32Hash> ended_;
  std::uint64_t segments_ = 0;
};

/// Every frame of `input` that has come, as one batch, to `take`; what `output` holds goes out whenever the
/// input may pause. Waiting for more would delay what is here, and brings nothing when little comes.
template <class Take>
Result<void> pump(source::FrameInput& input, sink::FrameOutput& output, Take&& take) {
  std::vector<wire::Frame> batch;
  for (;;) {
    DCDN_TRY(const bool more, input.fill());
    if (!more) return {};
    batch.clear();
    Result<void> read;
    for (;;) {
      auto frame = input.next();
      if (!frame) read = frame.error();
      if (!frame || !*frame) break;
      batch.push_back(**std::move(frame));
    }
    // What came before a damaged frame is good, or has its own error.
    DCDN_CHECK(take(batch));
    DCDN_CHECK(read);
    DCDN_CHECK(output.flush());
  }
}

/// Also after an error: what was good before it has been promised to the reader.
template <class Take>
Result<void> pump_and_flush(source::FrameInput& input, sink::FrameOutput& output, Take&& take) {
  auto pumped = pump(input, output, take);
  auto flushed = output.flush();
  if (!pumped) return pumped;
  return flushed;
}

/// Lets only verified frames through; statements of keys count as they come.
class StreamFilter {
 public:
  StreamFilter(const VerifyOptions& options, trust::TrustLedger ledger, std::set<NodeId> accepted,
               sink::FrameOutput& output)
      : options_(options),
        ledger_(std::move(ledger)),
        verifier_(std::move(accepted), options.hold_bytes, options.required),
        output_(output),
        signatures_([this](std::size_t count, const auto& job) { on_all_cores(count, job); }) {}

  Result<void> take(std::vector<wire::Frame>& batch) {
    if (ledger_.look_sometimes()) DCDN_CHECK(choose_signers());
    const std::vector<bool> good = signatures_.check(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      released_.clear();
      auto taken = trust::TrustLedger::is_statement(batch[i].type)
                       ? take_statement(std::move(batch[i]))
                       : verifier_.take(std::move(batch[i]), released_, good[i]);
      for (const wire::Frame& frame : released_) DCDN_CHECK(output_.put(frame));
      DCDN_CHECK(taken);
    }
    return {};
  }
  Result<void> finish() { return verifier_.finish(); }
  [[nodiscard]] const pipeline::StreamVerifier& verifier() const { return verifier_; }
  [[nodiscard]] const trust::TrustLedger& ledger() const { return ledger_; }

 private:
  Result<void> take_statement(wire::Frame frame) {
    DCDN_TRY(const bool changed, ledger_.take(frame));
    verifier_.pass(std::move(frame), released_);
    // Keys that are named and not trusted change as well.
    return changed || !options_.keys.empty() ? choose_signers() : Result<void>();
  }

  Result<void> choose_signers() {
    DCDN_TRY(std::set<NodeId> accepted,
             trust::accepted_keys(ledger_.ring(), options_.keys, options_.project));
    verifier_.set_accepted(std::move(accepted));
    return {};
  }

  void on_all_cores(std::size_t count, const std::function<void(std::size_t)>& job) {
    if (!workers_) workers_.emplace(0);  // a stream of few signatures needs no threads
    workers_->run(count, job);
  }

  const VerifyOptions& options_;
  trust::TrustLedger ledger_;
  pipeline::StreamVerifier verifier_;
  sink::FrameOutput& output_;
  std::optional<work::WorkerPool> workers_;
  pipeline::SignatureBatch signatures_;
  std::vector<wire::Frame> released_;
};

std::string signers_text(const pipeline::StreamVerifier& verifier) {
  std::string text;
  for (const NodeId& signer : verifier.signers()) text += (text.empty() ? "" : " ") + sign::to_text(signer);
  return text;
}

Result<void> check_required(const VerifyOptions& options, const std::set<NodeId>& accepted) {
  if (options.required <= accepted.size()) return {};
  return Error(Errc::untrusted, std::to_string(options.required) + " keys are required and only " +
                                    std::to_string(accepted.size()) + " accepted")
      .with_hint("name them with --signer, or trust more: dcdn-sign trust add NAME ID");
}

}  // namespace

Result<SignReport> sign_stream(const SignOptions& options) {
  DCDN_TRY(const sign::SecretKey key, trust::load_chosen_key(options.key));
  source::FrameInput input(options.input_fd, options.interrupt_fd, kInput);
  sink::FrameOutput output(options.output_fd, kOutput);
  StreamSigner signer(key, output);
  // What became of the key is said before what it signs.
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(options.key.home));
  DCDN_CHECK(trust::current_own_key(ring, key.id()));
  for (const sign::KeyStatement& statement : ring.history().about(key.id()))
    DCDN_CHECK(output.put(trust::frame_type_of(statement), encode(statement)));
  const auto take = [&](const std::vector<wire::Frame>& batch) -> Result<void> {
    for (const wire::Frame& frame : batch) DCDN_CHECK(signer.take(frame));
    return {};
  };
  DCDN_CHECK(pump_and_flush(input, output, take));
  return signer.finish(input.frames());
}

namespace {

Error explained(const VerifyOptions& options, const Error& refused) {
  if (refused.code == Errc::bad_signature && refused.hint.empty())
    return refused.with_hint("it is not what was signed: do not use it, and get it again from who signed it");
  return trust::explain_own_key(options.home, refused);
}

}  // namespace

Result<VerifyReport> verify_stream(const VerifyOptions& options) {
  DCDN_TRY(trust::TrustLedger ledger, trust::TrustLedger::open(options.home, options.on_note));
  DCDN_TRY(std::set<NodeId> accepted, trust::accepted_keys(ledger.ring(), options.keys, options.project));
  DCDN_CHECK(check_required(options, accepted));
  source::FrameInput input(options.input_fd, options.interrupt_fd, kInput);
  sink::FrameOutput output(options.output_fd, kOutput);
  StreamFilter filter(options, std::move(ledger), std::move(accepted), output);
  auto done =
      pump_and_flush(input, output, [&](std::vector<wire::Frame>& batch) { return filter.take(batch); });
  if (done) {
    done = filter.finish();
    if (!done) done = done.error().during(kInput);
  }
  const pipeline::StreamVerifier& verifier = filter.verifier();
  if (!done) {
    trust::audit(options.home, {trust::kAuditReject, {{"what", "stream"}, {"why", done.error().message}}},
                 options.on_note);
    return explained(options, done.error());
  }
  const auto& counts = verifier.counts();
  trust::audit(options.home,
               {trust::kAuditAccept,
                {{"what", "stream of " + std::to_string(counts.objects) + " objects"},
                 {"key", signers_text(verifier)}}},
               options.on_note);
  VerifyReport report;
  for (const NodeId& signer : verifier.signers()) report.signers.push_back(sign::to_text(signer));
  report.objects = counts.objects;
  report.segments = counts.segments;
  report.chunks = counts.chunks;
  report.dropped = counts.dropped;
  report.bytes = output.bytes();
  return report;
}

}  // namespace dcdn
