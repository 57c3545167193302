#include "delta/compact_signature.hpp"

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace dcdn::delta {

namespace {

constexpr std::string_view kWord = "dcdn signature ";
constexpr std::string_view kVersion = "1\n";

}  // namespace

Bytes encode_compact_header(const FileId& basis) {
  Bytes out;
  ByteWriter writer(out);
  writer.raw(as_bytes(kWord));
  writer.raw(as_bytes(kVersion));
  writer.fixed(basis.bytes);
  writer.raw(basis.digest.view());
  return out;
}

Result<std::optional<FileId>> parse_compact_header(ByteView bytes) {
  ByteReader in(bytes);
  if (as_text(in.raw(kWord.size())) != kWord) return std::optional<FileId>();
  if (as_text(in.raw(kVersion.size())) != kVersion)
    return Error(Errc::unsupported, "a compact signature of another version");
  FileId basis;
  basis.bytes = in.fixed<std::uint64_t>();
  basis.digest = in.name32<Digest>();
  if (!in.ok()) return Error(Errc::corrupt, "the signature is cut off");
  return std::optional(basis);
}

}  // namespace dcdn::delta
