#include "net/event_gate.hpp"

#include <gtest/gtest.h>

namespace dcdn::net {
namespace {

class Log : public ConnectionEvents {
 public:
  std::string text;
  EventGate* silence_after_first = nullptr;
  void on_stream_data(StreamId id, ByteView bytes, bool fin) override {
    text += std::to_string(id) + "=" + std::string(as_text(bytes)) + (fin ? "." : "") + " ";
    if (silence_after_first != nullptr) silence_after_first->attach(nullptr);
  }
  void on_stream_reset(StreamId id, std::uint64_t code) override {
    text += "reset" + std::to_string(id) + ":" + std::to_string(code) + " ";
  }
  void on_stream_acknowledged(StreamId id) override { text += "acknowledged" + std::to_string(id) + " "; }
  void on_writable() override { text += "writable "; }
  void on_closed(const CloseInfo& info) override { text += "closed:" + info.reason + " "; }
};

CloseInfo closed_for(const std::string& reason) {
  CloseInfo info;
  info.reason = reason;
  return info;
}

TEST(EventGate, KeepsEarlyEventsInOrder) {
  EventGate gate;
  Log log;
  gate.data(2, as_bytes("ab"), false);
  gate.data(2, as_bytes("c"), true);
  gate.data(6, as_bytes("d"), false);
  gate.reset(6, 9);
  gate.writable();
  gate.closed(closed_for("bye"));
  EXPECT_FALSE(gate.holds_back());
  gate.attach(&log);
  EXPECT_TRUE(gate.holds_back());
  EXPECT_EQ(log.text, "") << "not from inside set_events()";
  gate.data(8, as_bytes("late"), false);
  gate.release();
  EXPECT_EQ(log.text, "2=abc. 6=d reset6:9 8=late writable closed:bye ");
}

TEST(EventGate, PassesOnOnceOpen) {
  EventGate gate;
  Log log;
  gate.attach(&log);
  gate.release();
  gate.data(2, as_bytes("x"), true);
  gate.acknowledged(3);
  gate.writable();
  gate.closed(closed_for("end"));
  gate.acknowledged(7);
  gate.data(2, as_bytes("ghost"), true);
  gate.closed(closed_for("again"));
  EXPECT_EQ(log.text, "2=x. acknowledged3 writable closed:end ");
}

TEST(EventGate, SilencedFromInsideAnEvent) {
  EventGate gate;
  Log log;
  log.silence_after_first = &gate;
  gate.data(2, as_bytes("one"), true);
  gate.data(6, as_bytes("two"), true);
  gate.closed(closed_for("end"));
  gate.attach(&log);
  gate.release();
  EXPECT_EQ(log.text, "2=one. ");
}

TEST(EventGate, SilencedBeforeAnybodyListened) {
  EventGate gate;
  gate.data(2, as_bytes("one"), true);
  gate.attach(nullptr);
  gate.data(2, as_bytes("two"), true);
  gate.release();
  gate.closed(closed_for("end"));
  EXPECT_FALSE(gate.holds_back());
}

TEST(EventGate, ManySmallPiecesOfOneStreamAreKeptAsOne) {
  EventGate gate;
  Log log;
  for (int i = 0; i < 5; ++i) gate.data(2, as_bytes("x"), false);
  gate.attach(&log);
  gate.release();
  EXPECT_EQ(log.text, "2=xxxxx ");
}

// A peer that refuses may be faster than whoever is about to use the connection.
TEST(EventGate, TellsWhyItIsClosedBeforeAnybodyWasTold) {
  EventGate gate;
  EXPECT_EQ(gate.why_closed().code, Errc::temporary);
  CloseInfo info;
  info.error = Error(Errc::untrusted, "not you");
  gate.closed(info);
  EXPECT_EQ(gate.why_closed().code, Errc::untrusted);
  EXPECT_EQ(gate.why_closed().message, "not you");
}

}  // namespace
}  // namespace dcdn::net
