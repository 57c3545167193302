// sign_bench - what one Ed25519 signature costs, one by one and in batches on all cores.
// Run by hand or by scripts/bench sign: build/bin/sign_bench
#include <benchmark/benchmark.h>

#include "api/signature_batch.hpp"
#include "digest/hasher.hpp"
#include "wire/signed_frames.hpp"

namespace {

using namespace dcdn;

const SecretKey& key() {
  static const SecretKey made = *SecretKey::from_seed(Bytes(32, 1));
  return made;
}

std::vector<wire::Frame> signature_frames(std::size_t count) {
  std::vector<wire::Frame> frames;
  for (std::size_t i = 0; i < count; ++i) {
    const Digest digest = blake3(as_bytes(std::to_string(i)));
    const auto signature = *wire::sign_segment(key(), digest, 0, digest, 1);
    frames.push_back({wire::FrameType::signature, Buffer::copy_of(wire::encode(signature))});
  }
  return frames;
}

void sign_one(benchmark::State& state) {
  const Digest digest = blake3(as_bytes("x"));
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
  api::SignatureBatch batch;
  for (auto _ : state) {
    const auto good = batch.check(frames);
    if (!good.back()) state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(verify_batch)->Arg(2)->Arg(8)->Arg(64)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
