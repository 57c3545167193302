// The last check of an object, a slice at a time: of what a process before this one wrote.
#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

using test::every_chunk;
using test::file_object;
using test::MadeObject;
using test::pattern;

class PartCheckTest : public test::ReceiveFixture {
 protected:
  /// Slices until it has ended.
  static Result<int> check(PartObject& part, std::uint64_t bytes) {
    for (int slices = 1;; ++slices) {
      DCDN_TRY(const bool done, part.check_some(bytes));
      if (done) return slices;
    }
  }
};

TEST_F(PartCheckTest, ALargeFileIsReadAgainInManySlices) {
  const Bytes content = pattern(8'000'000, 1);
  const MadeObject object = file_object(content, 65536, 64);
  die_after_feeding(object, options(), every_chunk);
  auto part = open(options());
  feed(*part, object);
  const auto slices = check(*part, 1'000'000);
  ASSERT_TRUE(slices) << slices.error().message;
  EXPECT_GT(*slices, 4);
  EXPECT_TRUE(*part->check_some(1)) << "once is enough";
  EXPECT_EQ(content_of(finalized(*part)), content);
}

TEST_F(PartCheckTest, WhatIsWrongIsFoundInWhicheverSlice) {
  const Bytes content = pattern(4'000'000, 1);
  const MadeObject object = file_object(content, 65536, 64);
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{2'000'000}, content.size() - 1}) {
    die_after_feeding(object, options(), every_chunk);
    std::fstream file(slot(options()) + "/tree/data.part", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(wrong));
    file.put(static_cast<char>(content[wrong] ^ 1));
    file.close();
    auto part = open(options());
    feed(*part, object);
    const auto slices = check(*part, 500'000);
    ASSERT_FALSE(slices) << wrong;
    EXPECT_EQ(slices.error().code, Errc::corrupt);
    EXPECT_FALSE(part->complete());
    feed(*part, object);
    EXPECT_TRUE(check(*part, 500'000)) << "they came once more";
    ASSERT_TRUE(part->discard());
  }
}

TEST_F(PartCheckTest, OfWhatIsNotCompleteNothingIsChecked) {
  const MadeObject object = file_object(pattern(40'000, 1));
  auto part = open(options());
  EXPECT_TRUE(*part->check_some(1));
  feed(*part, object, [](std::size_t chunk) { return chunk > 0; });
  EXPECT_TRUE(*part->check_some(1));
  EXPECT_FALSE(part->finalize());
}

}  // namespace
}  // namespace dcdn::store
