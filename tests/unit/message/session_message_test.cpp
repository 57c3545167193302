#include "message/session_message.hpp"

#include "base/byte_writer.hpp"
#include "unit/wire/wire_samples.hpp"
#include "wire/frame.hpp"

namespace dcdn::message {

using namespace wire;  // the format that messages are made of
namespace {

using samples::digest_of;

Hello hello() {
  return {1, "dcdn 0.1.0", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
}
Welcome welcome() {
  return {1, "dcdn 0.1.0", wire::kMaxChunkContent};
}
Offer offer() {
  return {3, wire::ObjectKind::tree, "photos", 123456, 7, Priority::high, 1u << 20, 4096};
}
Answer answer() {
  return {3,     true,
          9,     digest_of("s"),
          true,  {{0, 65536}, {4, 1u << 20}},
          99999, {{2, digest_of("a")}, {7, digest_of("b")}}};
}
Want want() {
  return {3, 9, {true, false, true, false, false, false, false, false, true}};
}

// Round trip, every truncation, a trailing byte, and every bit flip either refused or another value with one
// encoding.
template <class Message>
void sweep(const Message& message) {
  const Bytes good = encode(message);
  const auto parsed = parse<Message>(good);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, message);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto cut = parse<Message>(ByteView(good).first(size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, Errc::corrupt);
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(parse<Message>(longer));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes body = good;
    body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ (1u << (bit % 8)));
    const auto other = parse<Message>(body);
    if (!other) continue;
    EXPECT_NE(*other, message) << bit;
    EXPECT_EQ(encode(*other), body) << bit;
  }
}

TEST(ControlMessage, EveryMessageSurvivesAndDamageDoesNot) {
  sweep(hello());
  sweep(welcome());
  sweep(offer());
  sweep(answer());
  sweep(want());
  sweep(Stored{3, 9, 123456});
  sweep(PauseResume{"operator"});
  sweep(Cancel{3, "gone"});
  sweep(Failure{3, code_number(Errc::no_space), "disk full"});
  sweep(Join{1, {9, 8, 7}, 3});
  sweep(Joined{3});
  sweep(CarrierOffer{1});
  sweep(Again{3});
}

TEST(ControlMessage, SmallestValuesSurvive) {
  sweep(Hello{});
  sweep(Welcome{0, "", wire::kMinChunkContent});
  sweep(Offer{});
  sweep(Answer{});
  sweep(Want{});
  sweep(Stored{});
  sweep(PauseResume{});
  sweep(Cancel{});
  sweep(Failure{});
  sweep(Join{});
  sweep(Joined{});
  sweep(Again{});
}

TEST(ControlMessage, LargestValuesSurvive) {
  constexpr std::uint32_t kTop = 0xFFFFFFFFu;
  EXPECT_TRUE(parse<Hello>(encode(Hello{kTop, std::string(kMaxAgentBytes, 'a'), {}})));
  const Offer big{kTop,
                  wire::ObjectKind::file,
                  std::string(255, 'n'),
                  kMaxObjectBytes,
                  kMaxObjectBytes,
                  Priority::normal,
                  wire::kMaxChunkContent,
                  kMaxObjectBytes};
  EXPECT_EQ(*parse<Offer>(encode(big)), big);
  Answer full{kTop, true, ~std::uint64_t{0}, digest_of("x"), true, {}, kMaxObjectBytes, {}};
  for (std::uint64_t i = 0; i < kMaxChunkPlanSteps; ++i) full.plan.push_back({i, wire::kMaxChunkContent});
  for (std::uint64_t i = 0; i < kMaxSegmentMarks; ++i) full.marks.push_back({i, digest_of("x")});
  EXPECT_EQ(*parse<Answer>(encode(full)), full);
  const Want all{kTop, ~std::uint64_t{0}, std::vector<bool>(wire::kMaxItems, true)};
  EXPECT_EQ(*parse<Want>(encode(all)), all);
  const Failure last{kTop, kTop, std::string(kMaxFailureBytes, 'm')};
  EXPECT_EQ(*parse<Failure>(encode(last)), last);
  EXPECT_LT(encode(full).size(), wire::kMaxSmallBody);
  EXPECT_LT(encode(all).size(), wire::kMaxSmallBody);
}

TEST(ControlMessage, TextsThatAreOnlyShownAreCutAtACharacter) {
  const std::string long_text = std::string(kMaxFailureBytes - 1, 'x') +
                                "\xc3\xa9"
                                "tail";
  const auto failure = parse<Failure>(encode(Failure{1, 1, long_text}));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message, std::string(kMaxFailureBytes - 1, 'x'));
  const auto cancel = parse<Cancel>(encode(Cancel{1, std::string(5000, 'r')}));
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->reason.size(), kMaxReasonBytes);
  EXPECT_EQ(parse<PauseResume>(encode(PauseResume{std::string(5000, '\x80')}))->reason.size(),
            kMaxReasonBytes - 4);
  EXPECT_EQ(parse<Hello>(encode(Hello{1, std::string(500, 'a'), {}}))->agent.size(), kMaxAgentBytes);
}

