// What a PartObject makes of the slot a dead process left: whole, cut short, of another boot, or of another
// version.
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
using ::testing::HasSubstr;
using wire::ObjectKind;

class PartResumeTest : public test::ReceiveFixture {};

TEST_F(PartResumeTest, EveryDeathLosesNothing) {
  const Bytes content = pattern(40'000, 1);
  const MadeObject object = file_object(content);
  for (std::size_t n = 0; n < object.order.size(); ++n) {
    // Chunks come in a wild order, one to a process.
    die_after_feeding(object, options(), [&](std::size_t chunk) { return chunk == n * 7 % 10; });
    auto part = open(options());
    EXPECT_EQ(feed(*part, object, [](std::size_t) { return false; }), object.order.size() - n - 1);
  }
  EXPECT_EQ(complete(object, options(), content), 0u);
}

TEST_F(PartResumeTest, ResumePointCountsLeadingSegments) {
  const Bytes content = pattern(40'000, 1);  // ten chunks in segments of four
  const MadeObject object = file_object(content);
  die_after_feeding(object, options(), [](std::size_t chunk) { return chunk != 6; });
  const auto manifest_bytes = fs::file_size(slot(options()) + "/manifest.dcs");
  auto part = open(options());
  const ResumePoint point = part->resume_point();
  EXPECT_TRUE(point.anything);
  EXPECT_EQ(point.segments_done, 1u);
  EXPECT_EQ(point.last_segment, object.segments[0].id);
  EXPECT_EQ(point.bytes_done, content.size() - 4096);
  ASSERT_EQ(point.plan.size(), 1u);
  EXPECT_EQ(point.plan[0], (message::ChunkPlanStep{0, 4096}));
  for (std::size_t i = 1; i < object.segments.size(); ++i) {  // a sender goes on where it was told
    const auto need =
        part->add_segment(object.segments[i].segment, object.segments[i].id, object.segments[i].frames);
    ASSERT_TRUE(need);
    EXPECT_EQ(need->any, i == 1);
  }
  EXPECT_EQ(fs::file_size(slot(options()) + "/manifest.dcs"), manifest_bytes);
  EXPECT_EQ(*part->write_chunk(object.order[6], object.chunks.at(object.order[6])), 4096u);
  EXPECT_EQ(part->segments_done(), object.segments.size());
  EXPECT_EQ(content_of(finalized(*part)), content);
}

TEST_F(PartResumeTest, ManifestCutAnywhere) {
  const Bytes content = pattern(9000, 2);
  const MadeObject object = file_object(content, 4096, 1);
  die_after_feeding(object, options(), every_chunk);
  keep_copy(options());
  const std::size_t whole = fs::file_size(slot(options()) + "/manifest.dcs");
  for (std::size_t size = 0; size <= whole; ++size) {
    put_back(options());
    set_size(slot(options()) + "/manifest.dcs", size);
    const std::size_t asked = complete(object, options(), content);
    EXPECT_LE(asked, 3u) << size;
    if (size == whole) {
      EXPECT_EQ(asked, 0u);
    }
  }
}

TEST_F(PartResumeTest, ManifestDamagedAnywhere) {
  const Bytes content = pattern(9000, 2);
  const MadeObject object = file_object(content, 4096, 1);
  die_after_feeding(object, options(), every_chunk);
  keep_copy(options());
  const Bytes manifest = content_of(slot(options()) + "/manifest.dcs");
  for (std::size_t place = 0; place < manifest.size();
       place += 3) {  // a sample, for time; header and body checks cover all
    put_back(options());
    std::string damaged(manifest.begin(), manifest.end());
    damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
    put(slot(options()) + "/manifest.dcs", damaged);
    complete(object, options(), content);
  }
}

TEST_F(PartResumeTest, MapCutOrFullOfNonsense) {
  const Bytes content = pattern(30'000, 2);
  const MadeObject object = file_object(content);
  die_after_feeding(object, options(), every_chunk);
  keep_copy(options());
  const std::size_t chunks = object.order.size();
  for (std::size_t size = 0; size <= chunks; ++size) {
    put_back(options());
    set_size(slot(options()) + "/have.map", size);
    EXPECT_EQ(complete(object, options(), content), chunks - size);
  }
  put_back(options());
  set_size(slot(options()) + "/have.map", 1000);
  EXPECT_EQ(complete(object, options(), content), 0u);
  put_back(options());
  put(slot(options()) + "/have.map", std::string(chunks, '\xFF'));
  EXPECT_EQ(complete(object, options(), content), chunks);
}

TEST_F(PartResumeTest, AfterAnotherBootOnesAreHashedAndTwosAreBelieved) {
  const Bytes content = pattern(40'000, 1);
  const MadeObject object = file_object(content);
  auto chosen = options();
  chosen.fsync = true;
  die_after_feeding(
      object, chosen, [](std::size_t chunk) { return chunk < 2; }, true);
  die_after_feeding(object, chosen, [](std::size_t chunk) { return chunk < 5; });
  EXPECT_EQ(content_of(slot(chosen) + "/have.map"), Bytes({2, 2, 1, 1, 1, 0, 0, 0, 0, 0}));
  put(slot(chosen) + "/boot_id", "00000000-0000-0000-0000-000000000000\n");
  std::fstream file(slot(chosen) + "/tree/data.part", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(3 * 4096 + 17);  // what a power cut may leave: a block that never reached the disk
  file.write("\0\0\0\0\0\0\0\0", 8);
  file.close();
  {
    auto part = open(chosen);
    EXPECT_EQ(content_of(slot(chosen) + "/have.map"), Bytes({2, 2, 1, 0, 1, 0, 0, 0, 0, 0}));
    EXPECT_NE(content_of(slot(chosen) + "/boot_id")[0], '0');
  }
  EXPECT_EQ(complete(object, chosen, content), 6u);
}

TEST_F(PartResumeTest, ChunksWhoseFileIsGoneOrShortAreMissing) {
  const Bytes content = pattern(40'000, 1);
  const MadeObject object = file_object(content);
  die_after_feeding(object, options(), every_chunk);
  keep_copy(options());
  set_size(slot(options()) + "/tree/data.part", 3 * 4096 + 5);
  EXPECT_EQ(complete(object, options(), content), 7u);
  put_back(options());
  fs::remove(slot(options()) + "/tree/data.part");
  EXPECT_EQ(complete(object, options(), content), 10u);
  put_back(options());
  fs::remove_all(slot(options()) + "/tree");
  EXPECT_EQ(complete(object, options(), content), 10u);
}

TEST_F(PartResumeTest, DamageBetweenProcessesIsFoundAtTheEndAndAskedForAgain) {
  const Bytes content = pattern(20'000, 1);
  ObjectMaker maker(ObjectKind::tree);
  maker.file("bad", content).file("good", pattern(20'000, 2));
  const MadeObject object = maker.finish();
  const auto chosen = options(ObjectKind::tree);
  die_after_feeding(object, chosen, [](std::size_t chunk) { return chunk != 7; });
  std::fstream file(slot(chosen) + "/tree/bad", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(9000);
  file.write("damage", 6);
  file.close();
  auto part = open(chosen);
  EXPECT_EQ(feed(*part, object), 1u);
  const auto failed = part->finalize();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::corrupt);
  EXPECT_THAT(failed.error().message, HasSubstr("name/bad"));
  EXPECT_FALSE(part->complete());
  EXPECT_FALSE(fs::exists(at("name")));
  EXPECT_EQ(part->segments_done(), 0u);
  EXPECT_EQ(feed(*part, object), 5u);  // of the bad file only
  finalized(*part);
  EXPECT_EQ(content_of(at("name/bad")), content);
}

// Also of a file whose one chunk tells its digest.
TEST_F(PartResumeTest, DamageOfAFileOfOneChunkIsFoundAtTheEndAsWell) {
  const Bytes content = pattern(4000, 1);
  ObjectMaker maker(ObjectKind::tree);
  maker.file("bad", content).file("good", pattern(4000, 2));
  const MadeObject object = maker.finish();
  const auto chosen = options(ObjectKind::tree);
  die_after_feeding(object, chosen, every_chunk);
  Bytes damaged = content;
  damaged[17] ^= 1;
  put(slot(chosen) + "/tree/bad", std::string(damaged.begin(), damaged.end()));
  auto part = open(chosen);
  EXPECT_EQ(feed(*part, object), 0u);
  const auto failed = part->finalize();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::corrupt);
  EXPECT_THAT(failed.error().message, HasSubstr("name/bad"));
  EXPECT_EQ(feed(*part, object), 1u);
  finalized(*part);
  EXPECT_EQ(content_of(at("name/bad")), content);
}

TEST_F(PartResumeTest, FileDigestThatIsALieNeverGetsAName) {
  ObjectMaker maker(ObjectKind::tree);
  maker.file("a\x1b[2J", pattern(20'000, 1), 0644, 0, true).file("one chunk", pattern(100, 1));
  maker.file("zero", {});
  const MadeObject object = maker.finish();
  auto part = open(options(ObjectKind::tree));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(feed(*part, object), i == 0 ? 6u : 5u);
    const auto failed = part->finalize();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::corrupt);
    EXPECT_EQ(failed.error().message.find('\x1b'), std::string::npos);
  }
  EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace dcdn::store
