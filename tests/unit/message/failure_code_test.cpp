#include <set>

#include "message/session_message.hpp"
#include "unit/wire/wire_samples.hpp"

namespace dcdn::message {

using namespace wire;  // the format that messages are made of
namespace {

// The table of dcdn-session(5), FAILURE CODES, written out again: a number may never change its meaning.
constexpr std::pair<std::uint32_t, const char*> kTable[] = {
    {1, "internal"},      {2, "other"},        {3, "usage"},        {4, "incomplete"},  {5, "corrupt"},
    {6, "bad_signature"}, {7, "unsupported"},  {8, "temporary"},    {9, "unreachable"}, {10, "untrusted"},
    {11, "limit"},        {12, "nothing"},     {13, "no_space"},    {14, "config"},     {15, "locked"},
    {16, "refused"},      {17, "io"},          {18, "not_found"},   {19, "permission"}, {20, "exists"},
    {21, "changed"},      {22, "interrupted"}, {23, "closed_pipe"}, {24, "partial"},
};

TEST(FailureCode, NumbersAreThoseOfTheManual) {
  for (const auto& [number, name] : kTable) {
    EXPECT_STREQ(name_of(code_of_number(number)), name);
    EXPECT_EQ(code_number(code_of_number(number)), number);
  }
}

TEST(FailureCode, EveryErrcHasANumberOfItsOwn) {
  std::set<std::uint32_t> numbers;
  for (int code = 0; code <= static_cast<int>(Errc::closed_pipe); ++code) {
    const auto errc = static_cast<Errc>(code);
    EXPECT_TRUE(numbers.insert(code_number(errc)).second) << name_of(errc);
    EXPECT_EQ(code_of_number(code_number(errc)), errc) << name_of(errc);
  }
  EXPECT_EQ(numbers.size(), std::size(kTable));
}

// No code that a shell takes for something about the process it started comes from a peer, whatever number it
// sends.
TEST(FailureCode, WhatAPeerSaysIsNotAboutUs) {
  for (std::uint64_t number = 0; number <= 64; ++number) {
    const Errc here = told_by_peer("receiver", number, "x").code;
    for (const Errc own : {Errc::usage, Errc::config, Errc::locked, Errc::interrupted, Errc::closed_pipe})
      EXPECT_NE(here, own) << number;
  }
  EXPECT_EQ(told_by_peer("receiver", 1ull << 40, "x").code, Errc::refused);
  EXPECT_EQ(told_by_peer("receiver", code_number(Errc::interrupted), "x").code, Errc::incomplete);
  EXPECT_EQ(told_by_peer("receiver", code_number(Errc::no_space), "full\x1b").message, "receiver: full\\x1b");
}

TEST(FailureCode, AnUnknownNumberIsARefusal) {
  for (std::uint32_t number : {0u, 25u, 1000u, 0xFFFFFFFFu}) EXPECT_EQ(code_of_number(number), Errc::refused);
}

}  // namespace
}  // namespace dcdn::message
