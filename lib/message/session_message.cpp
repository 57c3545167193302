#include "message/session_message.hpp"

#include <algorithm>

#include "base/byte_writer.hpp"
#include "wire/field_reader.hpp"
#include "wire/frame.hpp"

namespace dcdn::message {

namespace {

constexpr std::uint8_t kAsk = 1;
constexpr std::uint8_t kRepeatsOmitted = 2;

// Texts that are only shown may be longer than their limit where they come from (an error with a path in it):
// they are cut here, at the start of a character, rather than refused by the peer.
std::string_view shortened(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > limit - 4 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

void put_optional(ByteWriter& out, const std::optional<std::uint64_t>& value) {
  out.varint(value ? *value + 1 : 0);
}

}  // namespace

Bytes encode(const Hello& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.protocol);
  out.text(shortened(m.agent, kMaxAgentBytes));
  out.raw(m.session);
  return body;
}

Bytes encode(const Welcome& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.protocol);
  out.text(shortened(m.agent, kMaxAgentBytes));
  out.varint(m.max_chunk_content);
  return body;
}

Bytes encode(const CarrierOffer& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.version);
  return body;
}

Bytes encode(const Again& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  return body;
}

Bytes encode(const Offer& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  out.fixed(static_cast<std::uint8_t>(m.kind));
  out.text(m.name);
  put_optional(out, m.bytes);
  put_optional(out, m.entries);
  out.fixed(static_cast<std::uint8_t>(m.priority));
  out.varint(m.chunk_content);
  out.varint(m.holes);
  return body;
}

void extend_plan(std::vector<ChunkPlanStep>& plan, const ChunkPlanStep& next) {
  if (plan.size() == kMaxChunkPlanSteps) return;
  const bool as_before =
      !plan.empty() && plan.back().chunk_content == next.chunk_content && plan.back().rung == next.rung;
  if (!as_before) plan.push_back(next);
}

Bytes encode(const Answer& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  out.fixed(static_cast<std::uint8_t>((m.ask ? kAsk : 0) | (m.repeats_omitted ? kRepeatsOmitted : 0)));
  out.varint(m.segments_done);
  if (m.segments_done > 0) out.raw(m.last_segment.view());
  out.varint(m.plan.size());
  for (const ChunkPlanStep& step : m.plan) {
    out.varint(step.segment);
    out.varint(step.chunk_content);
    out.fixed(step.rung);
  }
  out.varint(m.bytes_done);
  out.varint(m.marks.size());
  for (const SegmentMark& mark : m.marks) {
    out.varint(mark.segment);
    out.raw(mark.id.view());
  }
  return body;
}

Bytes encode(const Want& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  out.varint(m.segment);
  out.varint(m.needed.size());
  Bytes bits((m.needed.size() + 7) / 8);
  for (std::size_t i = 0; i < m.needed.size(); ++i)
    if (m.needed[i]) bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (1u << (i % 8)));
  out.raw(bits);
  return body;
}

Bytes encode(const Stored& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  out.varint(m.segments_done);
  out.varint(m.bytes_done);
  return body;
}

Bytes encode(const PauseResume& m) {
  Bytes body;
  ByteWriter(body).text(shortened(m.reason, kMaxReasonBytes));
  return body;
}

Bytes encode(const Cancel& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  out.text(shortened(m.reason, kMaxReasonBytes));
  return body;
}

Bytes encode(const Failure& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.object);
  out.varint(m.code);
  out.text(shortened(m.message, kMaxFailureBytes));
  return body;
}

Bytes encode(const Join& m) {
  Bytes body;
  ByteWriter out(body);
  out.varint(m.protocol);
  out.raw(m.session);
  out.varint(m.path);
  return body;
}

Bytes encode(const Joined& m) {
  Bytes body;
  ByteWriter(body).varint(m.path);
  return body;
}

template <>
Result<Hello> parse<Hello>(ByteView body) {
  wire::FieldReader in("hello", body);
  Hello m;
  m.protocol = in.number32();
  m.agent = in.text(kMaxAgentBytes);
  const ByteView session = in.raw(m.session.size());
  if (in.ok()) std::copy(session.begin(), session.end(), m.session.begin());
  return in.result(std::move(m));
}

template <>
Result<Welcome> parse<Welcome>(ByteView body) {
  wire::FieldReader in("welcome", body);
  Welcome m;
  m.protocol = in.number32();
  m.agent = in.text(kMaxAgentBytes);
  m.max_chunk_content = static_cast<std::uint32_t>(in.number(wire::kMinChunkContent, wire::kMaxChunkContent));
  return in.result(std::move(m));
}

template <>
Result<CarrierOffer> parse<CarrierOffer>(ByteView body) {
  wire::FieldReader in("carrier", body);
  CarrierOffer m;
  m.version = in.number32();
  in.require(m.version > 0);
  return in.result(m);
}

template <>
Result<Again> parse<Again>(ByteView body) {
  wire::FieldReader in("again", body);
  Again m;
  m.object = in.number32();
  return in.result(m);
}

