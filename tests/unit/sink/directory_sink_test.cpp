#include "sink/directory_sink.hpp"

#include "support/receive_fixture.hpp"
#include "support/sink_fixture.hpp"

namespace dcdn::sink {
namespace {

using test::file_object;
using test::MadeObject;
using test::MadeSegment;
using test::pattern;

class DirectorySinkTest : public test::ReceiveFixture {
 protected:
  std::unique_ptr<ObjectSink> sink_with(store::Collision collision) {
    auto chosen = options();
    chosen.collision = collision;
    if (!dir_) dir_ = *store::ReceiveDir::open(out());
    return make_directory_sink(dir_, chosen, temp_.path() + "/delivered");
  }
  void deliver(const MadeObject& made) {
    const auto sink = sink_with(store::Collision::refuse);
    ASSERT_TRUE(sink->open());
    ASSERT_TRUE(test::add_all_segments(*sink, made));
    for (const Digest& digest : made.order) ASSERT_TRUE(test::give(*sink, made, digest));
    ASSERT_EQ(*sink->finalize(), at("name"));
  }
};

TEST_F(DirectorySinkTest, WhatWasDeliveredIsOnlyAnswered) {
  const MadeObject made = file_object(pattern(9000, 1));
  deliver(made);
  const auto again = sink_with(store::Collision::refuse);
  ASSERT_EQ(again->open()->bytes_done, 9000u);
  ASSERT_TRUE(again->add_segment(made.segments.back().segment, made.segments.back().id, {}));
  EXPECT_TRUE(again->complete());
  EXPECT_EQ(*again->finalize(), at("name"));
}

// Segments follow each other before their sender hears of the first one.
TEST_F(DirectorySinkTest, EachSegmentOfANewerVersionIsRefusedWhereTheNameIsTaken) {
  const Bytes content = pattern(9000, 1);
  deliver(file_object(content));
  const MadeObject newer = file_object(pattern(9000, 2));
  const MadeSegment& first = newer.segments.front();
  const auto sink = sink_with(store::Collision::refuse);
  ASSERT_TRUE(sink->open());
  for (int time = 0; time < 3; ++time) {
    const auto added = sink->add_segment(first.segment, first.id, first.frames);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, Errc::exists);
    EXPECT_FALSE(sink->complete());
  }
  EXPECT_EQ(content_of(at("name")), content);
}

}  // namespace
}  // namespace dcdn::sink
