// dcdn-delta delta: what is new in a file, found with a signature of the old one, on all cores.
#include <algorithm>

#include "api/delta/block_signature.hpp"
#include "base/text.hpp"
#include "work/worker_pool.hpp"

namespace dcdn {

namespace api {

namespace {

constexpr std::size_t kWindowBytes = 8u << 20;
constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::size_t kTasksPerThread = 2;

}  // namespace

Result<LoadedSignature> load_signature(DeltaInput& input) {
  Bytes bytes;
  for (std::size_t got = kReadBytes; got == kReadBytes;) {
    const std::size_t had = bytes.size();
    bytes.resize(had + kReadBytes);
    DCDN_TRY(got, input.read(MutableByteView(bytes).subspan(had)));
    bytes.resize(had + got);
  }
  const std::uint64_t size = bytes.size();
  const auto basis = delta::parse_compact_header(bytes);
  if (!basis) return basis.error().during(input.name());
  if (*basis) bytes.erase(bytes.begin(), bytes.begin() + delta::kCompactHeader);
  auto table = delta::SignatureTable::make(std::move(bytes));
  if (!table) return table.error().during(input.name());
  return LoadedSignature{*std::move(table), *basis, size};
}

Result<SearchOutcome> search_input(DeltaInput& input, const delta::SignatureTable& table,
                                   const DeltaCommon& common, bool trailer, const delta::TakeBytes& take) {
  const unsigned threads = work::usual_threads(common.threads);
  work::WorkerPool workers(threads);
  delta::DeltaWriter writer(take);
  delta::DeltaSearch search(
      table, threads * kTasksPerThread,
      [&](std::size_t count, const auto& task) { workers.run(count, task); }, writer);
  const std::size_t block = table.shape().block_bytes;
  WindowReader windows(input, std::max(kWindowBytes, 2 * block), block);
  WorkProgress progress(common.progress, "comparing", input.size());
  digest::Hasher hasher;
  SearchOutcome outcome;
  ByteView carry;
  for (bool last = false; !last;) {
    DCDN_TRY(const auto window, windows.next(carry));
    last = window.last;
    auto hashed = work::start_ahead([&] { hasher.update(window.fresh); });
    const auto used = search.add(window.all, last);
    hashed.wait();
    if (!used) return used.error();
    carry = window.all.subspan(*used);
    progress.at(outcome.target.bytes += window.fresh.size());
  }
  outcome.target.digest = hasher.digest();
  DCDN_CHECK(writer.end(trailer
                            ? std::optional(delta::DeltaTrailer{outcome.target.bytes, outcome.target.digest})
                            : std::nullopt));
  outcome.counts = writer.counts();
  outcome.delta_bytes = writer.bytes();
  return outcome;
}

}  // namespace api

Result<DeltaReport> write_delta(const DeltaOptions& options) {
  const api::WorkProgress clock(nullptr, "", {});
  if (options.signature == "-" && options.new_file == "-")
    return Error(Errc::usage, "the signature and the new file cannot both be standard input");
  DCDN_TRY(api::DeltaInput signature, api::DeltaInput::open(options.signature, options.common.interrupt_fd));
  DCDN_TRY(const api::LoadedSignature loaded, api::load_signature(signature));
  DCDN_TRY(api::DeltaInput input, api::DeltaInput::open(options.new_file, options.common.interrupt_fd));
  DCDN_TRY(api::DeltaOutput output, api::DeltaOutput::open(options.common, api::DeltaOutput::Kind::flowing));
  DCDN_TRY(const api::SearchOutcome found,
           api::search_input(input, loaded.table, options.common, options.trailer,
                             [&](ByteView bytes) { return output.write(bytes); }));
  DCDN_CHECK(output.finish(options.common.interrupt_fd));
  DeltaReport report;
  report.new_bytes = found.target.bytes;
  report.delta_bytes = output.bytes();
  report.signature_bytes = loaded.bytes;
  report.copies = found.counts.copies;
  report.copied_bytes = found.counts.copied_bytes;
  report.literals = found.counts.literals;
  report.literal_bytes = found.counts.literal_bytes;
  report.target = to_hex(found.target.digest.view());
  report.seconds = clock.seconds();
  return report;
}

}  // namespace dcdn
