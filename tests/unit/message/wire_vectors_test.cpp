// Every vector of tests/vectors/wire gives what it says; and the files are what vector_cases.hpp makes.
// DCDN_WRITE_VECTORS=1 writes them anew.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "unit/message/vector_cases.hpp"

namespace dcdn::message {

using namespace wire;  // the format that messages are made of
namespace {

namespace fs = std::filesystem;

const std::string kFolder = std::string(DCDN_VECTORS) + "/wire";

struct Outcome {
  std::string expect = "accept";
  std::string result;
};

Outcome outcome_of(const Error& error) {
  if (error.message.find("truncated") != std::string::npos) return {"truncated", ""};
  return {name_of(error.code), ""};
}
template <class T>
Outcome outcome_of(const Result<T>& result) {
  return result ? Outcome{} : outcome_of(result.error());
}

Outcome judge_stream(ByteView body, wire::OnDamage on_damage) {
  const samples::Reading reading = samples::read_all(body, on_damage);
  for (std::size_t step : samples::kPushSizes) EXPECT_EQ(samples::read_all(body, on_damage, step), reading);
  if (reading.error) return outcome_of(*reading.error);
  std::string result = "frames";
  for (const auto& [type, bytes] : reading.frames)
    result += fmt::format(" {:02x}:{}", static_cast<unsigned>(type), bytes.size());
  if (!reading.damage.empty()) result += " damage";
  for (const wire::Damage& damage : reading.damage)
    result += fmt::format(" {}+{}", damage.offset, damage.bytes);
  return {"accept", result};
}

Result<void> judge_frame(wire::ManifestChecker& checker, wire::FrameType type, ByteView body) {
  if (type == wire::FrameType::chunk) {
    if (body.size() <= 32 || digest::blake3(body.subspan(32)) != Digest::copy_of(body))
      return Error(Errc::corrupt, "chunk digest");
  } else if (type == wire::FrameType::segment) {
    DCDN_TRY(const wire::Segment segment, parse_segment(body));
    return checker.add(segment, segment_id(body));
  } else if (type == wire::FrameType::signature) {
    DCDN_TRY(const wire::SegmentSignature signature, wire::parse_segment_signature(body));
    if (signature.segment != checker.last_id()) return Error(Errc::corrupt, "signature of something else");
    return wire::verify_segment_signature(signature);
  }
  return {};
}

Outcome judge_object(ByteView body) {
  const samples::Reading reading = samples::read_all(body, wire::OnDamage::strict);
  wire::ManifestChecker checker;
  for (const auto& [type, bytes] : reading.frames)
    if (auto judged = judge_frame(checker, type, bytes); !judged) return outcome_of(judged);
  if (reading.error) return outcome_of(*reading.error);
  if (!checker.finished()) return {"truncated", ""};
  return {"accept", "id " + to_hex(checker.last_id().view())};
}

Outcome judge_segment(ByteView body) {
  const auto segment = parse_segment(body);
  if (!segment) return outcome_of(segment);
  // Another library may pack the same records otherwise.
  if ((body[0] & samples::kPackedFlag) == 0) {
    const Bytes again = samples::plain_body(*segment);
    EXPECT_TRUE(std::equal(again.begin(), again.end(), body.begin(), body.end()));
  }
  const auto packed = parse_segment(encode_segment(*segment));
  EXPECT_TRUE(packed && *packed == *segment);
  return {"accept", "id " + to_hex(segment_id(body).view())};
}

template <class Message>
Outcome judge_message(ByteView body) {
  const auto message = parse<Message>(body);
  if (!message) return outcome_of(message);
  const Bytes again = encode(*message);
  EXPECT_TRUE(std::equal(again.begin(), again.end(), body.begin(), body.end()));
  return {};
}

Outcome judge_signature(ByteView body) {
  const auto signature = wire::parse_segment_signature(body);
  return signature ? outcome_of(wire::verify_segment_signature(*signature)) : outcome_of(signature);
}

Outcome judge_receipt(ByteView body) {
  const auto receipt = wire::parse_receipt(body);
  return receipt ? outcome_of(wire::verify_receipt(*receipt)) : outcome_of(receipt);
}

Outcome judge(const std::string& reads, ByteView body) {
  if (reads == "stream") return judge_stream(body, wire::OnDamage::strict);
  if (reads == "damaged-stream") return judge_stream(body, wire::OnDamage::recover);
  if (reads == "object") return judge_object(body);
  if (reads == "segment") return judge_segment(body);
  if (reads == "signature") return judge_signature(body);
  if (reads == "receipt") return judge_receipt(body);
  if (reads == "hello") return judge_message<Hello>(body);
  if (reads == "welcome") return judge_message<Welcome>(body);
  if (reads == "offer") return judge_message<Offer>(body);
  if (reads == "answer") return judge_message<Answer>(body);
  if (reads == "want") return judge_message<Want>(body);
  if (reads == "stored") return judge_message<Stored>(body);
  if (reads == "pause" || reads == "resume") return judge_message<PauseResume>(body);
  if (reads == "cancel") return judge_message<Cancel>(body);
  if (reads == "failure") return judge_message<Failure>(body);
  if (reads == "join") return judge_message<Join>(body);
  if (reads == "joined") return judge_message<Joined>(body);
  if (reads == "differences") return judge_message<Differences>(body);
  if (reads == "basis") return judge_message<BasisPiece>(body);
  if (reads == "compare") return judge_message<Compare>(body);
  if (reads == "difference") return judge_message<Difference>(body);
  if (reads == "again") return judge_message<Again>(body);
  return {"nobody reads " + reads, ""};
}

std::set<std::string> names_on_disk() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder))
    if (entry.path().extension() == ".vec") names.insert(entry.path().stem());
  return names;
}

TEST(WireVectors, GiveWhatTheySay) {
  const std::set<std::string> closed = {"accept", "corrupt", "truncated", "unsupported", "bad_signature"};
  std::size_t seen = 0;
  for (const std::string& name : names_on_disk()) {
    const auto vector = parse_vector(file_text(kFolder + "/" + name + ".vec"));
    ASSERT_TRUE(vector) << name;
    EXPECT_TRUE(closed.contains(vector->expect)) << name;
    const Outcome outcome = judge(vector->reads, vector->body);
    EXPECT_EQ(outcome.expect, vector->expect) << name;
    EXPECT_EQ(outcome.result, vector->result) << name;
    ++seen;
  }
  EXPECT_GE(seen, 80u);
}

TEST(WireVectors, FilesAreWhatTheGeneratorMakes) {
  const VectorCases cases;
  const bool write = std::getenv("DCDN_WRITE_VECTORS") != nullptr;
  for (const auto& [name, vector] : cases.all()) {
    const std::string path = kFolder + "/" + name + ".vec";
    if (write) std::ofstream(path, std::ios::binary) << to_text(vector);
    EXPECT_EQ(file_text(path), to_text(vector))
        << path << ": DCDN_WRITE_VECTORS=1 unit_message writes it anew";
  }
  for (const std::string& name : names_on_disk())
    EXPECT_TRUE(cases.all().contains(name)) << name << " is nobody's";
}

TEST(WireVectors, EveryGoodOneHasACorruptTwin) {
  std::set<std::string> accepted, refused;
  const VectorCases cases;
  for (const auto& [name, vector] : cases.all())
    (vector.expect == "accept" ? accepted : refused).insert(vector.reads);
  EXPECT_EQ(accepted, refused);
}

}  // namespace
}  // namespace dcdn::message
