#include "fec/pluggable_codec.hpp"

#include <fmt/format.h>
#include <liberasurecode/erasurecode.h>

#include <algorithm>
#include <bitset>
#include <mutex>
#include <optional>

#include "dcdn/escape.hpp"

namespace dcdn::fec {

namespace {

struct Backend {
  std::string_view name;
  ec_backend_id_t id;
  int word;  // bits; 0: the backend's own
  std::string_view package;
};

// jerasure_rs_cauchy's own words of 4 bits end at 16 symbols.
constexpr std::array<Backend, kPluggableBackends.size()> kBackends{
    {{kPluggableBackends[0], EC_BACKEND_ISA_L_RS_CAUCHY, 0, "libisal2"},
     {kPluggableBackends[1], EC_BACKEND_ISA_L_RS_VAND, 0, "libisal2"},
     {kPluggableBackends[2], EC_BACKEND_JERASURE_RS_CAUCHY, 8, "libjerasure2"},
     {kPluggableBackends[3], EC_BACKEND_JERASURE_RS_VAND, 8, "libjerasure2"},
     {kPluggableBackends[4], EC_BACKEND_FLAT_XOR_HD, 0, "liberasurecode1"},
     {kPluggableBackends[5], EC_BACKEND_LIBERASURECODE_RS_VAND, 0, "liberasurecode1"},
     {kPluggableBackends[6], EC_BACKEND_LIBPHAZR, 0, ""}}};

constexpr std::size_t kHeaderBytes = sizeof(fragment_header_t);
static_assert(kHeaderBytes == 80);

const Backend* find_backend(std::string_view name) {
  const auto* found = std::find_if(kBackends.begin(), kBackends.end(),
                                   [&](const Backend& known) { return known.name == name; });
  return found == kBackends.end() ? nullptr : found;
}

Error misfit(const char* what) {
  return {Errc::usage, fmt::format("erasure code: {}", what)};
}

Error failed(const char* what, int code) {
  return {Errc::internal, fmt::format("liberasurecode: {} failed with {}", what, code)};
}

// Where every square part of ISA-L's Vandermonde matrix is invertible: see gf_gen_rs_matrix() in its
// erasure_code.h. Beyond, some losses of m symbols are for good: measured, 0.3 % of them at 20 + 12.
bool vandermonde_is_safe(BlockShape shape) {
  const auto [k, m] = shape;
  return k <= 3 || m <= 3 || (k == 4 && k + m <= 25) || (k == 5 && k + m <= 10) || (k <= 21 && m <= 4);
}

Result<void> check_shape(const Backend& backend, BlockShape shape) {
  if (shape.sources < 1 || shape.repairs < 1 || shape.sources >= kMaxPluggableSymbols ||
      shape.repairs > kMaxPluggableSymbols - shape.sources)
    return Error(Errc::usage,
                 fmt::format("{} + {} symbols: with liberasurecode a block has at least one of each and at "
                             "most {} together",
                             shape.sources, shape.repairs, kMaxPluggableSymbols))
        .with_hint("for example -k 20 -m 8; the built-in code (isa-l) takes up to 255");
  if (backend.id == EC_BACKEND_ISA_L_RS_VAND && !vandermonde_is_safe(shape))
    return Error(Errc::usage, fmt::format("isa_l_rs_vand with {} + {} symbols cannot repair every loss of {}",
                                          shape.sources, shape.repairs, shape.repairs))
        .with_hint("use isa_l_rs_cauchy, or at most 3 repair symbols");
  return {};
}

Error not_here(const Backend& backend) {
  const Error error(Errc::unsupported,
                    fmt::format("liberasurecode finds no {} on this machine", backend.name));
  if (backend.package.empty()) return error.with_hint("Debian has no package of it; use isa_l_rs_cauchy");
  return error.with_hint(fmt::format("apt-get install {}", backend.package));
}

int create(const Backend& backend, BlockShape shape, unsigned distance) {
  ec_args args{};
  args.k = static_cast<int>(shape.sources);
  args.m = static_cast<int>(shape.repairs);
  args.w = backend.word;
  args.hd = static_cast<int>(distance);
  args.ct = CHKSUM_NONE;
  return liberasurecode_instance_create(backend.id, &args);
}

// Jerasure and liberasurecode_rs_vand keep their tables in globals, which every code that is made makes anew
// and every code that is ended throws away, once too often if there are two. So a process has one at a time.
class TheOneCode {
 public:
  /// Held for as long as the code is in use.
  static std::unique_lock<std::mutex> lock() { return std::unique_lock(one().mutex_); }
  /// Positive: the descriptor of the code that was asked for. Under the lock.
  static int get(const Backend& backend, BlockShape shape, unsigned distance) {
    TheOneCode& code = one();
    if (code.descriptor_ > 0 && code.backend_ == &backend && code.shape_ == shape &&
        code.distance_ == distance)
      return code.descriptor_;
    code.end();
    code.backend_ = &backend;
    code.shape_ = shape;
    code.distance_ = distance;
    return code.descriptor_ = create(backend, shape, distance);
  }
  TheOneCode(const TheOneCode&) = delete;
  TheOneCode& operator=(const TheOneCode&) = delete;

