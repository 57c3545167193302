#include "message/difference_message.hpp"

#include "base/byte_writer.hpp"
#include "wire/field_reader.hpp"
#include "wire/frame.hpp"

namespace dcdn::message {

namespace {

Bytes copy_of(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Bytes encode(const Differences& m) {
  Bytes body;
  ByteWriter(body).varint(m.version);
  return body;
}

Bytes encode(const BasisPiece& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  out.varint(m.basis);
  out.varint(m.total);
  out.varint(m.offset);
  out.raw(m.bytes);
  return body;
}

Bytes encode(const Compare& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  out.varint(m.segment);
  out.varint(m.runs.size());
  for (const CompareRun& run : m.runs) {
    out.varint(run.chunks);
    out.varint(run.basis ? std::uint64_t{*run.basis} + 1 : 0);
  }
  if (m.version > 1) out.varint(m.version);
  return body;
}

Bytes encode(const Difference& m) {
  Bytes body;
  ByteWriter out(body);
  out.raw(m.carried.view());
  out.varint(m.object);
  out.varint(m.basis);
  out.fixed(static_cast<std::uint8_t>(m.codec));
  out.varint(m.command_bytes);
  out.raw(m.bytes);
  return body;
}

template <>
Result<Differences> parse<Differences>(ByteView body) {
  wire::FieldReader in("differences", body);
  Differences m;
  m.version = in.number32();
  in.require(m.version > 0);
  return in.result(m);
}

template <>
Result<BasisPiece> parse<BasisPiece>(ByteView body) {
  wire::FieldReader in("basis", body);
  BasisPiece m;
  m.object = in.number32();
  m.basis = in.number32();
  m.total = static_cast<std::uint32_t>(in.number(1, kMaxBasisBytes));
  m.offset = static_cast<std::uint32_t>(in.number(0, kMaxBasisBytes));
  const std::size_t size = in.left();
  in.require(size > 0 && size <= kMaxBasisPiece && m.offset < m.total && size <= m.total - m.offset);
  m.bytes = copy_of(in.raw(size));
  return in.result(std::move(m));
}

template <>
Result<Compare> parse<Compare>(ByteView body) {
  wire::FieldReader in("compare", body);
  Compare m;
  m.object = in.number32();
  m.segment = in.number64();
  const std::uint64_t runs = in.number(0, kMaxCompareRuns);
  std::uint64_t chunks = 0;
  for (std::uint64_t i = 0; i < runs && in.ok(); ++i) {
    CompareRun run;
    run.chunks = static_cast<std::uint32_t>(in.number(1, wire::kMaxItems));
    if (const auto basis = in.optional(std::numeric_limits<std::uint32_t>::max()))
      run.basis = static_cast<std::uint32_t>(*basis);
    in.require((chunks += run.chunks) <= wire::kMaxItems);
    m.runs.push_back(run);
  }
  if (in.ok() && in.left() > 0) m.version = static_cast<std::uint32_t>(in.number(2, UINT32_MAX));
  return in.result(std::move(m));
}

template <>
Result<Difference> parse<Difference>(ByteView body) {
  wire::FieldReader in("difference", body);
  Difference m;
  m.carried = in.digest();
  m.object = in.number32();
  m.basis = in.number32();
  m.codec = static_cast<DifferenceCodec>(in.byte(static_cast<std::uint8_t>(DifferenceCodec::in_context)));
  m.command_bytes = static_cast<std::uint32_t>(in.number(1, wire::kMaxChunkContent));
  const std::size_t size = in.left();
  const bool in_context = m.codec == DifferenceCodec::in_context;
  in.require(size > 0 && size <= (in_context ? wire::kMaxChunkContent : m.command_bytes));
  in.require(m.codec != DifferenceCodec::raw || size == m.command_bytes);
  m.bytes = copy_of(in.raw(size));
  return in.result(std::move(m));
}

}  // namespace dcdn::message
