// The ledger alone: every limit, what is counted against it and when it is free again; and a PartObject that
// asks it.
#include "store/promise_ledger.hpp"

#include <sys/resource.h>

#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

namespace fs = std::filesystem;
using test::MadeObject;
using test::ObjectMaker;
using test::pattern;
using wire::ObjectKind;

wire::ChunkRecord chunk_of(std::uint32_t size, std::uint8_t name = 1) {
  wire::ChunkRecord chunk{wire::CodecId::raw, size, size, {}, {}};
  chunk.content.bytes[0] = chunk.carried.bytes[0] = name;
  return chunk;
}
wire::EntryBegin file_of(std::optional<std::uint64_t> size) {
  return {wire::EntryKind::file, "", 0644, 0, size, ""};
}

class PromiseLedgerTest : public test::ReceiveFixture {
 protected:
  void limit(const ReceiveLimits& limits, bool into_directory = true) {
    if (into_directory && !dir_) dir_ = *ReceiveDir::open(out());
    ledger_ = std::make_shared<PromiseLedger>(limits, into_directory ? dir_ : nullptr);
  }
  static Errc code(const Result<void>& result) { return result ? Errc::nothing : result.error().code; }
  /// The next segment of an object that has only these records.
  static Errc announce(ObjectPromise& promise, std::uint64_t index, std::vector<wire::Record> records) {
    wire::Segment segment;
    segment.index = index;
    segment.records = std::move(records);
    return code(promise.announce(segment, 100));
  }
  std::shared_ptr<PromiseLedger> ledger_;
};

TEST_F(PromiseLedgerTest, WithoutLimitsEverythingMayCome) {
  limit({}, false);
  const auto promise = ledger_->open();
  EXPECT_EQ(code(promise->offered(std::uint64_t{1} << 59, 0)), Errc::nothing);
  EXPECT_EQ(
      announce(*promise, 0, {file_of(std::uint64_t{1} << 58), wire::HoleRecord{std::uint64_t{1} << 58}}),
      Errc::nothing);
}

