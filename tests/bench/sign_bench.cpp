// sign_bench - what one Ed25519 signature costs: by GnuTLS alone, as a segment's, and in batches on all
// cores. Run by hand or by scripts/bench sign: build/bin/sign_bench
#include <benchmark/benchmark.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "digest/hasher.hpp"
#include "pipeline/signature_batch.hpp"
#include "wire/signed_frames.hpp"
#include "work/worker_pool.hpp"

namespace {

using namespace dcdn;

const sign::SecretKey& key() {
  static const sign::SecretKey made = *sign::SecretKey::from_seed(Bytes(32, 1));
  return made;
}

std::vector<wire::Frame> signature_frames(std::size_t count) {
  std::vector<wire::Frame> frames;
  for (std::size_t i = 0; i < count; ++i) {
    const Digest digest = digest::blake3(as_bytes(std::to_string(i)));
    const auto signature = *wire::sign_segment(key(), digest, 0, digest, 1);
    frames.push_back({wire::FrameType::signature, Buffer::copy_of(wire::encode(signature))});
  }
  return frames;
}

gnutls_datum_t datum_of(ByteView bytes) {
  return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

/// The length of what is signed for a segment.
const Bytes kMessage(97, 'x');

/// GnuTLS alone, its key objects made beforehand: what nothing here can be faster than.
void gnutls_sign_alone(benchmark::State& state) {
  gnutls_privkey_t secret = nullptr;
  const Bytes seed(32, 1);
  const gnutls_datum_t x = datum_of(key().id().view());
  const gnutls_datum_t k = datum_of(seed);
  gnutls_privkey_init(&secret);
  gnutls_privkey_import_ecc_raw(secret, GNUTLS_ECC_CURVE_ED25519, &x, nullptr, &k);
  const gnutls_datum_t data = datum_of(kMessage);
  for (auto _ : state) {
    gnutls_datum_t out{};
    if (gnutls_privkey_sign_data2(secret, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &out) < 0)
      state.SkipWithError("not signed");
    gnutls_free(out.data);
  }
  gnutls_privkey_deinit(secret);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(gnutls_sign_alone)->UseRealTime();

void gnutls_verify_alone(benchmark::State& state) {
  gnutls_pubkey_t open = nullptr;
  const gnutls_datum_t x = datum_of(key().id().view());
  gnutls_pubkey_init(&open);
  gnutls_pubkey_import_ecc_raw(open, GNUTLS_ECC_CURVE_ED25519, &x, nullptr);
  const sign::Signature made = *key().sign(kMessage);
  const gnutls_datum_t data = datum_of(kMessage);
  const gnutls_datum_t value = datum_of(made);
  for (auto _ : state) {
    if (gnutls_pubkey_verify_data2(open, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &value) < 0)
      state.SkipWithError("not verified");
  }
  gnutls_pubkey_deinit(open);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(gnutls_verify_alone)->UseRealTime();

void sign_one(benchmark::State& state) {
  const Digest digest = digest::blake3(as_bytes("x"));
  for (auto _ : state) benchmark::DoNotOptimize(wire::sign_segment(key(), digest, 0, digest, 1));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sign_one)->UseRealTime();

void verify_one(benchmark::State& state) {
  const auto frames = signature_frames(1);
  const auto signature = *wire::parse_segment_signature(frames[0].body.view());
  for (auto _ : state) {
    if (!wire::verify_segment_signature(signature)) state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(verify_one)->UseRealTime();

/// Batches of 2, 8 and 64 on all cores; compare items_per_second with verify_one.
void verify_batch(benchmark::State& state) {
  const auto frames = signature_frames(static_cast<std::size_t>(state.range(0)));
  work::WorkerPool workers(0);
  pipeline::SignatureBatch batch([&](std::size_t count, const auto& job) { workers.run(count, job); });
  for (auto _ : state) {
    const auto good = batch.check(frames);
    if (!good.back()) state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(verify_batch)->Arg(2)->Arg(8)->Arg(64)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
