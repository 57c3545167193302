// A tree of which its sender could not read all: what of it comes to be, also after a kill, and what is said
// of it.
#include <iterator>

#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

using namespace test;
using wire::LeftOut;
using wire::LeftOutReason;
using wire::ObjectKind;

class LeftOutTest : public ReceiveFixture {
 protected:
  // `given-up` has chunks and a hole when its sender cannot read on; what it shares with `whole` is carried
  // once.
  static MadeObject partial_tree() {
    ObjectMaker maker(ObjectKind::tree);
    maker.directory("").directory("d");
    maker.add(LeftOut{LeftOutReason::limit, "d"});
    maker.add(LeftOut{LeftOutReason::permission, "d/closed"});
    maker.begin_file("d/given-up", 0644, 1, 1'000'000);
    const Bytes content = pattern(20'000, 4);
    for (std::size_t at = 0; at < content.size(); at += 4096)
      maker.add_piece(ByteView(content).subspan(at, std::min<std::size_t>(4096, content.size() - at)));
    maker.add(wire::HoleRecord{4096});
    maker.add(LeftOut{LeftOutReason::changed, "d/given-up"});
    maker.file("d/whole", content).file("e", as_bytes("e"));
    maker.add(LeftOut{LeftOutReason::not_found, "f"});
    return maker.finish();
  }
  void expect_all_the_rest(const std::string& top) const {
    EXPECT_FALSE(fs::exists(top + "/d/given-up"));
    EXPECT_EQ(content_of(top + "/d/whole"), pattern(20'000, 4));
    EXPECT_EQ(content_of(top + "/e"), Bytes({'e'}));
    EXPECT_EQ(std::distance(fs::recursive_directory_iterator(top), fs::recursive_directory_iterator()), 3);
  }
  const MadeObject object_ = partial_tree();
};

TEST_F(LeftOutTest, TheRestIsDeliveredAndTheListIsThere) {
  auto part = open(options(ObjectKind::tree));
  feed(*part, object_);
  const std::string path = finalized(*part);
  expect_all_the_rest(path);
  const wire::LeftOutList& left = part->left_out();
  ASSERT_EQ(left.count, 4u);
  EXPECT_EQ(left.first[0], (LeftOut{LeftOutReason::limit, "d"}));
  EXPECT_EQ(left.first[2], (LeftOut{LeftOutReason::changed, "d/given-up"}));
  EXPECT_EQ(left.first[3], (LeftOut{LeftOutReason::not_found, "f"}));
  EXPECT_EQ(part->bytes_done(), 20'001u) << "what was begun and left out is not delivered";
}

TEST_F(LeftOutTest, AKillAnywhereChangesNothing) {
  const std::size_t chunks = object_.order.size();
  for (std::size_t last = 0; last <= chunks; ++last) {
    fs::remove_all(out());
    dir_.reset();
    die_after_feeding(
        object_, options(ObjectKind::tree), [&](std::size_t chunk) { return chunk < last; }, last % 2 == 0);
    auto part = open(options(ObjectKind::tree));
    feed(*part, object_);
    expect_all_the_rest(finalized(*part));
    EXPECT_EQ(part->left_out().count, 4u);
    EXPECT_EQ(part->bytes_done(), 20'001u);
  }
}

TEST_F(LeftOutTest, LaidOverAnotherTreeItTakesNothingAway) {
  put(at("name/d/given-up"), "older");
  put(at("name/d/closed"), "older");
  auto chosen = options(ObjectKind::tree);
  chosen.collision = Collision::overwrite;
  receive(object_, chosen);
  EXPECT_EQ(content_of(at("name/d/given-up")).size(), 5u);
  EXPECT_EQ(content_of(at("name/d/closed")).size(), 5u);
  EXPECT_EQ(content_of(at("name/d/whole")), pattern(20'000, 4));
}

TEST_F(LeftOutTest, NothingIsWaitedForThatDoesNotCome) {
  ObjectMaker maker(ObjectKind::tree);
  // More than any disk has was promised of it.
  maker.begin_file("a", 0644, 1, 1'000'000'000);
  maker.add(LeftOut{LeftOutReason::io, "a"});
  maker.file("b", as_bytes("b"));
  receive(maker.finish(), options(ObjectKind::tree));
  EXPECT_TRUE(fs::exists(at("name/b")));
  EXPECT_FALSE(fs::exists(at("name/a")));
}

}  // namespace
}  // namespace dcdn::store
