// A receiver under a sender with an accepted key that says what it likes: sessions, paths and offers
// (dcdn-session(5)), and what they end with.
#include "unit/session/hostile_sender.hpp"

namespace dcdn::session {
namespace {

TEST_F(HostileSender, IsServedLikeAnyOtherAsLongAsItKeepsToTheProtocol) {
  hello();
  expect_delivery(0, "one");
  expect_delivery(1, "two");
  EXPECT_EQ(final_files(), 2u);
}

// A service: what was received earlier is not counted as that which is being received now.
TEST_F(HostileSender, IsCountedFromWhereTheReceiverWasIdle) {
  hello();
  expect_delivery(0, "one");
  EXPECT_TRUE(run_until([&] { return receiver_->progress().objects.empty(); }));
  const auto stream = offer(1, "two");
  EXPECT_TRUE(run_until([&] { return peer_.count(stream, FrameType::answer) == 1; }));
  EXPECT_EQ(receiver_->progress().bytes_done, 0u);
  EXPECT_EQ(receiver_->progress().objects_finished, 0u);
  send_all(stream, test::file_object(pattern(5000, 2)));
  EXPECT_TRUE(run_until([&] { return peer_.count(stream, FrameType::receipt) == 1; }));
  EXPECT_EQ(receiver_->progress().bytes_done, 5000u);
  EXPECT_EQ(receiver_->progress().objects_finished, 1u);
}

// ---- the session stream

TEST_F(HostileSender, RepeatsItsHelloInVain) {
  const auto session = hello();
  for (int i = 0; i < 100; ++i) say(session, FrameType::hello, message::Hello{1, "again", {1}});
  const auto another = peer_.open();
  say(another, FrameType::hello, message::Hello{});
  expect_delivery(0, "one");
  EXPECT_EQ(peer_.count(session, FrameType::welcome), 1u);
  EXPECT_EQ(peer_.count(another, FrameType::welcome), 0u);
  EXPECT_EQ(told_.sessions, 1);
}

TEST_F(HostileSender, SpeaksAnUnknownProtocol) {
  say(peer_.open(), FrameType::hello, message::Hello{2, "", {}});
  EXPECT_EQ(ending(peer_), Errc::unsupported);
}

TEST_F(HostileSender, SaysNothingThatIsNoMessage) {
  peer_.say(peer_.open(), FrameType::hello, Bytes(3));
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

TEST_F(HostileSender, AsksForTheCarrierAgainAndAgain) {
  again_with(Carrier::streams);
  const auto session = hello();
  for (int i = 0; i < 1000; ++i) say(session, FrameType::carrier, message::CarrierOffer{});
  expect_delivery(0, "one");
  EXPECT_LE(peer_.count(session, FrameType::carrier), 1u);
}

// ---- further paths

TEST_F(HostileSender, JoinsNoSessionThatDoesNotRun) {
  say(peer_.open(), FrameType::join, message::Join{1, {7}, 1});
  EXPECT_EQ(ending(peer_), Errc::temporary);
}

TEST_F(HostileSender, JoinsNoSessionOfAnotherKey) {
  hello();
  expect_delivery(0, "one");
  connect(other_, test::session_key(3));
  other_.say(other_.open(), FrameType::join, message::encode(message::Join{1, message::Hello{}.session, 1}));
  EXPECT_EQ(ending(other_), Errc::temporary);
  EXPECT_FALSE(peer_.closed);
}

TEST_F(HostileSender, OffersNothingOnAFurtherPath) {
  hello();
  expect_delivery(0, "one");
  connect(other_);
  const auto session = other_.open();
  other_.say(session, FrameType::join, message::encode(message::Join{}));
  EXPECT_TRUE(run_until([&] { return other_.count(session, FrameType::joined) == 1; }));
  message::Offer offer;
  offer.name = "two";
  other_.say(other_.open(), FrameType::offer, encode(offer));
  EXPECT_EQ(ending(other_), Errc::corrupt);
  EXPECT_FALSE(peer_.closed);
}

TEST_F(HostileSender, JoinsNothingWithWhatHasOffered) {
  hello();
  expect_delivery(0, "one");
  connect(other_);
  message::Offer offer;
  offer.name = "two";
  const auto stream = other_.open();
  other_.say(stream, FrameType::offer, encode(offer));
  EXPECT_TRUE(run_until([&] { return other_.count(stream, FrameType::answer) == 1; }));
  other_.say(other_.open(), FrameType::join, message::encode(message::Join{}));
  EXPECT_EQ(ending(other_), Errc::corrupt);
}

TEST_F(HostileSender, AFurtherPathKeepsItsNumber) {
  hello();
  expect_delivery(0, "one");
  connect(other_);
  const auto session = other_.open();
  other_.say(session, FrameType::join, message::encode(message::Join{1, {}, 1}));
  other_.say(session, FrameType::join, message::encode(message::Join{1, {}, 2}));
  EXPECT_EQ(ending(other_), Errc::corrupt);
}

// Each join asks for an answer, and nobody reads the answers.
TEST_F(HostileSender, AnswersThatNobodyReadsAreBounded) {
  hello();
  expect_delivery(0, "one");
  other_.consumes = false;
  options.receive_window = 512u << 10;
  connect(other_);
  const auto session = other_.open();
  const test::MemoryGrowth growth;
  const Bytes join = wire::make_frame(FrameType::join, message::encode(message::Join{}));
  Bytes many;
  for (int i = 0; i < 2000; ++i) many.insert(many.end(), join.begin(), join.end());
  for (int i = 0; i < 200 && !other_.closed; ++i) {
    other_.say_raw(session, many);
    ASSERT_TRUE(run_until([&] { return other_.connection->queued_bytes() < 1000 || other_.closed; }));
  }
  EXPECT_LT(growth.bytes(), 24u << 20);
  EXPECT_LE(other_.count(session, FrameType::joined), (512u << 10) / wire::kHeaderBytes);
  EXPECT_FALSE(other_.closed);
}

// ---- offers

TEST_F(HostileSender, UsesANumberTwice) {
  hello();
  offer(0, "one");
  offer(0, "two");
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

TEST_F(HostileSender, OffersTooMuchAtOnce) {
  hello();
  for (std::uint32_t i = 0; i < 65; ++i) offer(i, "name" + std::to_string(i));
  EXPECT_EQ(ending(peer_), Errc::limit);
  EXPECT_EQ(final_files(), 0u);
}

TEST_F(HostileSender, OffersOneNameTwice) {
  begin("name");
  const auto stream = offer(1, "name");
  EXPECT_TRUE(run_until([&] { return peer_.failed(stream).has_value(); }));
  EXPECT_EQ(peer_.failed(stream), Errc::usage);
}

// An object that ended has ended its stream with it: what is offered there could not be answered.
TEST_F(HostileSender, OffersAnotherObjectOnAStreamThatHasEnded) {
  const auto stream = begin();
  send_all(stream, test::file_object(pattern(20'000, 1)));
  EXPECT_TRUE(run_until([&] { return peer_.count(stream, FrameType::receipt) == 1; }));
  message::Offer more;
  more.object = 1;
  more.name = "more";
  say(stream, FrameType::offer, more);
  EXPECT_EQ(ending(peer_), Errc::corrupt);
  EXPECT_EQ(final_files(), 1u);
}

// A session may offer 65536 objects: what stands for it in lists is not to grow with them.
TEST_F(HostileSender, ManyOffersDoNotMakeALongName) {
  hello();
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto stream = offer(i, std::string(250, 'n') + std::to_string(i));
    say(stream, FrameType::cancel, message::Cancel{i, ""}, true);
  }
  expect_delivery(1000, "last");
  EXPECT_LE(told_.longest_name, 2048u);
}

TEST_F(HostileSender, CancelsAnObjectThatIsAnother) {
  say(begin(), FrameType::cancel, message::Cancel{1, ""});
  EXPECT_EQ(ending(peer_), Errc::corrupt);
}

TEST_F(HostileSender, GivesAnObjectUpByAFailure) {
  const auto stream = begin("given-up");
  say(stream, FrameType::failure, message::Failure{0, message::code_number(Errc::io), "no"});
  const auto again = offer(1, "given-up");  // the name is free again
  EXPECT_TRUE(run_until([&] { return peer_.count(again, FrameType::answer) == 1; }));
  EXPECT_EQ(final_files(), 0u);
}

}  // namespace
}  // namespace dcdn::session