 private:
  TheOneCode() = default;
  ~TheOneCode() { end(); }
  static TheOneCode& one() {
    static TheOneCode code;
    return code;
  }
  void end() {
    if (descriptor_ > 0) liberasurecode_instance_destroy(descriptor_);
    descriptor_ = 0;
  }

  std::mutex mutex_;
  const Backend* backend_ = nullptr;
  BlockShape shape_;
  unsigned distance_ = 0;
  int descriptor_ = 0;
};

// What liberasurecode_encode() allocated.
class Encoded {
 public:
  explicit Encoded(int descriptor) : descriptor_(descriptor) {}
  Encoded(const Encoded&) = delete;
  Encoded& operator=(const Encoded&) = delete;
  ~Encoded() {
    if (sources_ != nullptr) liberasurecode_encode_cleanup(descriptor_, sources_, repairs_);
  }
  Result<void> run(const Bytes& block, std::size_t padded) {
    std::uint64_t length = 0;
    const int code = liberasurecode_encode(descriptor_, reinterpret_cast<const char*>(block.data()),
                                           block.size(), &sources_, &repairs_, &length);
    if (code != 0) {
      sources_ = nullptr;
      return failed("encode", code);
    }
    // A backend that stores more than header and coded bytes (libphazr does) has no place in our symbols.
    if (length != kHeaderBytes + padded)
      return Error(Errc::unsupported,
                   fmt::format("liberasurecode: a fragment of {} bytes holds {} of payload, not {}", length,
                               length - kHeaderBytes, padded));
    return {};
  }
  [[nodiscard]] const std::uint8_t* fragment(unsigned esi, unsigned sources) const {
    return reinterpret_cast<const std::uint8_t*>(esi < sources ? sources_[esi] : repairs_[esi - sources]);
  }

