// codec_bench.cpp - what a core costs a byte: hashing, packing and decompressing chunks. Not a test.
//
//   ninja codec_bench && bin/codec_bench --benchmark_filter=pack
//
// Each argument is a chunk size in bytes.
#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "digest/hasher.hpp"
#include "pipeline/chunk_packer.hpp"

namespace {

using dcdn::Buffer;
using dcdn::BufferPool;

Buffer random_content(std::size_t size) {
  std::mt19937 generator(1);
  Buffer content = Buffer::allocate(size);
  for (auto& byte : content.writable()) byte = static_cast<std::uint8_t>(generator());
  return content;
}

Buffer zero_content(std::size_t size) {
  return Buffer::copy_of(dcdn::Bytes(size, 0));
}

Buffer text_content(std::size_t size) {
  static constexpr const char* kWords[] = {"GET ", "/photos/", "200 ", "404 ", "agent ", "2026-11-", "\n"};
  std::mt19937 generator(1);
  std::string text;
  while (text.size() < size) text += kWords[generator() % 7] + std::to_string(generator() % 1000);
  return Buffer::copy_of(dcdn::as_bytes(text).first(size));
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void blake3(benchmark::State& state) {
  const Buffer content = random_content(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(dcdn::digest::blake3(content.view()));
  count_bytes(state);
}

template <Buffer (*make)(std::size_t)>
void compress(benchmark::State& state) {
  const Buffer content = make(static_cast<std::size_t>(state.range(0)));
  BufferPool pool(16u << 20);
  for (auto _ : state) benchmark::DoNotOptimize(dcdn::compress::compress_chunk(content.view(), {}, pool));
  count_bytes(state);
}

template <Buffer (*make)(std::size_t)>
void pack(benchmark::State& state) {
  const Buffer content = make(static_cast<std::size_t>(state.range(0)));
  BufferPool pool(16u << 20);
  for (auto _ : state) benchmark::DoNotOptimize(dcdn::pipeline::pack_chunk(content, {}, pool));
  count_bytes(state);
}

template <dcdn::compress::CompressMode mode>
void decompress(benchmark::State& state) {
  const Buffer content = text_content(static_cast<std::size_t>(state.range(0)));
  BufferPool pool(16u << 20);
  const auto packed = dcdn::compress::compress_chunk(content.view(), {mode, 3}, pool);
  for (auto _ : state) {
    auto back = dcdn::compress::decompress_chunk(packed.codec, packed.bytes.view(), content.size(), pool);
    if (!back) state.SkipWithError(back.error().message.c_str());
    benchmark::DoNotOptimize(back);
  }
  count_bytes(state);
}

void chunk_sizes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t size : {64 << 10, 256 << 10, 1 << 20}) bench->Arg(size);
}

BENCHMARK(blake3)->Apply(chunk_sizes);
BENCHMARK(compress<random_content>)->Name("compress/random")->Apply(chunk_sizes);
BENCHMARK(compress<text_content>)->Name("compress/text")->Apply(chunk_sizes);
BENCHMARK(pack<random_content>)->Name("pack/random")->Apply(chunk_sizes);
BENCHMARK(pack<zero_content>)->Name("pack/zeros")->Apply(chunk_sizes);
BENCHMARK(pack<text_content>)->Name("pack/text")->Apply(chunk_sizes);
BENCHMARK(decompress<dcdn::compress::CompressMode::zstd>)->Name("decompress/zstd")->Apply(chunk_sizes);
BENCHMARK(decompress<dcdn::compress::CompressMode::lz4>)->Name("decompress/lz4")->Apply(chunk_sizes);

}  // namespace

BENCHMARK_MAIN();
