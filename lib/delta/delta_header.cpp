#include "delta/delta_header.hpp"

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace dcdn::delta {

namespace {

constexpr std::string_view kWord = "dcdn delta ";
constexpr std::string_view kVersion = "1\n";

FileId read_id(ByteReader& in) {
  FileId id;
  id.bytes = in.fixed<std::uint64_t>();
  id.digest = in.name32<Digest>();
  return id;
}

}  // namespace

Bytes encode_delta_header(const DeltaHeader& header) {
  Bytes out;
  ByteWriter writer(out);
  writer.raw(as_bytes(kWord));
  writer.raw(as_bytes(kVersion));
  writer.fixed(static_cast<std::uint8_t>(header.method));
  for (const FileId* id : {&header.basis, &header.target}) {
    writer.fixed(id->bytes);
    writer.raw(id->digest.view());
  }
  return out;
}

bool looks_like_delta(ByteView first_bytes) {
  return first_bytes.size() >= kWord.size() && as_text(first_bytes.first(kWord.size())) == kWord;
}

Result<DeltaHeader> parse_delta_header(ByteView bytes) {
  ByteReader in(bytes);
  if (as_text(in.raw(kWord.size())) != kWord)
    return Error(Errc::corrupt, "not a delta that dcdn-delta make wrote");
  if (as_text(in.raw(kVersion.size())) != kVersion)
    return Error(Errc::unsupported, "a delta of another version");
  DeltaHeader header;
  const auto method = in.fixed<std::uint8_t>();
  header.basis = read_id(in);
  header.target = read_id(in);
  if (!in.ok()) return Error(Errc::corrupt, "the delta is cut off");
  if (method > static_cast<std::uint8_t>(Method::reference))
    return Error(Errc::unsupported, "a delta of unknown method " + std::to_string(method));
  header.method = static_cast<Method>(method);
  if (header.basis.bytes > kMostFileBytes || header.target.bytes > kMostFileBytes)
    return Error(Errc::corrupt, "a file of more than 2^60 bytes in the delta");
  if (header.method == Method::same && header.basis != header.target)
    return Error(Errc::corrupt, "a delta without changes between two files");
  return header;
}

}  // namespace dcdn::delta