 private:
  int descriptor_;
  char** sources_ = nullptr;
  char** repairs_ = nullptr;
};

// Checks everything that recover() was given; the lost ESIs.
Result<std::vector<unsigned>> lost_sources(const PluggableCodec& codec, std::span<const ByteView> sources,
                                           std::span<const RepairSymbol> repairs,
                                           std::span<const MutableByteView> recovered) {
  const auto [k, m] = codec.shape();
  if (sources.size() != k) return misfit("wrong number of source symbols");
  std::vector<unsigned> lost;
  for (unsigned j = 0; j < k; ++j)
    if (sources[j].empty()) lost.push_back(j);
  if (recovered.size() != lost.size()) return misfit("one place is needed for each lost symbol");
  if (lost.empty()) return lost;
  const std::size_t bytes = recovered.front().size();
  if (bytes == 0 || bytes > kMaxPluggableBlock / k) return misfit("symbols are empty or too long");
  for (const ByteView source : sources)
    if (!source.empty() && source.size() != bytes) return misfit("symbols of different length");
  for (const MutableByteView place : recovered)
    if (place.size() != bytes) return misfit("symbols of different length");
  std::bitset<kMaxPluggableSymbols> seen;
  for (const RepairSymbol& repair : repairs) {
    if (repair.esi < k || repair.esi >= k + m || seen[repair.esi]) return misfit("wrong repair symbol");
    if (repair.bytes.size() != codec.repair_bytes(bytes)) return misfit("a repair symbol has a wrong length");
    seen[repair.esi] = true;
  }
  // Beyond it, flat_xor_hd of liberasurecode 1.6.2 does not fail but crash.
  const std::size_t missing = lost.size() + m - repairs.size();
  if (missing > codec.guaranteed_losses())
    return Error(Errc::incomplete, fmt::format("{} of the {} symbols are missing; this code makes up for {}",
                                               missing, k + m, codec.guaranteed_losses()));
  return lost;
}

}  // namespace

struct PluggableCodec::Instance {
  const Backend* backend;
  BlockShape shape;
  unsigned distance;
  /// Under TheOneCode's lock. error internal.
  [[nodiscard]] Result<int> descriptor() const {
    const int made = TheOneCode::get(*backend, shape, distance);
    if (made > 0) return made;
    return failed("making the code", made)
        .during(fmt::format("{} {}+{}", backend->name, shape.sources, shape.repairs));
  }
};

std::vector<std::string_view> available_backends() {
  std::vector<std::string_view> found;
  for (const Backend& backend : kBackends)
    if (liberasurecode_backend_available(backend.id) != 0) found.push_back(backend.name);
  return found;
}

Result<PluggableCodec> PluggableCodec::make(std::string_view name, BlockShape shape) {
  const auto lock = TheOneCode::lock();
  const Backend* const backend = find_backend(name);
  if (backend == nullptr)
    return Error(Errc::usage, fmt::format("liberasurecode has no backend '{}'", escape_for_display(name)))
        .with_hint(fmt::format("one of {}", fmt::join(kPluggableBackends, ", ")));
  DCDN_CHECK(check_shape(*backend, shape));
  if (liberasurecode_backend_available(backend->id) == 0) return not_here(*backend);
  unsigned guaranteed = shape.repairs;
  auto instance = std::make_unique<Instance>(Instance{backend, shape, shape.repairs});
  int descriptor = 0;
  if (backend->id == EC_BACKEND_FLAT_XOR_HD) {
    // Distance d survives d - 1 losses; there are tables for 4 and for 3.
    for (guaranteed = 3; guaranteed >= 2 && descriptor <= 0; --guaranteed) {
      instance->distance = guaranteed + 1;
      descriptor = TheOneCode::get(*backend, shape, instance->distance);
    }
    ++guaranteed;
    if (descriptor <= 0)
      return Error(Errc::usage,
                   fmt::format("flat_xor_hd has no code for {} + {} symbols", shape.sources, shape.repairs))
          .with_hint("for example 10 + 5 or 15 + 6; or another backend");
  } else {
    DCDN_TRY(descriptor, instance->descriptor());
  }
  const int least = liberasurecode_get_minimum_encode_size(descriptor);
  if (least <= 0 || static_cast<unsigned>(least) % shape.sources != 0)
    return failed("asking for the granularity", least);
  return PluggableCodec(std::move(instance), shape, guaranteed, static_cast<unsigned>(least) / shape.sources);
}

PluggableCodec::PluggableCodec(std::unique_ptr<Instance> instance, BlockShape shape, unsigned guaranteed,
                               std::size_t granularity)
    : instance_(std::move(instance)), shape_(shape), guaranteed_(guaranteed), granularity_(granularity) {}
PluggableCodec::PluggableCodec(PluggableCodec&&) noexcept = default;
PluggableCodec& PluggableCodec::operator=(PluggableCodec&&) noexcept = default;
PluggableCodec::~PluggableCodec() = default;

std::size_t PluggableCodec::repair_bytes(std::size_t bytes) const {
  return (bytes + granularity_ - 1) / granularity_ * granularity_;
}

Result<void> PluggableCodec::encode(std::span<const ByteView> sources,
                                    std::span<const MutableByteView> repairs) {
  const auto [k, m] = shape_;
  if (sources.size() != k) return misfit("wrong number of source symbols");
  if (repairs.size() != m) return misfit("wrong number of repair symbols");
  const std::size_t bytes = sources.front().size();
  if (bytes == 0 || bytes > kMaxPluggableBlock / k) return misfit("source symbols are empty or too long");
  const std::size_t padded = repair_bytes(bytes);
  for (const ByteView source : sources)
    if (source.size() != bytes) return misfit("source symbols of different length");
  for (const MutableByteView repair : repairs)
    if (repair.size() != padded) return misfit("a repair symbol has a wrong length");
  block_.assign(k * padded, 0);
  for (unsigned j = 0; j < k; ++j)
    std::copy(sources[j].begin(), sources[j].end(), block_.begin() + j * padded);
  const auto lock = TheOneCode::lock();
  DCDN_TRY(const int descriptor, instance_->descriptor());
  Encoded encoded(descriptor);
  DCDN_CHECK(encoded.run(block_, padded));
  for (unsigned i = 0; i < m; ++i)
    std::copy_n(encoded.fragment(k + i, k) + kHeaderBytes, padded, repairs[i].begin());
  return {};
}

// The headers depend on the lengths alone, and only liberasurecode knows how to write them: it is made to
// code a block of zeros.
Result<void> PluggableCodec::learn_headers(std::size_t padded) {
  if (headers_for_ == padded) return {};
  const auto [k, m] = shape_;
  block_.assign(k * padded, 0);
  DCDN_TRY(const int descriptor, instance_->descriptor());
  Encoded encoded(descriptor);
  DCDN_CHECK(encoded.run(block_, padded));
  headers_.clear();
  for (unsigned esi = 0; esi < k + m; ++esi) {
    const std::uint8_t* const fragment = encoded.fragment(esi, k);
    headers_.emplace_back(fragment, fragment + kHeaderBytes);
  }
  headers_for_ = padded;
  return {};
}

Result<void> PluggableCodec::recover(std::span<const ByteView> sources, std::span<const RepairSymbol> repairs,
                                     std::span<const MutableByteView> recovered) {
  DCDN_TRY(const std::vector<unsigned> lost, lost_sources(*this, sources, repairs, recovered));
  if (lost.empty()) return {};
  const auto lock = TheOneCode::lock();
  DCDN_CHECK(learn_headers(repair_bytes(recovered.front().size())));
  return decode_into(sources, repairs, recovered);
}

Result<void> PluggableCodec::decode_into(std::span<const ByteView> sources,
                                         std::span<const RepairSymbol> repairs,
                                         std::span<const MutableByteView> recovered) {
  const unsigned k = shape_.sources;
  fragments_.resize(k + shape_.repairs);
  std::vector<char*> there;
  const auto add = [&](unsigned esi, ByteView payload) {
    Bytes& fragment = fragments_[esi];
    fragment.assign(kHeaderBytes + headers_for_, 0);
    std::copy(headers_[esi].begin(), headers_[esi].end(), fragment.begin());
    std::copy(payload.begin(), payload.end(), fragment.begin() + kHeaderBytes);
    there.push_back(reinterpret_cast<char*>(fragment.data()));
  };
  for (unsigned j = 0; j < k; ++j)
    if (!sources[j].empty()) add(j, sources[j]);
  for (const RepairSymbol& repair : repairs) add(repair.esi, repair.bytes);
  DCDN_TRY(const int descriptor, instance_->descriptor());
  char* block = nullptr;
  std::uint64_t length = 0;
  const int code = liberasurecode_decode(descriptor, there.data(), static_cast<int>(there.size()),
                                         kHeaderBytes + headers_for_, 0, &block, &length);
  if (code != 0) return failed("decode", code);
  const bool whole = length == k * headers_for_;
  for (unsigned j = 0, next = 0; whole && j < k; ++j) {
    if (!sources[j].empty()) continue;
    const MutableByteView place = recovered[next++];
    std::copy_n(reinterpret_cast<const std::uint8_t*>(block) + j * headers_for_, place.size(), place.begin());
  }
  liberasurecode_decode_cleanup(descriptor, block);
  if (!whole) return failed("decode: length", static_cast<int>(length));
  return {};
}

}  // namespace dcdn::fec