TEST(ControlMessage, NumbersOutOfRangeAreRefused) {
  Welcome w = welcome();
  for (std::uint32_t bytes : {0u, static_cast<std::uint32_t>(wire::kMinChunkContent) - 1,
                              static_cast<std::uint32_t>(wire::kMaxChunkContent) + 1}) {
    w.max_chunk_content = bytes;
    EXPECT_FALSE(parse<Welcome>(encode(w))) << bytes;
  }
  Offer o = offer();
  o.bytes = kMaxObjectBytes + 1;
  EXPECT_FALSE(parse<Offer>(encode(o)));
  o = offer();
  o.holes = *o.bytes + 1;
  EXPECT_FALSE(parse<Offer>(encode(o))) << "more holes than bytes";
  o.bytes.reset();
  o.holes = 1;
  EXPECT_FALSE(parse<Offer>(encode(o)));
  o = offer();
  o.chunk_content = wire::kMaxChunkContent + 1;
  EXPECT_FALSE(parse<Offer>(encode(o)));
  o = offer();
  o.priority = static_cast<Priority>(3);
  EXPECT_FALSE(parse<Offer>(encode(o)));
  o = offer();
  o.kind = static_cast<wire::ObjectKind>(3);
  EXPECT_FALSE(parse<Offer>(encode(o)));
  EXPECT_FALSE(parse<Stored>(encode(Stored{1, 1, kMaxObjectBytes + 1})));
  Bytes body;  // a protocol number of 33 bits
  ByteWriter out(body);
  out.varint(std::uint64_t{1} << 32);
  out.text("a");
  out.raw(Bytes(16));
  EXPECT_FALSE(parse<Hello>(body));
}

TEST(ControlMessage, AnOfferNamesOneSafeComponent) {
  Offer o = offer();
  for (const char* bad : {"", ".", "..", "a/b", "/etc/passwd"}) {
    o.name = bad;
    EXPECT_FALSE(parse<Offer>(encode(o))) << bad;
  }
  o.name = std::string(wire::kMaxNameBytes + 1, 'n');
  EXPECT_FALSE(parse<Offer>(encode(o)));
  o.name.clear();
  o.kind = wire::ObjectKind::stream;
  EXPECT_TRUE(parse<Offer>(encode(o)));
}

TEST(ControlMessage, AnAnswerToNothingCarriesNoDigest) {
  Answer a = answer();
  a.marks.clear();
  const std::size_t with_digest = encode(a).size();
  a.segments_done = 0;
  EXPECT_EQ(encode(a).size(), with_digest - 32);
  EXPECT_TRUE(parse<Answer>(encode(a))->last_segment.is_zero());
}

TEST(ControlMessage, MarksAscendAndAreOfWhatIsThere) {
  const auto is_taken = [](std::vector<SegmentMark> marks) {
    Answer marked = answer();
    marked.segments_done = 100;
    marked.marks = std::move(marks);
    return parse<Answer>(encode(marked)).has_value();
  };
  EXPECT_TRUE(is_taken({{0, digest_of("a")}, {99, digest_of("b")}}));
  EXPECT_FALSE(is_taken({{5, digest_of("a")}, {5, digest_of("b")}}));
  EXPECT_FALSE(is_taken({{5, digest_of("a")}, {4, digest_of("b")}}));
  EXPECT_FALSE(is_taken({{100, digest_of("a")}}));
  std::vector<SegmentMark> many;
  for (std::uint64_t i = 0; i <= kMaxSegmentMarks; ++i) many.push_back({i, digest_of("x")});
  EXPECT_FALSE(is_taken(many));
}

TEST(ControlMessage, PlansAscendAndAreBounded) {
  Answer a = answer();
  a.plan = {{4, 1}, {4, 2}};
  EXPECT_FALSE(parse<Answer>(encode(a)));
  a.plan = {{4, 1}, {3, 2}};
  EXPECT_FALSE(parse<Answer>(encode(a)));
  a.plan = {{0, wire::kMaxChunkContent + 1}};
  EXPECT_FALSE(parse<Answer>(encode(a)));
  a.plan = {{0, 0}};
  EXPECT_FALSE(parse<Answer>(encode(a)));
  a.plan.clear();
  for (std::uint64_t i = 0; i <= kMaxChunkPlanSteps; ++i) a.plan.push_back({i, 1});
  EXPECT_FALSE(parse<Answer>(encode(a)));
}

TEST(ControlMessage, WantBitsAreBoundedAndPaddedWithZero) {
  Want w = want();
  EXPECT_EQ(encode(w), (Bytes{3, 9, 9, 0x05, 0x01}));
  EXPECT_FALSE(parse<Want>(Bytes{3, 9, 9, 0x05, 0x03}));
  EXPECT_FALSE(parse<Want>(Bytes{3, 9, 9, 0x05, 0x81}));
  EXPECT_FALSE(parse<Want>(Bytes{3, 9, 9, 0x05}));
  w.needed.assign(wire::kMaxItems + 1, true);
  EXPECT_FALSE(parse<Want>(encode(w)));
  EXPECT_FALSE(parse<Want>(Bytes{3, 9, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}));
}

TEST(ControlMessage, NumbersNotInShortestFormAreRefused) {
  EXPECT_TRUE(parse<Stored>(Bytes{1, 2, 3}));
  EXPECT_FALSE(parse<Stored>(Bytes{0x81, 0x00, 2, 3}));
  EXPECT_FALSE(parse<Stored>(Bytes{1, 2, 0x83, 0x80, 0x00}));
}

}  // namespace
}  // namespace dcdn::message
