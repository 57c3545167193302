#include "fec/block_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "dcdn/escape.hpp"

namespace dcdn::fec {

namespace {

constexpr std::string_view kBuiltInName = "isa-l";
constexpr std::string_view kPluggablePrefix = "liberasurecode:";
// Code numbers are 1 more than the places in kPluggableBackends; its first is the built-in code.
static_assert(kPluggableBackends.front() == "isa_l_rs_cauchy");

std::optional<std::string_view> backend_of(CodeNumber number) {
  if (number == 0 || number > kPluggableBackends.size()) return std::nullopt;
  return kPluggableBackends[number - 1u];
}

}  // namespace

Result<CodeChoice> parse_code(std::string_view text) {
  if (text == kBuiltInName) return CodeChoice{};
  if (text.starts_with(kPluggablePrefix)) {
    const std::string_view backend = text.substr(kPluggablePrefix.size());
    const auto* const found = std::find(kPluggableBackends.begin(), kPluggableBackends.end(), backend);
    if (found != kPluggableBackends.end())
      return CodeChoice{static_cast<CodeNumber>(found - kPluggableBackends.begin() + 1), true};
    return Error(Errc::usage, fmt::format("liberasurecode has no backend '{}'", escape_for_display(backend)))
        .with_hint(fmt::format("one of {}", fmt::join(kPluggableBackends, ", ")));
  }
  return Error(Errc::usage, fmt::format("no codec '{}'", escape_for_display(text)))
      .with_hint("isa-l, or liberasurecode:BACKEND");
}

std::string code_name(CodeNumber number) {
  if (number == kCauchy) return std::string(kBuiltInName);
  const auto backend = backend_of(number);
  return backend ? fmt::format("{}{}", kPluggablePrefix, *backend) : fmt::format("code {}", number);
}

struct BlockCode::BuiltIn {
  std::optional<RepairEncoder> encoder;  // made when needed: decoding alone needs no tables
  SourceDecoder decoder;
};

BlockCode::BlockCode(CodeChoice choice, BlockShape shape) : choice_(choice), shape_(shape) {}
BlockCode::BlockCode(BlockCode&&) noexcept = default;
BlockCode& BlockCode::operator=(BlockCode&&) noexcept = default;
BlockCode::~BlockCode() = default;

Result<BlockCode> BlockCode::make(CodeChoice choice, BlockShape shape) {
  const auto backend = backend_of(choice.number);
  if (!backend)
    return Error(Errc::unsupported,
                 fmt::format("erasure code {} is not known to this version", choice.number));
  BlockCode code(choice, shape);
  if (choice.pluggable || choice.number != kCauchy) {
    DCDN_TRY(auto made, PluggableCodec::make(*backend, shape));
    code.pluggable_ = std::make_unique<PluggableCodec>(std::move(made));
  } else {
    code.built_in_ = std::make_unique<BuiltIn>();
  }
  return code;
}

unsigned BlockCode::guaranteed_losses() const {
  return pluggable_ ? pluggable_->guaranteed_losses() : shape_.repairs;
}

std::size_t BlockCode::repair_bytes(std::size_t bytes) const {
  return pluggable_ ? pluggable_->repair_bytes(bytes) : bytes;
}

Result<void> BlockCode::encode(std::span<const ByteView> sources, std::span<const MutableByteView> repairs) {
  if (pluggable_) return pluggable_->encode(sources, repairs);
  if (!built_in_->encoder) {
    DCDN_TRY(built_in_->encoder, RepairEncoder::make(shape_.sources, shape_.repairs));
  }
  return built_in_->encoder->encode(0, sources, repairs);
}

Result<void> BlockCode::recover(std::span<const ByteView> sources, std::span<const RepairSymbol> repairs,
                                std::span<const MutableByteView> recovered) {
  if (pluggable_) return pluggable_->recover(sources, repairs, recovered);
  return built_in_->decoder.recover(sources, repairs, recovered);
}

}  // namespace dcdn::fec
