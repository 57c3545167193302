#include "store/part_object.hpp"

#include <iterator>
#include <numeric>

#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::file_object;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wire::ObjectKind;

class PartObjectTest : public test::ReceiveFixture {};

TEST_F(PartObjectTest, FileArrivesWithContentModeAndTime) {
  const Bytes content = pattern(50'000, 1);
  ObjectMaker maker(ObjectKind::file);
  maker.file("", content, 0640, 1'600'000'000'123'456'789);
  EXPECT_EQ(receive(maker.finish(), options()), at("name"));
  EXPECT_EQ(content_of(at("name")), content);
  EXPECT_EQ(mode_of(at("name")), 0640u);
  EXPECT_EQ(mtime_of(at("name")), 1'600'000'000'123'456'789);
  dir_.reset();
  EXPECT_FALSE(fs::exists(at(".dcdn-part")));  // nothing is left lying about
}

TEST_F(PartObjectTest, InterestingLengthsInAnyOrder) {
  for (const std::size_t size : {0, 1, 4095, 4096, 4097, 16384, 16385, 100'000}) {
    const Bytes content = pattern(size, size);
    for (const bool backwards : {false, true}) {
      const MadeObject object = file_object(content);
      auto part = open(options(ObjectKind::file, std::to_string(size) + (backwards ? "b" : "f")));
      feed(*part, object, [](std::size_t) { return false; });
      for (std::size_t i = 0; i < object.order.size(); ++i) {
        const Digest& digest = object.order[backwards ? object.order.size() - 1 - i : i];
        EXPECT_EQ(*part->write_chunk(digest, object.chunks.at(digest)), object.chunks.at(digest).size());
      }
      EXPECT_EQ(part->bytes_done(), size);
      EXPECT_EQ(content_of(finalized(*part)), content);
    }
  }
}

TEST_F(PartObjectTest, StreamHasItsOwnTime) {
  const Bytes content = pattern(10'000, 3);
  ObjectMaker maker(ObjectKind::stream);
  maker.begin_file("", 0644, 0, std::nullopt);
  for (std::size_t i = 0; i < content.size(); i += 1000) maker.add_piece(ByteView(content).subspan(i, 1000));
  maker.end_file(content.size(), digest::blake3(content));
  receive(maker.finish(), options(ObjectKind::stream));
  EXPECT_EQ(content_of(at("name")), content);
  EXPECT_GT(mtime_of(at("name")), 1'600'000'000'000'000'000);
}

TEST_F(PartObjectTest, TreeArrivesWhole) {
  const Bytes big = pattern(30'000, 4);
  ObjectMaker maker(ObjectKind::tree);
  maker.directory("a", 0750, 11'000'000'000)
      .directory("a/b", 0500, 12'000'000'000)
      .file("a/b/big", big, 0400, -1'500'000'000)
      .file("a/b/none", {}, 0604)
      .directory("a/empty", 0711)
      .link("a/link", "b/big")
      .link("up", "a/../nothing")
      .file("z", as_bytes("zz"), 06755);
  auto chosen = options(ObjectKind::tree);
  chosen.allow_unsafe_links = true;
  chosen.fsync = true;
  receive(maker.finish(), chosen);
  EXPECT_EQ(content_of(at("name/a/b/big")), big);
  EXPECT_EQ(content_of(at("name/a/b/none")), Bytes());
  EXPECT_EQ(content_of(at("name/z")), Bytes({'z', 'z'}));
  EXPECT_EQ(fs::read_symlink(at("name/a/link")), "b/big");
  EXPECT_EQ(mtime_of(at("name/a/link")), 7'000'000'000);
  EXPECT_EQ(mode_of(at("name/a")), 0750u);
  EXPECT_EQ(mode_of(at("name/a/b")), 0500u);
  EXPECT_EQ(mode_of(at("name/a/b/big")), 0400u);
  EXPECT_EQ(mode_of(at("name/a/b/none")), 0604u);
  EXPECT_EQ(mode_of(at("name/a/empty")), 0711u);
  EXPECT_EQ(mode_of(at("name/z")), 0755u);  // set-user-id and set-group-id are not a sender's to give
  EXPECT_EQ(mtime_of(at("name/a/b/big")), -1'500'000'000);
  EXPECT_EQ(mtime_of(at("name/a")), 11'000'000'000);
  EXPECT_EQ(mtime_of(at("name/a/b")), 12'000'000'000);
}

TEST_F(PartObjectTest, EmptyTree) {
  receive(ObjectMaker(ObjectKind::tree).finish(), options(ObjectKind::tree));
  EXPECT_TRUE(fs::is_directory(at("name")));
  EXPECT_TRUE(fs::is_empty(at("name")));
}

TEST_F(PartObjectTest, UmaskDecidesUnlessModesArePreserved) {
  const mode_t before = ::umask(027);
  ObjectMaker maker(ObjectKind::tree);
  maker.directory("d", 0777).file("d/f", as_bytes("x"), 0666);
  auto chosen = options(ObjectKind::tree);
  chosen.preserve_modes = false;
  receive(maker.finish(), chosen);
  ::umask(before);
  EXPECT_EQ(mode_of(at("name")), 0750u);
  EXPECT_EQ(mode_of(at("name/d")), 0750u);
  EXPECT_EQ(mode_of(at("name/d/f")), 0640u);
}

TEST_F(PartObjectTest, HolesStayHoles) {
  constexpr std::size_t kMiB = 1u << 20;
  Bytes content(20 * kMiB, 0);
  const Bytes data = pattern(kMiB, 9);
  std::copy(data.begin(), data.end(), content.begin() + 4 * kMiB);
  const MadeObject object = file_object(content, kMiB);
  ASSERT_EQ(object.order.size(), 1u);
  receive(object, options());
  EXPECT_EQ(content_of(at("name")), content);
  struct stat info {};
  ASSERT_EQ(::stat(at("name").c_str(), &info), 0);
  EXPECT_LT(info.st_blocks * 512, static_cast<blkcnt_t>(3 * kMiB));
}

TEST_F(PartObjectTest, FileOfNothingButAHole) {
  const Bytes content(100'000, 0);
  const MadeObject object = file_object(content);
  auto part = open(options());
  EXPECT_EQ(feed(*part, object), 0u);
  EXPECT_EQ(part->bytes_done(), content.size());
  EXPECT_EQ(content_of(finalized(*part)), content);
}

TEST_F(PartObjectTest, EqualChunksAreAskedForOnceAndWrittenEverywhere) {
  const Bytes chunk = pattern(4096, 5);
  Bytes content;
  for (int i = 0; i < 10; ++i) content.insert(content.end(), chunk.begin(), chunk.end());
  ObjectMaker maker(ObjectKind::tree);
  maker.file("a", content).file("b", content);
  const MadeObject object = maker.finish();
  ASSERT_GT(object.segments.size(), 4u);
  {
    auto part = open(options(ObjectKind::tree));  // all segments first
    EXPECT_EQ(feed(*part, object, [](std::size_t) { return false; }), 1u);
    EXPECT_EQ(*part->write_chunk(object.order[0], Buffer::copy_of(chunk)), 20 * 4096u);
    EXPECT_EQ(*part->write_chunk(object.order[0], Buffer::copy_of(chunk)), 0u);
    EXPECT_TRUE(part->complete());
    finalized(*part);
  }
  EXPECT_EQ(content_of(at("name/a")), content);
  EXPECT_EQ(content_of(at("name/b")), content);
  {
    auto part = open(options(ObjectKind::tree, "two"));  // the chunk before the later segments
    EXPECT_EQ(feed(*part, object), 1u);
    finalized(*part);
  }
  EXPECT_EQ(content_of(at("two/b")), content);
}

TEST_F(PartObjectTest, SameCarriedBytesWithTwoMeaningsAreTwoChunks) {
  // What travels for one chunk compressed may be the content of another, raw.
  const Bytes plain = pattern(5000, 6);
  const Bytes packed = pattern(4096, 7);
  ObjectMaker maker(ObjectKind::tree);
  maker.begin_file("a", 0644, 0, std::nullopt);
  maker.add(
      wire::ChunkRecord{wire::CodecId::zstd, 5000, 4096, digest::blake3(plain), digest::blake3(packed)});
  maker.end_file(5000, digest::blake3(plain));
  maker.begin_file("b", 0644, 0, std::nullopt);
  maker.add(
      wire::ChunkRecord{wire::CodecId::raw, 4096, 4096, digest::blake3(packed), digest::blake3(packed)});
  maker.end_file(4096, digest::blake3(packed));
  const MadeObject object = maker.finish();
  auto part = open(options(ObjectKind::tree));
  const auto& made = object.segments[0];
  EXPECT_THAT(part->add_segment(made.segment, made.id, made.frames)->needed, ElementsAre(true, true));
  for (int i = 0; i < 2; ++i) {
    const auto record = part->wanted(digest::blake3(packed));
    ASSERT_TRUE(record);
    const Bytes& content = record->codec == wire::CodecId::raw ? packed : plain;
    EXPECT_EQ(*part->write_chunk(digest::blake3(packed), Buffer::copy_of(content)), content.size());
  }
  finalized(*part);
  EXPECT_EQ(content_of(at("name/a")), plain);
  EXPECT_EQ(content_of(at("name/b")), packed);
}

TEST_F(PartObjectTest, ChunkOfTheWrongLengthIsRefused) {
  const MadeObject object = file_object(pattern(4096, 1));
  auto part = open(options());
  feed(*part, object, [](std::size_t) { return false; });
  EXPECT_EQ(part->write_chunk(object.order[0], Buffer::allocate(4095)).error().code, Errc::corrupt);
  EXPECT_EQ(*part->write_chunk(digest::blake3(as_bytes("unknown")), Buffer::allocate(4096)), 0u);
  EXPECT_FALSE(part->wanted(digest::blake3(as_bytes("unknown"))));
  EXPECT_EQ(part->finalize().error().code, Errc::incomplete);
}

TEST_F(PartObjectTest, ChainsThatNoHonestSenderMakesAreRefused) {
  const MadeObject object = file_object(pattern(40'000, 1));
  auto part = open(options());
  const auto& second = object.segments[1];
  EXPECT_EQ(part->add_segment(second.segment, second.id, second.frames).error().code, Errc::corrupt);
  auto tree = ObjectMaker(ObjectKind::tree).finish().segments[0];
  EXPECT_EQ(part->add_segment(tree.segment, tree.id, tree.frames).error().code, Errc::corrupt);
  feed(*part, object);  // neither left a trace
  finalized(*part);
}

TEST_F(PartObjectTest, ManyFilesDoNotNeedManyDescriptors) {
  ObjectMaker maker(ObjectKind::tree, 4096, 64);
  for (int d = 0; d < 20; ++d) {
    const std::string directory = "d" + std::to_string(100 + d);
    maker.directory(directory);
    for (int f = 0; f < 50; ++f)
      maker.file(directory + "/f" + std::to_string(100 + f), pattern(300, d * 50 + f));
  }
  const MadeObject object = maker.finish();
  auto part = open(options(ObjectKind::tree));
  feed(*part, object);
  const auto descriptors = std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  EXPECT_LT(descriptors, 64);
  finalized(*part);
  EXPECT_EQ(content_of(at("name/d119/f149")), pattern(300, 999));
}

TEST_F(PartObjectTest, CheckpointMarksWhatIsOnDisk) {
  const MadeObject object = file_object(pattern(40'000, 1));
  auto chosen = options();
  chosen.fsync = true;
  auto part = open(chosen);
  feed(*part, object, [](std::size_t chunk) { return chunk % 3 != 1; });
  EXPECT_EQ(content_of(slot(chosen) + "/have.map"), Bytes({1, 0, 1, 1, 0, 1, 1, 0, 1, 1}));
  ASSERT_TRUE(part->checkpoint());
  EXPECT_EQ(content_of(slot(chosen) + "/have.map"), Bytes({2, 0, 2, 2, 0, 2, 2, 0, 2, 2}));
  feed(*part, object, [](std::size_t chunk) { return chunk == 4; });
  EXPECT_EQ(content_of(slot(chosen) + "/have.map"), Bytes({2, 0, 2, 2, 1, 2, 2, 0, 2, 2}));
}

TEST_F(PartObjectTest, DiscardForgetsEverything) {
  const MadeObject object = file_object(pattern(40'000, 1));
  auto part = open(options());
  feed(*part, object, [](std::size_t chunk) { return chunk < 3; });
  ASSERT_TRUE(part->discard());
  EXPECT_FALSE(fs::exists(slot(options())));
  EXPECT_FALSE(
      part->add_segment(object.segments[0].segment, object.segments[0].id, object.segments[0].frames));
  EXPECT_FALSE(part->write_chunk(object.order[0], object.chunks.at(object.order[0])));
  EXPECT_FALSE(part->finalize());
  EXPECT_FALSE(part->complete());
  part.reset();
  part = open(options());
  EXPECT_FALSE(part->resume_point().anything);
}

TEST_F(PartObjectTest, OpeningWithoutReceivingLeavesNothing) {
  { auto part = open(options()); }
  dir_.reset();
  EXPECT_TRUE(fs::is_empty(out()));
}

TEST_F(PartObjectTest, NamesThatAreNotAllowed) {
  for (const char* name : {"", ".", "..", "a/b", "/etc/passwd", ".dcdn-part"}) {
    EXPECT_FALSE(try_open(options(ObjectKind::file, name))) << name;
  }
  EXPECT_FALSE(try_open(options(ObjectKind::file, std::string("a\0b", 3))));
  EXPECT_FALSE(try_open(options(ObjectKind::file, std::string(256, 'n'))));
}

TEST_F(PartObjectTest, PlanHandsBackWhatItsSenderMeant) {
  ObjectMaker maker(ObjectKind::tree, 8192, 4);
  maker.file("a", pattern(8192 * 9 + 5, 1));
  maker.pack({{"b", pattern(100, 2)}, {"c", pattern(70'000, 3)}});
  maker.chunk_bytes(16384).file("g", pattern(16384 * 8, 100));
  auto part = open(options(ObjectKind::tree));
  feed(*part, maker.finish());
  const auto plan = part->resume_point().plan;
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[0], (message::ChunkPlanStep{0, 8192}));
  EXPECT_EQ(plan[1].chunk_content, 16384u);
}

TEST_F(PartObjectTest, PlanOfATreeOfSmallFilesIsShort) {
  ObjectMaker maker(ObjectKind::tree, 1u << 20, 2);
  for (int i = 0; i < 300; ++i) maker.file("f" + std::to_string(1000 + i), pattern(10 + 7919 * i % 4000, i));
  auto part = open(options(ObjectKind::tree));
  feed(*part, maker.finish());
  EXPECT_THAT(part->resume_point().plan, ElementsAre(message::ChunkPlanStep{0, 1u << 20}));
}

}  // namespace
}  // namespace dcdn::store
