// session_message.hpp - what the two ends of a session say to each other (dcdn-session(5)).
//
// Order on the wire (S sender, the QUIC client; R receiver):
//   session stream (first bidirectional): S Hello -> R Welcome; later Pause, Resume, Failure either way
//   object stream (one bidirectional each): S Offer -> R Answer; S segment and signature frames;
//       R Want (one a segment, when the answer asked for it), Stored (now and then); R Receipt at the end;
//       Cancel or Failure from either side ends it
//   chunk frames: on unidirectional streams from S, one or several whole frames each, in any order
// A further connection of the session has a session stream with S Join -> R Joined, and chunk frames; nothing
// else.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/error.hpp"
#include "dcdn/result.hpp"
#include "wire/manifest.hpp"

namespace dcdn::message {

inline constexpr std::size_t kMaxAgentBytes = 64;
inline constexpr std::size_t kMaxReasonBytes = 256;
inline constexpr std::size_t kMaxFailureBytes = 1024;

enum class Priority : std::uint8_t { critical = 0, high = 1, normal = 2 };

struct Hello {
  std::uint32_t protocol = 1;
  std::string agent;                       ///< "dcdn 0.1.0", shown only; at most 64 bytes
  std::array<std::uint8_t, 16> session{};  ///< random, the same after a reconnect of the same sending process
  bool operator==(const Hello&) const = default;
};
struct Welcome {
  std::uint32_t protocol = 1;
  std::string agent;
  std::uint32_t max_chunk_content = 0;  ///< largest chunk the receiver will hold, bytes
  bool operator==(const Welcome&) const = default;
};
/// S to R behind the hello: chunks may come by the coded carrier. R to S: agreed. Who does not know it says
/// nothing.
struct CarrierOffer {
  std::uint32_t version = 1;  ///< highest known; both use the lower one
  bool operator==(const CarrierOffer&) const = default;
};
struct Offer {
  std::uint32_t object = 0;  ///< number within the session
  wire::ObjectKind kind = wire::ObjectKind::stream;
  std::string name;
  std::optional<std::uint64_t> bytes;    ///< content bytes, when known
  std::optional<std::uint64_t> entries;  ///< when known
  Priority priority = Priority::normal;
  std::uint32_t chunk_content = 0;  ///< chunk size the sender would like, bytes
  std::uint64_t holes = 0;          ///< of `bytes`, as far as is known: nobody has to have room for them
  bool operator==(const Offer&) const = default;
};
/// How segments from `segment` on are made, so that a resumed sender makes them as it did before.
struct ChunkPlanStep {
  std::uint64_t segment = 0;
  std::uint32_t chunk_content = 0;  ///< bytes
  std::uint8_t rung = 0;            ///< at most wire::kMaxRung
  bool operator==(const ChunkPlanStep&) const = default;
};
inline constexpr std::size_t kMaxChunkPlanSteps = 64;
/// Adds the next segment, if it is not made as the one before; what is beyond the limit is not told.
void extend_plan(std::vector<ChunkPlanStep>& plan, const ChunkPlanStep& next);
/// A segment of the chain that is here.
struct SegmentMark {
  std::uint64_t segment = 0;
  Digest id;
  bool operator==(const SegmentMark&) const = default;
};
inline constexpr std::size_t kMaxSegmentMarks = 64;
/// How the sender is to go on.
struct Answer {
  std::uint32_t object = 0;
  bool ask = false;                 ///< wait for a Want before a segment's chunks (something is here already)
  std::uint64_t segments_done = 0;  ///< segments [0, n) are here with all their chunks
  Digest last_segment;              ///< id of segment n-1; zero if n is 0
  bool repeats_omitted = true;      ///< equal content may be sent once
  std::vector<ChunkPlanStep> plan;  ///< of the chain that is here; empty: the sender chooses
  std::uint64_t bytes_done = 0;     ///< for the progress display
  /// Some segments before that last one, ascending: a sender that makes another chain now sees it early.
  std::vector<SegmentMark> marks;
  bool operator==(const Answer&) const = default;
};
/// needed[i] tells whether the i-th ChunkRecord of that segment is to be sent.
struct Want {
  std::uint32_t object = 0;
  std::uint64_t segment = 0;
  std::vector<bool> needed;  ///< at most kMaxItems
  bool operator==(const Want&) const = default;
};
struct Stored {
  std::uint32_t object = 0;
  std::uint64_t segments_done = 0;  ///< as in Answer: the sender may forget them
  std::uint64_t bytes_done = 0;     ///< content bytes verified in all
  bool operator==(const Stored&) const = default;
};
struct PauseResume {   ///< body of pause and resume frames
  std::string reason;  ///< at most 256 bytes, shown
  bool operator==(const PauseResume&) const = default;
};
struct Cancel {
  std::uint32_t object = 0;
  std::string reason;
  bool operator==(const Cancel&) const = default;
};
struct Failure {
  std::uint32_t object = 0;
  std::uint32_t code = 0;  ///< number in dcdn-session(5), FAILURE CODES; see code_number
  std::string message;     ///< at most 1024 bytes, escaped before it is shown
  bool operator==(const Failure&) const = default;
};
/// S to R after an answer that is not plain, where segments may come before the answer: those do not count.
struct Again {
  std::uint32_t object = 0;
  bool operator==(const Again&) const = default;
};
/// An answer that says no more than "send it": what came ahead of it counts.
inline bool is_plain(const Answer& answer) {
  return !answer.ask && answer.segments_done == 0 && answer.repeats_omitted;
}
inline constexpr std::uint32_t kMaxPaths = 15;  ///< further connections of one session
/// In place of Hello on a further connection of a session; repeated as a probe.
struct Join {
  std::uint32_t protocol = 1;
  std::array<std::uint8_t, 16> session{};  ///< as in the Hello of the session's first connection
  std::uint32_t path = 1;                  ///< 1..kMaxPaths; another one for each connection that is open
  bool operator==(const Join&) const = default;
};
struct Joined {
  std::uint32_t path = 1;  ///< as in the Join
  bool operator==(const Joined&) const = default;
};
/// Errc to a number that is never reused, and back (an unknown number: Errc::refused).
std::uint32_t code_number(Errc code);
Errc code_of_number(std::uint32_t number);
/// What a peer says went wrong there, as an error here: "receiver: disk full", with the text made safe to
/// show. What a code says about the process that met it means something else from outside: that somebody's
/// reader went away, that a setting or a command line there is wrong or that a name is taken is a refusal, a
/// signal there leaves this transfer incomplete, a lock there may be gone later.
Error told_by_peer(std::string_view who, std::uint64_t code, std::string_view text);

// Frame bodies. Texts that are only shown are cut to their limits. Each parse checks limits and canonical
// form and that nothing is left over: error corrupt.
Bytes encode(const Hello& m);
Bytes encode(const Welcome& m);
Bytes encode(const CarrierOffer& message);
Bytes encode(const Offer& m);
Bytes encode(const Answer& m);
Bytes encode(const Want& m);
Bytes encode(const Stored& m);
Bytes encode(const PauseResume& m);
Bytes encode(const Cancel& m);
Bytes encode(const Again& m);
Bytes encode(const Failure& m);
Bytes encode(const Join& m);
Bytes encode(const Joined& m);
template <class Message>
Result<Message> parse(ByteView body);  // specialised for each of the above
template <>
Result<Hello> parse<Hello>(ByteView body);
template <>
Result<Welcome> parse<Welcome>(ByteView body);
template <>
Result<CarrierOffer> parse<CarrierOffer>(ByteView body);
template <>
Result<Offer> parse<Offer>(ByteView body);
template <>
Result<Answer> parse<Answer>(ByteView body);
template <>
Result<Want> parse<Want>(ByteView body);
template <>
Result<Stored> parse<Stored>(ByteView body);
template <>
Result<PauseResume> parse<PauseResume>(ByteView body);
template <>
Result<Cancel> parse<Cancel>(ByteView body);
template <>
Result<Again> parse<Again>(ByteView body);
template <>
Result<Failure> parse<Failure>(ByteView body);
template <>
Result<Join> parse<Join>(ByteView body);
template <>
Result<Joined> parse<Joined>(ByteView body);

}  // namespace dcdn::message
