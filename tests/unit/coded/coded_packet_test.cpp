#include "coded/coded_packet.hpp"

#include <gtest/gtest.h>

namespace dcdn::coded {
namespace {

Feedback some_feedback() {
  Feedback feedback;
  feedback.highest = 1;
  feedback.highest_sent = 2;
  feedback.highest_came = 3;
  feedback.held = 4;
  feedback.received = 5;
  feedback.delay = 6;
  feedback.jitter = 7;
  feedback.settled = 8;
  feedback.settled_beyond = 9;
  feedback.train = 10;
  feedback.loss_runs = 11;
  feedback.base = 12;
  feedback.limit = 20;
  feedback.need = {0, 64, 3};
  return feedback;
}

TEST(coded_packet, feedback_comes_back_as_it_was) {
  Bytes wire;
  append(wire, some_feedback());
  const auto read = parse_feedback(wire);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, some_feedback());
}

TEST(coded_packet, feedback_of_every_other_length_is_refused) {
  Bytes wire;
  append(wire, some_feedback());
  for (std::size_t size = 0; size < wire.size(); ++size)
    EXPECT_FALSE(parse_feedback(ByteView(wire).first(size)));
  wire.push_back(0);
  EXPECT_FALSE(parse_feedback(wire));
}

TEST(coded_packet, feedback_out_of_range_is_refused) {
  Feedback feedback = some_feedback();
  feedback.need = {65};
  Bytes wire;
  append(wire, feedback);
  EXPECT_FALSE(parse_feedback(wire));
  feedback = some_feedback();
  feedback.limit = feedback.base - 1;
  wire.clear();
  append(wire, feedback);
  EXPECT_FALSE(parse_feedback(wire));
  feedback = some_feedback();
  feedback.need.assign(kMaxFeedbackBlocks + 1, 1);
  wire.clear();
  append(wire, feedback);
  EXPECT_FALSE(parse_feedback(wire));
}

TEST(coded_packet, data_is_checked_field_by_field) {
  const auto wire_of = [](DataHeader header, std::size_t symbol) {
    Bytes wire;
    append(wire, header);
    EXPECT_EQ(wire.size(), kDataHeaderBytes);
    wire.resize(wire.size() + symbol, 7);
    return wire;
  };
  const DataHeader good{1, 2, 254, 64, 1};
  const Bytes wire = wire_of(good, 100);
  const auto read = parse_data(wire);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->header.block, 2u);
  EXPECT_EQ(read->header.esi, 254);
  EXPECT_EQ(read->symbol.size(), 100u);
  EXPECT_FALSE(parse_data(wire_of(good, kMinSymbolBytes - 1)));
  EXPECT_FALSE(parse_data(wire_of(good, kMaxSymbolBytes + 1)));
  EXPECT_FALSE(parse_data(wire_of({1, 2, 255, 64, 1}, 100)));
  EXPECT_FALSE(parse_data(wire_of({1, 2, 0, 0, 1}, 100)));
  EXPECT_FALSE(parse_data(wire_of({1, 2, 0, 65, 1}, 100)));
  EXPECT_FALSE(parse_data(wire_of({1, 2, 0, 64, 0}, 100)));
}

TEST(coded_packet, the_header_tells_coded_packets_from_quic) {
  Bytes wire;
  append(wire, PacketHeader{PacketType::feedback, 0x01020304, 0x05060708});
  ASSERT_EQ(wire.size(), kPacketHeaderBytes);
  EXPECT_LT(wire[0], 0x40);
  EXPECT_FALSE(parse_packet_header(wire)) << "no room for a tag";
  wire.resize(wire.size() + kTagBytes);
  const auto read = parse_packet_header(wire);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->token, 0x01020304u);
  EXPECT_EQ(read->number, 0x05060708u);
  wire[0] = 0x40;
  EXPECT_FALSE(parse_packet_header(wire));
  wire[0] = 0x07;
  EXPECT_FALSE(parse_packet_header(wire));
}

}  // namespace
}  // namespace dcdn::coded
