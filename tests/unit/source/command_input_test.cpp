#include "source/command_input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "support/pack_fixture.hpp"

namespace dcdn::test {
namespace {

using ::testing::HasSubstr;

// All that a command writes, packed as its sender does it.
Packed packed_from(const std::string& command) {
  const auto input = source::CommandInput::start(command);
  EXPECT_TRUE(input.has_value());
  auto request = file_request("");
  request.object = {wire::ObjectKind::stream, "stdin", false};
  request.input_fd = (*input)->fd();
  request.input_end = [&](const std::function<bool()>& stopped) { return (*input)->finish(stopped); };
  return pack(request);
}

TEST(CommandInput, WhatItWritesIsTheContent) {
  const Packed packed = packed_from("printf one; cat; printf two");  // nothing waits for a terminal
  ASSERT_TRUE(packed.result.has_value()) << packed.result.error().message;
  const Bytes content = content_of(packed);
  EXPECT_EQ(as_text(content), "onetwo");
}

TEST(CommandInput, AFailureLeavesTheObjectWithoutItsEnd) {
  for (const std::string command : {"exit 3", "head -c 3000000 /dev/zero | tr '\\0' x; exit 1",
                                    "printf all; kill -KILL $$", "/nonexistent/x"}) {
    SCOPED_TRACE(command);
    const Packed packed = packed_from(command);
    ASSERT_FALSE(packed.result.has_value());
    EXPECT_EQ(packed.result.error().code, Errc::io);
    EXPECT_THAT(packed.result.error().message, HasSubstr("command"));
    for (const auto& segment : packed.segments) EXPECT_FALSE(segment.final);
  }
}

TEST(CommandInput, OneThatClosesItsOutputIsWaitedForOrGivenUp) {
  const auto input = source::CommandInput::start("exec >&-; exec sleep 600");
  ASSERT_TRUE(input.has_value());
  int asked = 0;
  const auto ended = (*input)->finish([&] { return ++asked > 2; });
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code, Errc::interrupted);
}

TEST(CommandInput, SignalsOfOursAreNotItsAffair) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  // As hexadecimal numbers; 32 and 33 are the C library's own, and whoever started us may ignore those.
  const Packed packed =
      packed_from("sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\([0-9a-f]\\{7\\}\\)$/\\1 \\2/p' /proc/self/status");
  ::signal(SIGPIPE, old);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const Bytes content = content_of(packed);
  EXPECT_EQ(as_text(content), "Blk 0000000\nIgn 0000000\n");
}

}  // namespace
}  // namespace dcdn::test
