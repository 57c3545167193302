#include "dcdn/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>

#include "dcdn/result.hpp"

namespace dcdn {
namespace {

TEST(Error, ExitStatusFollowsTheTable) {
  struct Row {
    Errc code;
    int status;
    const char* name;
  };
  constexpr Row kRows[] = {
      {Errc::internal, 1, "internal"},
      {Errc::other, 1, "other"},
      {Errc::usage, 2, "usage"},
      {Errc::incomplete, 3, "incomplete"},
      {Errc::corrupt, 4, "corrupt"},
      {Errc::bad_signature, 4, "bad_signature"},
      {Errc::unsupported, 4, "unsupported"},
      {Errc::temporary, 5, "temporary"},
      {Errc::unreachable, 6, "unreachable"},
      {Errc::untrusted, 7, "untrusted"},
      {Errc::limit, 8, "limit"},
      {Errc::nothing, 9, "nothing"},
      {Errc::no_space, 10, "no_space"},
      {Errc::config, 11, "config"},
      {Errc::locked, 12, "locked"},
      {Errc::refused, 13, "refused"},
      {Errc::io, 14, "io"},
      {Errc::not_found, 14, "not_found"},
      {Errc::permission, 14, "permission"},
      {Errc::exists, 14, "exists"},
      {Errc::changed, 14, "changed"},
      {Errc::interrupted, 130, "interrupted"},
      {Errc::closed_pipe, 141, "closed_pipe"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(exit_status(row.code), row.status) << row.name;
    EXPECT_STREQ(name_of(row.code), row.name);
  }
}

TEST(Error, EveryCodeHasARowOfItsOwn) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(Errc::closed_pipe); ++code)
    EXPECT_TRUE(names.insert(name_of(static_cast<Errc>(code))).second) << code;
}

TEST(Error, AnUnknownCodeIsInternal) {
  EXPECT_EQ(exit_status(static_cast<Errc>(999)), 1);
  EXPECT_STREQ(name_of(static_cast<Errc>(999)), "internal");
}

TEST(ErrnoError, ChoosesTheCodeAndKeepsTheCause) {
  struct Row {
    int errnum;
    Errc code;
  };
  constexpr Row kRows[] = {{ENOSPC, Errc::no_space},   {EDQUOT, Errc::no_space},   {ENOENT, Errc::not_found},
                           {EACCES, Errc::permission}, {EPERM, Errc::permission},  {EROFS, Errc::permission},
                           {EEXIST, Errc::exists},     {EPIPE, Errc::closed_pipe}, {EIO, Errc::io},
                           {ECONNRESET, Errc::io},     {12345, Errc::io}};
  for (const Row& row : kRows) {
    const Error error = errno_error(row.errnum, "photos/a.jpg: open");
    EXPECT_EQ(error.code, row.code) << row.errnum;
    EXPECT_EQ(error.cause.value(), row.errnum);
    EXPECT_EQ(error.message.rfind("photos/a.jpg: open: ", 0), 0u) << error.message;
  }
}

TEST(Error, GathersWhereItHappenedAndTheWayOut) {
  const Error error =
      Error(Errc::corrupt, "too short").during("frame 3").with_hint("fetch it again").during("a.dcdn");
  EXPECT_EQ(error.message, "a.dcdn: frame 3: too short");
  EXPECT_EQ(error.hint, "fetch it again");
  EXPECT_EQ(error.code, Errc::corrupt);
}

Result<int> half(int value) {
  if (value % 2 != 0) return Error(Errc::usage, "odd");
  return value / 2;
}
Result<int> quarter(int value) {
  DCDN_TRY(const int once, half(value));
  DCDN_TRY(const int twice, half(once));
  return twice;
}
Result<void> must_be_even(int value) {
  DCDN_CHECK(Result<void>(half(value) ? Result<void>() : Result<void>(half(value).error())));
  return {};
}

TEST(Result, IsAValueOrAnError) {
  EXPECT_EQ(*quarter(12), 3);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_TRUE(must_be_even(2));
  EXPECT_FALSE(must_be_even(3));
}

TEST(Result, CarriesWhatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    DCDN_TRY(const std::unique_ptr<int> owned, make());
    return *owned;
  };
  EXPECT_EQ(*use(), 7);
}

}  // namespace
}  // namespace dcdn
