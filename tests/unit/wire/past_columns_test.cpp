#include <limits>

#include "unit/wire/column_fields.hpp"
#include "wire/frame.hpp"
#include "wire/record_columns.hpp"

namespace dcdn::wire {
namespace {

using samples::ColumnFields;
using samples::file;
using samples::whole;
using enum samples::Column;

void expect_refused(const ColumnFields& fields, std::string_view part_of_message, bool inside_file = false) {
  const auto parsed = parse_columns(fields.plain(), inside_file);
  ASSERT_FALSE(parsed) << part_of_message;
  EXPECT_EQ(parsed.error().code, Errc::corrupt) << parsed.error().message;
  EXPECT_NE(parsed.error().message.find(part_of_message), std::string::npos) << parsed.error().message;
}

// One file, whose size is not known beforehand, without items.
ColumnFields one_open_file() {
  ColumnFields fields = ColumnFields::of({file("f"), whole("")});
  fields.items = 0;
  return fields.set(kItems, {}).set(kEndSizes, {}).set(kEndDigests, {});
}

// What a chunk is compressed after is before it in its segment, and no more than a reader has to keep.
TEST(PastColumns, APastThatThereIsNotOrThatIsTooLong) {
  const auto after = [](std::uint64_t chunks_before, std::uint64_t past, std::uint32_t bytes) {
    ColumnFields fields = one_open_file();
    for (std::uint64_t i = 0; i < chunks_before; ++i)
      fields.item(2 + std::uint64_t{bytes}).byte(kCodecs, 0).digest(kDigests);
    return fields.item(2 + std::uint64_t{bytes})
        .byte(kCodecs, 3)
        .number(kPasts, past)
        .number(kCarriedSizes, 1)
        .digest(kDigests)
        .digest(kDigests);
  };
  const auto expect_fine = [](ColumnFields fields) {
    EXPECT_TRUE(parse_columns(fields.item(samples::kEndItem).number(kEndSizes, 0).digest(kEndDigests).plain(),
                              false));
  };
  expect_fine(after(1, 1, 10));
  expect_fine(after(63, 63, 10));
  expect_fine(after(100, 63, 10));
  expect_fine(after(1, 1, kMaxChunkContent));
  expect_refused(after(0, 1, 10), "after chunks that there are not");
  expect_refused(after(1, 0, 10), "after chunks that there are not");
  expect_refused(after(1, 2, 10), "after chunks that there are not");
  expect_refused(after(64, 64, 10), "after chunks that there are not");
  expect_refused(after(1, std::numeric_limits<std::uint64_t>::max(), 10), "after chunks that there are not");
  expect_refused(after(2, 2, kMaxChunkContent), "after more than the limit");
  // Another segment's chunks do not count, even those of a file that goes on here.
  ColumnFields inside;
  inside.item(12).byte(kCodecs, 3).number(kPasts, 1).number(kCarriedSizes, 1);
  inside.digest(kDigests).digest(kDigests);
  expect_refused(inside, "after chunks that there are not", true);
}

}  // namespace
}  // namespace dcdn::wire
