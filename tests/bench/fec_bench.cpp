// Erasure coding beside the raw kernel (ISA-L's ec_encode_data on the same buffers, tables ready), one
// thread.
//   build/bin/fec_bench [MILLISECONDS for each cell, default 300]
// Each line is one shape: source bytes a second of the kernel, and ours as a share of it. "decode" loses
// min(k, m) source symbols, another pattern at every call, so that the coefficients are worked out anew each
// time; its reference is the kernel with that many rows. The two are measured in turns and the best of each
// counts.
#include <isa-l/erasure_code.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "fec/reed_solomon.hpp"

namespace {

using namespace dcdn;

// Best seconds of one call of each, taken in turns.
std::vector<double> race(const std::vector<std::function<void()>>& calls, std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> best(calls.size(), 1e9);
  const auto until = Clock::now() + time * static_cast<int>(calls.size());
  constexpr auto kRound = std::chrono::microseconds(500);
  while (Clock::now() < until) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const auto began = Clock::now();
      int count = 0;
      auto now = began;
      for (; now - began < kRound; now = Clock::now(), ++count) calls[i]();
      best[i] = std::min(best[i], std::chrono::duration<double>(now - began).count() / count);
    }
  }
  return best;
}

struct Shape {
  unsigned k, m;
  std::size_t bytes;
};

struct Buffers {
  std::vector<Bytes> symbols;
  std::vector<ByteView> sources;
  std::vector<MutableByteView> repairs;
  std::vector<unsigned char*> raw;

  explicit Buffers(const Shape& shape) : symbols(shape.k + shape.m, Bytes(shape.bytes)) {
    std::mt19937_64 random(shape.k);
    for (Bytes& symbol : symbols) {
      for (auto& byte : symbol) byte = static_cast<std::uint8_t>(random() >> 32);
      raw.push_back(symbol.data());
    }
    sources.assign(symbols.begin(), symbols.begin() + shape.k);
    repairs.assign(symbols.begin() + shape.k, symbols.end());
  }
};

std::vector<unsigned char> kernel_tables(unsigned k, unsigned rows) {
  std::vector<unsigned char> matrix(std::size_t{k} * (k + rows));
  std::vector<unsigned char> tables(std::size_t{32} * k * rows);
  gf_gen_cauchy1_matrix(matrix.data(), static_cast<int>(k + rows), static_cast<int>(k));
  ec_init_tables(static_cast<int>(k), static_cast<int>(rows), matrix.data() + std::size_t{k} * k,
                 tables.data());
  return tables;
}

// A pattern of losses and what recover() is given for it.
struct Loss {
  std::vector<ByteView> sources;
  std::vector<fec::RepairSymbol> repairs;

  Loss(const Shape& shape, const Buffers& buffers, std::uint32_t seed) : sources(buffers.sources) {
    std::vector<unsigned> order(shape.k);
    for (unsigned j = 0; j < shape.k; ++j) order[j] = j;
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    for (unsigned i = 0; i < std::min(shape.k, shape.m); ++i) {
      sources[order[i]] = {};
      repairs.push_back({shape.k + i, buffers.symbols[shape.k + i]});
    }
  }
};

void measure(const Shape& shape, std::chrono::milliseconds time) {
  Buffers buffers(shape);
  const unsigned lost = std::min(shape.k, shape.m);
  const auto encoder = fec::RepairEncoder::make(shape.k, shape.m);
  std::vector<unsigned char> tables = kernel_tables(shape.k, shape.m);
  const auto kernel = [&](unsigned rows, unsigned char** into) {
    ec_encode_data(static_cast<int>(shape.bytes), static_cast<int>(shape.k), static_cast<int>(rows),
                   tables.data(), buffers.raw.data(), into);
  };
  const auto encode = race({[&] { kernel(shape.m, buffers.raw.data() + shape.k); },
                            [&] {
                              if (!encoder->encode(0, buffers.sources, buffers.repairs)) std::abort();
                            }},
                           time);
  std::vector<Bytes> made(lost, Bytes(shape.bytes));
  const std::vector<MutableByteView> out(made.begin(), made.end());
  std::vector<unsigned char*> raw_out;
  for (Bytes& symbol : made) raw_out.push_back(symbol.data());
  const std::vector<Loss> losses{Loss(shape, buffers, 1), Loss(shape, buffers, 2), Loss(shape, buffers, 3)};
  fec::SourceDecoder decoder;
  std::size_t turn = 0;
  const auto decode = race({[&] { kernel(lost, raw_out.data()); },
                            [&] {
                              const Loss& loss = losses[++turn % losses.size()];
                              if (!decoder.recover(loss.sources, loss.repairs, out)) std::abort();
                            }},
                           time);
  const double bytes = static_cast<double>(shape.k) * static_cast<double>(shape.bytes);
  std::printf("%3u + %-3u %8zu  %7.2f GB/s  %5.2f    %7.2f GB/s  %5.2f\n", shape.k, shape.m, shape.bytes,
              bytes / encode[0] / 1e9, encode[0] / encode[1], bytes / decode[0] / 1e9, decode[0] / decode[1]);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::milliseconds time(argc > 1 ? std::max(1, std::atoi(argv[1])) : 300);
  std::printf(
      "  k + m      bytes  encode: kernel, ours    decode: kernel, ours (share, coefficients included)\n");
  for (const std::size_t bytes : {std::size_t{1200}, std::size_t{64} << 10, std::size_t{256} << 10})
    for (const auto& [k, m] : {std::pair{10u, 3u}, {50u, 10u}, {50u, 25u}, {64u, 32u}, {200u, 55u}})
      measure({k, m, bytes}, time);
  return 0;
}
