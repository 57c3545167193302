// The filters of dcdn/sign.hpp: encrypt_stream and decrypt_stream.
#include "base/random.hpp"
#include "base/unique_fd.hpp"
#include "dcdn/sign.hpp"
#include "sink/raw_sink.hpp"
#include "sink/unpacker.hpp"
#include "source/input.hpp"
#include "source/packed_segment.hpp"
#include "source/recovering_input.hpp"
#include "source/sealed_source.hpp"
#include "source/segment_output.hpp"
#include "trust/chosen_keys.hpp"
#include "trust/keyring_file.hpp"
#include "trust/recipients.hpp"
#include "trust/trust_ledger.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn {

namespace {

constexpr std::uint32_t kChunkBytes = 256u << 10;
constexpr std::size_t kIdleBytes = 16u << 20;
constexpr std::chrono::milliseconds kFlushAfter{1000};  // as the packer does with a pipe
constexpr const char* kInput = "standard input";
constexpr const char* kOutput = "standard output";

Result<std::vector<sign::SecretKey>> chosen_keys(const DecryptOptions& options) {
  std::vector<sign::SecretKey> keys;
  if (options.key) {
    DCDN_TRY(sign::SecretKey key, trust::load_chosen_key(*options.key));
    keys.push_back(std::move(key));
    return keys;
  }
  keys = trust::secret_keys(options.home);
  if (!keys.empty()) return keys;
  return Error(Errc::not_found, options.home.config_dir + "/keys: no key that opens without a passphrase")
      .with_hint("name one with --key, or make one: dcdn-sign keygen");
}

class Decrypter {
 public:
  Decrypter(const DecryptOptions& options, std::vector<sign::SecretKey> keys)
      : options_(options),
        input_(options.input_fd, kInput, {options.interrupt_fd, {}, "interrupted"}),
        opener_(std::move(keys)) {}

  Result<DecryptReport> run() {
    Bytes head(pipeline::kSealedFixedBytes);
    DCDN_TRY(const std::size_t got, input_.read_full(head));
    head.resize(got);
    DCDN_CHECK(wire::FrameReader::looks_like_stream(head) ? from_stream(head) : from_bare(head));
    DCDN_CHECK(opener_.finish());
    return report_;
  }

 private:
  Result<void> from_bare(const Bytes& head) {
    DCDN_CHECK(open(head));
    Bytes block(kChunkBytes);
    for (;;) {
      DCDN_TRY(const std::size_t got, input_.read(block));
      if (got == 0) return {};
      DCDN_CHECK(open(ByteView(block).first(got)));
    }
  }

  Result<void> from_stream(const Bytes& head) {
    DCDN_TRY(auto ledger, trust::TrustLedger::open(options_.home, {}));
    BufferPool pool(kIdleBytes);
    sink::UnpackRules rules;
    rules.make_sink = [this](const std::string&, wire::ObjectKind kind) {
      return sink::make_raw_sink([this](const Buffer& sealed) { return open(sealed.view()); }, kind);
    };
    sink::Unpacker unpacker(std::move(rules), pool);
    source::RecoveringInput input(options_.input_fd, options_.interrupt_fd, kInput, pool);
    const auto take = [&](const wire::Frame& frame) -> Result<void> {
      if (!trust::TrustLedger::is_statement(frame.type)) return unpacker.take(frame);
      DCDN_CHECK(ledger.take(frame));  // what becomes of keys is heard wherever it is said
      return {};
    };
    DCDN_CHECK(input.read(head, take));
    return unpacker.finish(input.damaged_bytes());
  }

  Result<void> open(ByteView sealed) {
    return opener_.push(sealed, [this](ByteView plain) {
      report_.bytes += plain.size();
      return write_all(options_.output_fd, plain, kOutput);
    });
  }

  const DecryptOptions& options_;
  source::Input input_;
  pipeline::ContentOpener opener_;
  DecryptReport report_;
};

}  // namespace

Result<EncryptReport> encrypt_stream(const EncryptOptions& options) {
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(options.home));
  DCDN_TRY(const std::vector<NodeId> recipients, trust::recipients_of(ring, options.to));
  sign::Secret secret;
  random_bytes(secret.writable());
  DCDN_TRY(auto sealer, pipeline::ContentSealer::make(recipients, secret));
  DCDN_TRY(const std::string name, source::sealed_name(secret));
  DCDN_TRY(const auto pipe, source::seal_input(std::move(sealer), options.input_fd, {}, kFlushAfter));
  source::PackRequest request = source::pack_sealed(*pipe, name);
  request.chunk_bytes = [](std::uint64_t) { return kChunkBytes; };
  request.flush_after = kFlushAfter;
  work::WorkerPool workers(0);
  BufferPool pool(32u << 20);
  EncryptReport report;
  Result<void> written;
  const auto packed = source::pack_object(
      request, workers, pool, [&] { return source::readable(options.interrupt_fd); },
      [&](const source::PackedSegment& segment) {
        written = source::write_segment(segment, [&](ByteView bytes) {
          report.bytes += bytes.size();
          return write_all(options.output_fd, bytes, kOutput);
        });
        return written.has_value();
      });
  DCDN_CHECK(written);
  DCDN_CHECK(packed);
  for (const NodeId& id : recipients) report.recipients.push_back(sign::to_text(id));
  return report;
}

Result<DecryptReport> decrypt_stream(const DecryptOptions& options) {
  DCDN_TRY(std::vector<sign::SecretKey> keys, chosen_keys(options));
  auto done = Decrypter(options, std::move(keys)).run();
  if (done) return done;
  Error error = done.error().during(kInput);
  if (error.code == Errc::untrusted && error.hint.empty())
    error =
        error.with_hint("decrypt it where one of those keys is, or name the key: --key NAME, --key-file PEM");
  return error;
}

}  // namespace dcdn
