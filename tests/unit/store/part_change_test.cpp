// What a sender's changes cost: the chain before is a source of equal chunks.
#include "store/part_object.hpp"
#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::every_chunk;
using test::file_object;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using wire::ObjectKind;

class PartChangeTest : public test::ReceiveFixture {};

TEST_F(PartChangeTest, OnlyChangedChunksAreAskedForAgain) {
  Bytes content = pattern(40'000, 1);
  const std::size_t places[] = {0, 5, 9};  // first segment, one in the middle, the last
  for (const std::size_t changed : places) {
    for (const bool whole_before : {true, false}) {
      const MadeObject before = file_object(content);
      die_after_feeding(before, options(), [&](std::size_t chunk) { return whole_before || chunk < 8; });
      content[changed * 4096] ^= 1;
      const std::size_t lacking = whole_before || changed == 9 ? (whole_before ? 0u : 1u) : 2u;
      EXPECT_EQ(complete(file_object(content), options(), content), 1 + lacking) << changed << whole_before;
      EXPECT_FALSE(fs::exists(slot(options()) + ".old"));
      fs::remove(at("name"));
    }
  }
}

TEST_F(PartChangeTest, ChangedChainKeepsWhatIsBeforeTheChange) {
  const Bytes content = pattern(40'000, 1);
  const MadeObject before = file_object(content);
  die_after_feeding(before, options(), every_chunk);
  Bytes edited = content;
  edited[9 * 4096 + 1] ^= 1;
  edited.resize(39'000);
  const MadeObject after = file_object(edited);
  // The size is told in the first segment, so this chain differs from its start.
  auto part = open(options());
  const auto& made = after.segments[0];
  const auto need = part->add_segment(made.segment, made.id, made.frames);
  ASSERT_TRUE(need);
  EXPECT_FALSE(need->any);
  EXPECT_TRUE(fs::exists(slot(options()) + ".old"));
  EXPECT_EQ(part->segments_done(), 1u);
  part.reset();
  EXPECT_EQ(complete(after, options(), edited), 1u);
}

TEST_F(PartChangeTest, SenderThatSkipsDoneSegmentsMayChangeTheRest) {
  const auto made_from = [](const Bytes& bytes) {
    ObjectMaker maker(ObjectKind::stream);
    maker.begin_file("", 0644, 0, std::nullopt);
    for (std::size_t at = 0; at < bytes.size(); at += 4096)
      maker.add_piece(ByteView(bytes).subspan(at, std::min<std::size_t>(4096, bytes.size() - at)));
    maker.end_file(bytes.size(), maker.data_digest(bytes));
    return maker.finish();
  };
  const auto chosen = options(ObjectKind::stream);
  const Bytes content = pattern(40'960, 1);
  die_after_feeding(made_from(content), chosen, [](std::size_t chunk) { return chunk != 6; });
  Bytes edited = content;
  std::fill_n(edited.begin() + 4 * 4096, 4096, std::uint8_t{0});  // becomes a hole over old bytes
  edited[8 * 4096] ^= 1;
  const MadeObject after = made_from(edited);
  auto part = open(chosen);
  ASSERT_EQ(part->resume_point().segments_done, 1u);
  ASSERT_EQ(part->resume_point().last_segment, after.segments[0].id);
  std::size_t chunk = 4;
  std::size_t asked = 0;
  for (std::size_t i = 1; i < after.segments.size(); ++i) {
    const auto need =
        part->add_segment(after.segments[i].segment, after.segments[i].id, after.segments[i].frames);
    ASSERT_TRUE(need) << need.error().message;
    for (const bool needed : need->needed) {
      const Digest& digest = after.order[chunk++];
      asked += needed ? 1 : 0;
      if (needed) {
        ASSERT_TRUE(part->write_chunk(digest, after.chunks.at(digest)));
      }
    }
  }
  EXPECT_EQ(asked, 2u);
  EXPECT_EQ(content_of(finalized(*part)), edited);
}

TEST_F(PartChangeTest, StaleOldChunksAreNotBelieved) {
  Bytes content = pattern(40'000, 1);
  const MadeObject before = file_object(content);
  die_after_feeding(before, options(), every_chunk);
  content[0] ^= 1;
  const MadeObject after = file_object(content);
  die_after_feeding(after, options(), [](std::size_t) { return false; });
  ASSERT_TRUE(fs::exists(slot(options()) + ".old"));
  fs::remove_all(slot(options()));  // and the new chain is lost
  std::fstream file(slot(options()) + ".old/tree/data.part", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 3);
  file.write("stale", 5);
  file.close();
  {
    auto part = open(options());
    EXPECT_TRUE(part->resume_point().anything);
  }
  EXPECT_EQ(complete(after, options(), content), 2u);
}

TEST_F(PartChangeTest, DamagedOldChainIsOnlyNoHelp) {
  Bytes content = pattern(9000, 1);
  die_after_feeding(file_object(content), options(), every_chunk);
  content[0] ^= 1;
  const MadeObject after = file_object(content);
  die_after_feeding(after, options(), [](std::size_t) { return false; });
  fs::remove_all(slot(options()));
  put(slot(options()) + ".old/manifest.dcs", "nonsense");
  EXPECT_EQ(complete(after, options(), content), 3u);
  put(slot(options()) + ".old", "a file, even");
  fs::remove(at("name"));
  EXPECT_EQ(complete(after, options(), content), 3u);
}

TEST_F(PartChangeTest, SlotOfAnotherKindOrSenderIsAnotherSlot) {
  const Bytes content = pattern(9000, 1);
  const MadeObject object = file_object(content);
  die_after_feeding(object, options(), every_chunk);
  auto other = options();
  other.sender.bytes[31] = 1;
  EXPECT_NE(slot_name(other), slot_name(options()));
  EXPECT_NE(slot_name(options(ObjectKind::stream)), slot_name(options()));
  EXPECT_FALSE(open(other)->resume_point().anything);
  EXPECT_TRUE(open(options())->resume_point().anything);
}

}  // namespace
}  // namespace dcdn::store