template <>
Result<Offer> parse<Offer>(ByteView body) {
  wire::FieldReader in("offer", body);
  Offer m;
  m.object = in.number32();
  m.kind = static_cast<wire::ObjectKind>(in.byte(static_cast<std::uint8_t>(wire::ObjectKind::tree)));
  m.name = in.text(wire::kMaxNameBytes);
  m.bytes = in.optional(wire::kMaxObjectBytes);
  m.entries = in.optional(wire::kMaxObjectBytes);
  m.priority = static_cast<Priority>(in.byte(static_cast<std::uint8_t>(Priority::normal)));
  m.chunk_content = static_cast<std::uint32_t>(in.number(0, wire::kMaxChunkContent));
  m.holes = in.number(0, m.bytes.value_or(0));
  const bool nameless = m.name.empty() && m.kind == wire::ObjectKind::stream;
  in.require(nameless || wire::check_name(m.name).has_value());
  return in.result(std::move(m));
}

template <>
Result<Answer> parse<Answer>(ByteView body) {
  wire::FieldReader in("answer", body);
  Answer m;
  m.object = in.number32();
  const std::uint8_t flags = in.byte(kAsk | kRepeatsOmitted);
  m.ask = (flags & kAsk) != 0;
  m.repeats_omitted = (flags & kRepeatsOmitted) != 0;
  m.segments_done = in.number64();
  if (m.segments_done > 0) m.last_segment = in.digest();
  const std::uint64_t steps = in.number(0, kMaxChunkPlanSteps);
  for (std::uint64_t i = 0; i < steps && in.ok(); ++i) {
    const std::uint64_t segment = in.number64();
    const auto chunk_content = static_cast<std::uint32_t>(in.number(1, wire::kMaxChunkContent));
    in.require(m.plan.empty() || segment > m.plan.back().segment);
    const std::uint8_t rung = in.byte(0xff);
    in.require(rung <= wire::kMaxRung);
    m.plan.push_back({segment, chunk_content, rung});
  }
  m.bytes_done = in.number(0, wire::kMaxObjectBytes);
  const std::uint64_t marks = in.number(0, kMaxSegmentMarks);
  for (std::uint64_t i = 0; i < marks && in.ok(); ++i) {
    const std::uint64_t segment = in.number64();
    in.require(segment < m.segments_done && (m.marks.empty() || segment > m.marks.back().segment));
    m.marks.push_back({segment, in.digest()});
  }
  return in.result(std::move(m));
}

template <>
Result<Want> parse<Want>(ByteView body) {
  wire::FieldReader in("want", body);
  Want m;
  m.object = in.number32();
  m.segment = in.number64();
  const auto count = static_cast<std::size_t>(in.number(0, wire::kMaxItems));
  const ByteView bits = in.raw((count + 7) / 8);
  if (in.ok()) {
    m.needed.resize(count);
    for (std::size_t i = 0; i < count; ++i) m.needed[i] = (bits[i / 8] >> (i % 8) & 1) != 0;
    if (count % 8 != 0) in.require(bits.back() >> (count % 8) == 0);
  }
  return in.result(std::move(m));
}

template <>
Result<Stored> parse<Stored>(ByteView body) {
  wire::FieldReader in("stored", body);
  Stored m;
  m.object = in.number32();
  m.segments_done = in.number64();
  m.bytes_done = in.number(0, wire::kMaxObjectBytes);
  return in.result(std::move(m));
}

template <>
Result<PauseResume> parse<PauseResume>(ByteView body) {
  wire::FieldReader in("pause or resume", body);
  PauseResume m;
  m.reason = in.text(kMaxReasonBytes);
  return in.result(std::move(m));
}

template <>
Result<Cancel> parse<Cancel>(ByteView body) {
  wire::FieldReader in("cancel", body);
  Cancel m;
  m.object = in.number32();
  m.reason = in.text(kMaxReasonBytes);
  return in.result(std::move(m));
}

template <>
Result<Failure> parse<Failure>(ByteView body) {
  wire::FieldReader in("failure", body);
  Failure m;
  m.object = in.number32();
  m.code = in.number32();
  m.message = in.text(kMaxFailureBytes);
  return in.result(std::move(m));
}

template <>
Result<Join> parse<Join>(ByteView body) {
  wire::FieldReader in("join", body);
  Join m;
  m.protocol = in.number32();
  const ByteView session = in.raw(m.session.size());
  if (in.ok()) std::copy(session.begin(), session.end(), m.session.begin());
  m.path = static_cast<std::uint32_t>(in.number(1, kMaxPaths));
  return in.result(std::move(m));
}

template <>
Result<Joined> parse<Joined>(ByteView body) {
  wire::FieldReader in("joined", body);
  Joined m;
  m.path = static_cast<std::uint32_t>(in.number(1, kMaxPaths));
  return in.result(std::move(m));
}

}  // namespace dcdn::message