TEST_F(PromiseLedgerTest, AnObjectIsWhatWasToldOrWhatComesWhicheverIsMore) {
  limit({1'000'000, 0, 0}, false);
  const auto promise = ledger_->open();
  EXPECT_EQ(code(promise->offered(1'000'001, 0)), Errc::limit);
  EXPECT_EQ(code(promise->offered(0, 1'000'001)), Errc::limit) << "more is here already";
  EXPECT_EQ(code(promise->offered(10, 0)), Errc::nothing);
  EXPECT_EQ(announce(*promise, 0, {file_of(1'000'001)}), Errc::limit) << "by its entry";
  EXPECT_EQ(announce(*promise, 0, {file_of(1'000'000)}), Errc::nothing);
  EXPECT_EQ(announce(*promise, 1, {chunk_of(600'000), wire::HoleRecord{400'000}, wire::EntryEnd{}}),
            Errc::nothing);
  EXPECT_EQ(announce(*promise, 2, {file_of(1)}), Errc::limit);
  EXPECT_EQ(announce(*promise, 2, {file_of(std::nullopt), wire::HoleRecord{1}}), Errc::limit);
  EXPECT_EQ(announce(*promise, 1, {chunk_of(600'000)}), Errc::nothing) << "it was counted before";
}

TEST_F(PromiseLedgerTest, ARepeatedChunkCountsAsOftenAsItIsListed) {
  limit({1'000'000, 0, 0}, false);
  const auto promise = ledger_->open();
  std::vector<wire::Record> records{file_of(std::nullopt)};
  records.insert(records.end(), 400, chunk_of(1'000'000));
  EXPECT_EQ(announce(*promise, 0, records), Errc::limit);
  records.resize(2);
  EXPECT_EQ(announce(*promise, 0, records), Errc::nothing) << "what was refused does not count";
}

TEST_F(PromiseLedgerTest, HolesThatNobodyPromisedHaveACeiling) {
  limit({}, false);
  const auto promise = ledger_->open();
  const wire::HoleRecord half{kMostLooseHoles / 2};
  EXPECT_EQ(announce(*promise, 0, {file_of(std::nullopt), half, half}), Errc::nothing);
  EXPECT_EQ(announce(*promise, 1, {wire::HoleRecord{1}}), Errc::limit);
  limit({2 * kMostLooseHoles, 0, 0}, false);
  const auto allowed = ledger_->open();
  EXPECT_EQ(announce(*allowed, 0, {file_of(std::nullopt), half, half, half}), Errc::nothing)
      << "--max-object says so";
  EXPECT_EQ(announce(*allowed, 1, {wire::HoleRecord{std::uint64_t{1} << 58}}), Errc::limit);
}

TEST_F(PromiseLedgerTest, TheQuotaIsSharedByAllThatComesAtOnce) {
  limit({0, 10'000'000, 0});
  std::vector<std::shared_ptr<ObjectPromise>> promises;
  int taken = 0;
  for (int i = 0; i < 20; ++i) {
    promises.push_back(ledger_->open());
    if (code(promises.back()->offered(4'000'000, 0)) == Errc::nothing) {
      ++taken;
    } else {
      promises.pop_back();
    }
  }
  EXPECT_EQ(taken, 2);
  promises.pop_back();
  promises.push_back(ledger_->open());
  EXPECT_EQ(code(promises.back()->offered(4'000'000, 0)), Errc::nothing) << "given up is free again";
  EXPECT_EQ(announce(*promises.back(), 0, {file_of(std::nullopt), chunk_of(4'000'000), chunk_of(3'000'000)}),
            Errc::limit)
      << "more than was told";
}

TEST_F(PromiseLedgerTest, TheQuotaCountsWhatIsThere) {
  limit({0, 10'000, 0});
  put(at("old"), std::string(9'000, 'x'));
  const auto promise = ledger_->open();
  EXPECT_EQ(code(promise->offered(2'000, 0)), Errc::limit);
  EXPECT_EQ(announce(*promise, 0, {file_of(std::nullopt), chunk_of(2'000)}), Errc::limit);
  fs::remove(at("old"));
  EXPECT_EQ(announce(*promise, 0, {file_of(std::nullopt), chunk_of(2'000)}), Errc::nothing)
      << "it looks again before it refuses";
}

TEST_F(PromiseLedgerTest, TheDiskHasToHaveRoomForAllThatIsNotWritten) {
  limit({});
  const std::uint64_t free = dir_->room()->bytes;
  const auto one = ledger_->open();
  const auto other = ledger_->open();
  EXPECT_EQ(code(one->offered(free / 2, 0)), Errc::nothing);
  EXPECT_EQ(code(other->offered(free / 4 * 3, 0)), Errc::no_space);
  EXPECT_EQ(announce(*other, 0, {file_of(free / 4 * 3)}), Errc::no_space);
  limit({0, 0, free});
  EXPECT_EQ(code(ledger_->open()->offered(free / 2, 0)), Errc::no_space) << "--reserve";
}

TEST_F(PromiseLedgerTest, HolesOfAnOfferNeedNoRoomAndEverythingElseDoes) {
  limit({});
  const std::uint64_t free = dir_->room()->bytes;
  const std::uint64_t data = 1u << 20;
  const auto sparse = ledger_->open();
  EXPECT_EQ(code(sparse->offered(9 * free, 0)), Errc::no_space);
  EXPECT_EQ(code(sparse->offered(9 * free, 0, 9 * free - data)), Errc::nothing);
  EXPECT_EQ(announce(*sparse, 0, {file_of(9 * free), chunk_of(data)}), Errc::nothing)
      << "what the file's length tells is what the offer told";
  EXPECT_EQ(announce(*sparse, 1, {wire::HoleRecord{8 * free}}), Errc::nothing);
  const auto other = ledger_->open();
  EXPECT_EQ(code(other->offered(2 * free, 0, free / 4)), Errc::no_space);
  EXPECT_EQ(code(other->offered(free, 0, 2 * free)), Errc::nothing) << "no more holes than bytes";
  // Who lies about holes gets no further than the room there is: data is asked for when it is announced.
  const auto liar = ledger_->open();
  EXPECT_EQ(code(liar->offered(2 * free, 0, 2 * free)), Errc::nothing);
  std::vector<wire::Record> records{file_of(2 * free)};
  for (std::uint64_t sum = 0; sum < free + (64u << 20); sum += 1u << 30)
    records.push_back(chunk_of(1u << 30));
  EXPECT_EQ(announce(*liar, 0, records), Errc::no_space);
  limit({0, free, 0});
  EXPECT_EQ(code(ledger_->open()->offered(2 * free, 0, 2 * free)), Errc::limit) << "--quota counts lengths";
  limit({free, 0, 0});
  EXPECT_EQ(code(ledger_->open()->offered(2 * free, 0, 2 * free)), Errc::limit) << "--max-object as well";
}

TEST_F(PromiseLedgerTest, ChunksThatWaitAreBoundedInAllObjectsTogether) {
  limit({}, false);
  const auto one = ledger_->open();
  const auto other = ledger_->open();
  std::vector<wire::Record> records{file_of(std::nullopt)};
  records.insert(records.end(), kMostWaiting / 2, chunk_of(1));
  EXPECT_EQ(announce(*one, 0, records), Errc::nothing);
  EXPECT_EQ(announce(*other, 0, records), Errc::nothing);
  EXPECT_EQ(announce(*one, 1, {chunk_of(1)}), Errc::limit);
  other->written(1);
  EXPECT_EQ(announce(*one, 1, {chunk_of(1)}), Errc::nothing);
}

TEST_F(PromiseLedgerTest, WhatCostsMemoryWithoutContentIsBoundedToo) {
  limit({}, false);
  constexpr std::uint64_t kSegment = 1u << 16;
  const auto holes = ledger_->open();
  std::uint64_t index = 0;
  ASSERT_EQ(announce(*holes, index++, {file_of(std::nullopt)}), Errc::nothing);
  const std::vector<wire::Record> many_holes(kSegment, wire::HoleRecord{1});
  for (std::uint64_t i = 0; i < kMostHoles; i += kSegment)
    ASSERT_EQ(announce(*holes, index++, many_holes), Errc::nothing);
  EXPECT_EQ(announce(*holes, index, {wire::HoleRecord{1}}), Errc::limit);
  const auto bare = ledger_->open();
  const wire::EntryBegin folder{wire::EntryKind::directory, "a", 0755, 0, std::nullopt, ""};
  const std::vector<wire::Record> many_folders(kSegment, folder);
  index = 0;
  for (std::uint64_t i = kSegment; i < kMostBare; i += kSegment)
    ASSERT_EQ(announce(*bare, index++, many_folders), Errc::nothing);
  std::vector<wire::Record> empty_files;
  for (std::uint64_t i = 0; i < kSegment; ++i) {
    empty_files.emplace_back(file_of(0));
    empty_files.emplace_back(wire::EntryEnd{});
  }
  ASSERT_EQ(announce(*bare, index++, empty_files), Errc::nothing);
  EXPECT_EQ(announce(*bare, index, {folder}), Errc::limit);
}

// `files` files of `bytes` each in one chunk; their ends tell the ledger nothing.
std::vector<wire::Record> pack_of(std::uint64_t files, std::uint32_t bytes) {
  std::vector<wire::Record> records;
  for (std::uint64_t i = 0; i < files; ++i) {
    records.emplace_back(file_of(bytes));
    if (i == 0) records.emplace_back(chunk_of(static_cast<std::uint32_t>(files * bytes)));
  }
  return records;
}

// Less than a byte tells of one: so each has to have room, and an inode, until it is written.
TEST_F(PromiseLedgerTest, AFileInAPackCostsItsBlockUntilItIsWritten) {
  limit({});
  constexpr std::uint64_t kFiles = 100'000;
  const std::uint64_t free = dir_->room()->bytes;
  if (free < 2 * kFiles * kFileCost) GTEST_SKIP() << "the disk is nearly full";
  // Room for one such pack and not for two, whoever else writes meanwhile; their content is next to nothing.
  limit({0, 0, free - kFiles * kFileCost * 3 / 2});
  const auto one = ledger_->open();
  const auto other = ledger_->open();
  EXPECT_EQ(announce(*one, 0, pack_of(kFiles, 1)), Errc::nothing);
  EXPECT_EQ(announce(*other, 0, pack_of(kFiles, 1)), Errc::no_space);
  one->written(kFiles);
  EXPECT_EQ(announce(*other, 0, pack_of(kFiles, 1)), Errc::nothing) << "it takes the disk's room now";
  EXPECT_EQ(announce(*other, 1, pack_of(kFiles, 1)), Errc::no_space);
  other->restart();
  EXPECT_EQ(announce(*other, 0, pack_of(kFiles, 1)), Errc::nothing);
}

TEST_F(PromiseLedgerTest, FilesInPacksCountAsTheirContentForAnObjectAndTheQuota) {
  limit({1'000'000, 0, 0}, false);
  const auto promise = ledger_->open();
  EXPECT_EQ(announce(*promise, 0, pack_of(1000, 1000)), Errc::nothing);
  EXPECT_EQ(announce(*promise, 1, pack_of(2, 1)), Errc::limit);
  limit({0, 1'000'000, 0});
  EXPECT_EQ(announce(*ledger_->open(), 0, pack_of(1001, 1000)), Errc::limit);
  EXPECT_EQ(announce(*ledger_->open(), 0, pack_of(900, 1000)), Errc::nothing);
}

TEST_F(PromiseLedgerTest, FilesInPacksHaveACeilingAndNoneOfThemIsBare) {
  limit({}, false);
  const auto promise = ledger_->open();
  constexpr std::uint64_t kFiles = 16'000;
  const std::vector<wire::Record> records = pack_of(kFiles + 1, 1);
  std::uint64_t index = 0;
  // The first of a pack has a chunk of its own.
  for (std::uint64_t i = kFiles; i <= kMostPacked; i += kFiles)
    ASSERT_EQ(announce(*promise, index++, records), Errc::nothing);
  EXPECT_EQ(announce(*promise, index, pack_of(1 + kMostPacked % kFiles, 1)), Errc::nothing);
  EXPECT_EQ(announce(*promise, index + 1, pack_of(2, 1)), Errc::limit);
}

TEST_F(PromiseLedgerTest, AFileIsNoLongerThanTheSystemLets) {
  limit({});
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small { 1'000'000, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto promise = ledger_->open();
  const Errc two = announce(*promise, 0,
                            {file_of(600'000), chunk_of(600'000), wire::EntryEnd{}, file_of(600'000),
                             chunk_of(600'000), wire::EntryEnd{}});
  const Errc told = announce(*promise, 1, {file_of(1'000'001)});
  const Errc came = announce(*promise, 1, {file_of(std::nullopt), wire::HoleRecord{1'000'001}});
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(two, Errc::nothing);
  EXPECT_EQ(told, Errc::limit);
  EXPECT_EQ(came, Errc::limit);
}

TEST_F(PromiseLedgerTest, WhatComesOutOfOneIsBoundedTogether) {
  limit({1'000'000, 0, 0}, false);
  const auto together = std::make_shared<BytesTogether>();
  {
    const auto first = ledger_->open(together);
    EXPECT_EQ(announce(*first, 0, {file_of(std::nullopt), chunk_of(600'000)}), Errc::nothing);
  }
  const auto second = ledger_->open(together);
  EXPECT_EQ(announce(*second, 0, {file_of(std::nullopt), chunk_of(600'000)}), Errc::limit);
  EXPECT_EQ(announce(*second, 0, {file_of(std::nullopt), chunk_of(300'000)}), Errc::nothing);
}

// ---- with a staging folder

TEST_F(PromiseLedgerTest, OfWhatIsRefusedNothingStaysInStaging) {
  limit({20'000, 0, 0});
  const MadeObject object = test::file_object(pattern(40'000, 1));
  auto chosen = options();
  chosen.promise = ledger_->open();
  auto part = open(chosen);
  Errc last = Errc::nothing;
  for (const auto& made : object.segments) {
    const auto need = part->add_segment(made.segment, made.id, made.frames);
    if (!need) {
      last = need.error().code;
      EXPECT_NE(need.error().message.find("--max-object"), std::string::npos);
      break;
    }
    for (const auto& [digest, content] : object.chunks) ASSERT_TRUE(part->write_chunk(digest, content));
  }
  EXPECT_EQ(last, Errc::limit);
  EXPECT_FALSE(fs::exists(slot(chosen)));
  part.reset();
  EXPECT_FALSE(fs::exists(slot(chosen)));
}

// What is in the staging folder is not promised twice when it is taken up again.
TEST_F(PromiseLedgerTest, WhatWasTakenUpAgainCountsOnce) {
  const Bytes content = pattern(40'000, 1);
  const MadeObject object = test::file_object(content);
  die_after_feeding(object, options(), [](std::size_t chunk) { return chunk < 6; });
  limit({0, 50'000, 0});
  auto chosen = options();
  chosen.promise = ledger_->open();
  auto part = open(chosen);
  ASSERT_TRUE(chosen.promise->offered(content.size(), part->resume_point().bytes_done));
  feed(*part, object);
  EXPECT_TRUE(part->complete());
  const auto other = ledger_->open();
  EXPECT_EQ(code(other->offered(20'000, 0)), Errc::limit);
  EXPECT_EQ(content_of(finalized(*part)), content);
  part.reset();
  chosen.promise.reset();
  EXPECT_EQ(code(other->offered(20'000, 0)), Errc::limit) << "it is in the directory now";
  EXPECT_EQ(code(other->offered(5'000, 0)), Errc::nothing);
}

TEST_F(PromiseLedgerTest, AHoleOfAPetabyteCostsNothingAndIsThere) {
  limit({});
  ObjectMaker maker(ObjectKind::file);
  maker.begin_file("", 0644, 0, std::nullopt);
  maker.add(wire::HoleRecord{kMostLooseHoles});
  maker.end_file(kMostLooseHoles, digest::blake3({}));
  const MadeObject object = maker.finish();
  auto chosen = options();
  chosen.promise = ledger_->open();
  auto part = open(chosen);
  feed(*part, object);
  ASSERT_TRUE(part->complete());
  const auto path = part->finalize();
  if (!path && path.error().message.find("large") != std::string::npos) GTEST_SKIP() << "no such files here";
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(fs::file_size(*path), kMostLooseHoles);
}

TEST_F(PromiseLedgerTest, CheckingIsGivenUpWhenTheProcessEndsAndGoesOnLater) {
  const Bytes content = pattern(400'000, 1);
  const MadeObject object = test::file_object(content);
  die_after_feeding(object, options(), [](std::size_t chunk) { return chunk < 50; });
  bool stopping = true;
  auto chosen = options();
  chosen.stopped = [&] { return stopping; };
  auto part = open(chosen);
  feed(*part, object);
  const auto path = part->finalize();  // what a process before this one wrote is read again
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, Errc::interrupted);
  stopping = false;
  EXPECT_EQ(content_of(finalized(*part)), content);
}

}  // namespace
}  // namespace dcdn::store
