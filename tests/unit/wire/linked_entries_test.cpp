// What ManifestChecker says of hard links, and of owners and attributes.
#include "unit/wire/wire_samples.hpp"
#include "wire/manifest.hpp"

namespace dcdn::wire {
namespace {

using samples::directory;
using samples::file;
using samples::hard_link;
using samples::raw_chunk;
using samples::whole;
using Records = std::vector<Record>;

Digest id_of(const Segment& segment) {
  return segment_id(samples::plain_body(segment));
}

Result<void> check(ObjectKind kind, Records records) {
  Segment segment;
  segment.final = true;
  segment.object = ObjectHeader{kind, "name", false};
  segment.records = std::move(records);
  return ManifestChecker().add(segment, id_of(segment));
}

void expect_refused(ObjectKind kind, Records records, std::string_view part_of_message) {
  const auto checked = check(kind, std::move(records));
  ASSERT_FALSE(checked) << part_of_message;
  EXPECT_EQ(checked.error().code, Errc::corrupt);
  EXPECT_NE(checked.error().message.find(part_of_message), std::string::npos) << checked.error().message;
}

TEST(LinkedEntries, AHardLinkNamesAFileBeforeIt) {
  const Records two{file("a", 0), whole(""), directory("b"), file("b/c", 2), raw_chunk("hi"), whole("hi")};
  const auto then = [&](std::initializer_list<Record> more) {
    Records records = two;
    records.insert(records.end(), more);
    return records;
  };
  EXPECT_TRUE(check(ObjectKind::tree, then({hard_link("d", 2, 1), hard_link("e", 0, 2)})));
  // A link is no file: counting passes over it, so none can name another.
  EXPECT_TRUE(check(ObjectKind::tree, then({hard_link("d", 2, 1), hard_link("e", 2, 1)})));
  const char* said = "a file that does not come before it";
  expect_refused(ObjectKind::tree, then({hard_link("d", 2, 0)}), said);
  expect_refused(ObjectKind::tree, then({hard_link("d", 2, 3)}), said);
  expect_refused(ObjectKind::tree, then({hard_link("d", 2, 1), hard_link("e", 2, 3)}), said);
  expect_refused(ObjectKind::tree, then({hard_link("d", 2, ~std::uint64_t{0})}), said);
  expect_refused(ObjectKind::tree, {hard_link("a", 0, 1)}, said);
  expect_refused(ObjectKind::tree, {hard_link("a", 0, 1), file("b", 0), whole("")}, said);
  EXPECT_TRUE(check(ObjectKind::tree, then({hard_link("b/d", 2, 1)})));
}

TEST(LinkedEntries, AHardLinkIsAnEntryLikeOthers) {
  const Records one{file("b", 0), whole("")};
  const auto then = [&](std::initializer_list<Record> more) {
    Records records = one;
    records.insert(records.end(), more);
    return records;
  };
  expect_refused(ObjectKind::tree, then({hard_link("a", 0)}), "out of order");
  expect_refused(ObjectKind::tree, then({hard_link("b", 0)}), "out of order");
  expect_refused(ObjectKind::tree, then({hard_link("c", 0), file("c/d", 0), whole("")}), "not a directory");
  expect_refused(ObjectKind::tree, then({hard_link("c", 0), raw_chunk("x")}), "outside a file");
  expect_refused(ObjectKind::tree, {file("a"), hard_link("b", 0)}, "starts inside another");
  for (const ObjectKind kind : {ObjectKind::file, ObjectKind::stream})
    expect_refused(kind, {hard_link("", 0)}, "not a file");
  // It may become a copy.
  expect_refused(ObjectKind::tree, then({hard_link("c", kMaxObjectBytes), hard_link("d", 1)}),
                 "longer than the limit");
}

TEST(LinkedEntries, HardLinksReachBackOverSegments) {
  std::vector<Segment> chain(3);
  chain[0].object = ObjectHeader{ObjectKind::tree, "t", false};
  chain[0].records = {file("a", 1), raw_chunk("x"), whole("x")};
  chain[1].records = {file("b", 2),         raw_chunk("abcd"), samples::in_pack(2),
                      hard_link("c", 1, 2), file("d", 2),      samples::in_pack(2)};
  chain[2].records = {hard_link("e", 1, 3)};
  samples::link_chain(chain);
  ManifestChecker checker;
  for (const Segment& segment : chain) ASSERT_TRUE(checker.add(segment, id_of(segment)));
  chain[2].records = {hard_link("e", 1, 4)};
  ManifestChecker other;
  ASSERT_TRUE(other.add(chain[0], id_of(chain[0])));
  ASSERT_TRUE(other.add(chain[1], id_of(chain[1])));
  EXPECT_FALSE(other.add(chain[2], id_of(chain[2])));
}

TEST(LinkedEntries, AStreamHasNoExtras) {
  EntryBegin entry;
  entry.size = 0;
  entry.extras = samples::owned(directory("d")).extras;
  const EntryEnd end = whole("");
  expect_refused(ObjectKind::stream, {entry, end}, "owner or attributes");
  EXPECT_TRUE(check(ObjectKind::file, {entry, end}));
}

}  // namespace
}  // namespace dcdn::wire
