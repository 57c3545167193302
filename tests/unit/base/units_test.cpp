#include "dcdn/units.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dcdn {
namespace {

using namespace std::chrono_literals;

struct Amount {
  const char* text;
  std::uint64_t value;
};

TEST(ParseSize, ReadsNumbersWithAndWithoutUnits) {
  constexpr Amount kRows[] = {{"0", 0},
                              {"100", 100},
                              {"007", 7},
                              {"1B", 1},
                              {"4GB", 4'000'000'000},
                              {"4 GB", 4'000'000'000},
                              {"4G", 4'000'000'000},
                              {"64KiB", 65'536},
                              {"64kiB", 65'536},
                              {"64Ki", 65'536},
                              {"1.5M", 1'500'000},
                              {"1.5mB", 1'500'000},
                              {"0.5Ki", 512},
                              {"2Mi", 2u << 20},
                              {"3Gi", 3ull << 30},
                              {"1Ti", 1ull << 40},
                              {"1T", 1'000'000'000'000},
                              {"1.000001k", 1000},
                              {"0.001k", 1},
                              {"0.000001T", 1'000'000},
                              {"1.999999B", 1},
                              {"9223372036854775807", 9'223'372'036'854'775'807u},
                              {"9007199254740993", 9'007'199'254'740'993u},
                              {"8388607Ti", 8388607ull << 40}};
  for (const Amount& row : kRows) {
    const auto size = parse_size(row.text);
    ASSERT_TRUE(size) << row.text << ": " << size.error().message;
    EXPECT_EQ(*size, row.value) << row.text;
  }
}

TEST(ParseSize, RefusesAllElse) {
  for (const char* text : {"",
                           " ",
                           "-1",
                           "-0",
                           "+1",
                           ".5k",
                           "1.",
                           "1.k",
                           "k",
                           "GB",
                           "1e3",
                           "0x10",
                           "1,5M",
                           "1 000",
                           "10 ",
                           " 10",
                           "1  k",
                           "5X",
                           "5kk",
                           "5KiBB",
                           "5GBs",
                           "5iB",
                           "5kBytes",
                           "1.2.3",
                           "1.0000001k",
                           "0.5",
                           "0.5B",
                           "0.0001k",
                           "64kib",
                           "5b",
                           "5kb",
                           "5bit",
                           "5Mbit",
                           "9223372036854775808",
                           "18446744073709551616",
                           "99999999999999999999999999",
                           "8388608Ti",
                           "9223373T",
                           "nan",
                           "inf",
                           "\xd9\xa3",
                           "1\n",
                           "unlimited"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text << " gave " << *size;
    EXPECT_EQ(size.error().code, Errc::usage) << text;
  }
}

TEST(ParseSize, RefusesAnEmbeddedNul) {
  EXPECT_FALSE(parse_size(std::string_view("5\0", 2)));
  EXPECT_FALSE(parse_size(std::string_view("5\0k", 3)));
}

TEST(ParseSize, ErrorsNameTheThingSafelyAndTheWayOut) {
  const auto bits = parse_size("5Mbit");
  EXPECT_NE(bits.error().message.find("'5Mbit'"), std::string::npos);
  EXPECT_NE(bits.error().hint.find("end it in B"), std::string::npos);
  EXPECT_NE(parse_size("5X").error().hint.find("Ki Mi Gi Ti"), std::string::npos);
  EXPECT_EQ(parse_size("\x1b[31m").error().message.find('\x1b'), std::string::npos);
  EXPECT_NE(parse_size("-5").error().message.find("negative"), std::string::npos);
  EXPECT_NE(parse_size("99999999999999999999").error().message.find("too large"), std::string::npos);
}

TEST(ParseRate, ReadsBitsAndBytes) {
  constexpr Amount kRows[] = {{"800kbit", 100'000},
                              {"1mbit", 125'000},
                              {"1Mbit", 125'000},
                              {"2.5Mbit", 312'500},
                              {"2.5Mbit/s", 312'500},
                              {"100kB", 100'000},
                              {"100KB/s", 100'000},
                              {"3MiB", 3u << 20},
                              {"3mib", 3u << 17},
                              {"8b", 1},
                              {"8bit", 1},
                              {"9bit", 1},
                              {"15bit", 1},
                              {"1B", 1},
                              {"1B/s", 1},
                              {"1Gb", 125'000'000},
                              {"1GB", 1'000'000'000},
                              {"1MBit", 125'000},
                              {"1MBIT", 125'000},
                              {"1Kibit", 128},
                              {"11.2 Mbit/s", 1'400'000},
                              {"0kbit", 0},
                              {"0.1kbit", 12},
                              {"1Tbit", 125'000'000'000},
                              {"9223372TB", 9'223'372'000'000'000'000u}};
  for (const Amount& row : kRows) {
    const auto rate = parse_rate(row.text);
    ASSERT_TRUE(rate) << row.text << ": " << rate.error().message;
    EXPECT_EQ(*rate, row.value) << row.text;
  }
}

TEST(ParseRate, ABareNumberIsAnErrorThatSaysWhatToWrite) {
  struct Row {
    const char* text;
    const char* bits;
    const char* bytes;
  };
  constexpr Row kRows[] = {{"100", "100kbit", "100kB"},  {"1m", "1mbit", "1mB"},
                           {"2.5M", "2.5Mbit", "2.5MB"}, {"3Mi", "3Mibit", "3MiB"},
                           {"5k/s", "5kbit", "5kB"},     {"7/s", "7kbit", "7kB"}};
  for (const Row& row : kRows) {
    const auto rate = parse_rate(row.text);
    ASSERT_FALSE(rate) << row.text;
    EXPECT_EQ(rate.error().code, Errc::usage);
    EXPECT_NE(rate.error().message.find("no unit"), std::string::npos) << rate.error().message;
    EXPECT_NE(rate.error().hint.find(row.bits), std::string::npos) << rate.error().hint;
    EXPECT_NE(rate.error().hint.find(row.bytes), std::string::npos) << rate.error().hint;
    EXPECT_TRUE(parse_rate(row.bits)) << "what the hint says must work";
    EXPECT_TRUE(parse_rate(row.bytes)) << "what the hint says must work";
  }
}

TEST(ParseRate, RefusesAllElse) {
  for (const char* text : {"",
                           "-1mbit",
                           "mbit",
                           "/s",
                           "1mbps",
                           "1Mbps",
                           "1 mbit ",
                           "1mbit/s/s",
                           "1mbit/m",
                           "1mbits",
                           "1Byte",
                           "1xbit",
                           "7bit",
                           "1b",
                           "0.001bit",
                           "0.0001kB",
                           "9223373TB",
                           "99999999Tbit",
                           "99999999999999999999kbit",
                           "1.2.3kbit",
                           "1kkbit",
                           "1ibit",
                           "unlimited"}) {
    const auto rate = parse_rate(text);
    ASSERT_FALSE(rate) << text << " gave " << *rate;
    EXPECT_EQ(rate.error().code, Errc::usage) << text;
  }
}

TEST(ParseDuration, ReadsOneUnitOrSeveral) {
  struct Row {
    const char* text;
    std::chrono::milliseconds value;
  };
  constexpr Row kRows[] = {{"90s", 90s},
                           {"500ms", 500ms},
                           {"12h", 12h},
                           {"3d", 72h},
                           {"2m30s", 150s},
                           {"1d2h3m4s5ms", 26h + 3min + 4s + 5ms},
                           {"1h5ms", 1h + 5ms},
                           {"0s", 0s},
                           {"0h0ms", 0s},
                           {"1.5h", 90min},
                           {"1.5h1.5m", 91min + 30s},
                           {"0.25s", 250ms},
                           {"1.9ms", 1ms},
                           {"36500d", 24h * 36500},
                           {"120m", 2h}};
  for (const Row& row : kRows) {
    const auto duration = parse_duration(row.text);
    ASSERT_TRUE(duration) << row.text << ": " << duration.error().message;
    EXPECT_EQ(duration->count(), row.value.count()) << row.text;
  }
}

TEST(ParseDuration, RefusesAllElse) {
  for (const char* text : {"",
                           "90",
                           "0",
                           "1.5",
                           "s",
                           "-5s",
                           "5 s",
                           "5s ",
                           " 5s",
                           "5S",
                           "5M",
                           "5min",
                           "5sec",
                           "5us",
                           "5w",
                           "5y",
                           "30s2m",
                           "5s5s",
                           "2m30",
                           "2m-3s",
                           "2m.5s",
                           "1ms1s",
                           "0.5ms",
                           "0.000001s",
                           "1.s",
                           "1e3s",
                           "36500d1ms",
                           "36501d",
                           "99999999999999999999s",
                           "9223372036854775807d",
                           "9223372036854775807ms",
                           "1h\n",
                           "inf"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text << " gave " << duration->count();
    EXPECT_EQ(duration.error().code, Errc::usage) << text;
  }
}

TEST(ParseDuration, ErrorsShowTheWholeTextAndTheWayOut) {
  EXPECT_NE(parse_duration("2m30").error().message.find("'2m30'"), std::string::npos);
  EXPECT_NE(parse_duration("90").error().hint.find("90s"), std::string::npos);
  EXPECT_NE(parse_duration("30s2m").error().hint.find("largest unit first"), std::string::npos);
}

TEST(ParseDuration, TheLongestSurvivesTheClocks) {
  const auto longest = parse_duration("36500d");
  ASSERT_TRUE(longest);
  EXPECT_GT(std::chrono::nanoseconds(*longest).count(), 0);
}

TEST(FormatSize, UsesThreeDigitsAndPowersOfThousand) {
  struct Row {
    std::uint64_t bytes;
    const char* text;
  };
  constexpr Row kRows[] = {{0, "0 B"},
                           {1, "1 B"},
                           {999, "999 B"},
                           {1000, "1 kB"},
                           {1001, "1 kB"},
                           {1010, "1.01 kB"},
                           {65'536, "65.5 kB"},
                           {999'499, "999 kB"},
                           {999'500, "1 MB"},
                           {999'999, "1 MB"},
                           {1'400'000'000, "1.4 GB"},
                           {1'434'000'000'000, "1.43 TB"},
                           {std::numeric_limits<std::uint64_t>::max(), "18.4 EB"}};
  for (const Row& row : kRows) EXPECT_EQ(format_size(row.bytes), row.text);
}

TEST(FormatSize, CanBeReadBack) {
  for (const std::uint64_t bytes :
       {0ull, 5ull, 999ull, 1'000ull, 1'500'000ull, 4'000'000'000ull, 123'000'000'000'000ull}) {
    const auto back = parse_size(format_size(bytes));
    ASSERT_TRUE(back) << format_size(bytes);
    EXPECT_EQ(*back, bytes);
  }
}

TEST(FormatRate, IsInBits) {
  struct Row {
    double bytes_per_s;
    const char* text;
  };
  const Row rows[] = {{0, "0 bit/s"},
                      {0.001, "0 bit/s"},
                      {1, "8 bit/s"},
                      {100'000, "800 kbit/s"},
                      {124'999, "1 Mbit/s"},
                      {1'400'000, "11.2 Mbit/s"},
                      {1.25e9, "10 Gbit/s"},
                      {-5, "0 bit/s"},
                      {std::nan(""), "0 bit/s"},
                      {std::numeric_limits<double>::infinity(), "0 bit/s"}};
  for (const Row& row : rows) EXPECT_EQ(format_rate(row.bytes_per_s), row.text) << row.bytes_per_s;
}

TEST(FormatDuration, UsesTheTwoLargestUnits) {
  struct Row {
    std::chrono::seconds duration;
    const char* text;
  };
  constexpr Row kRows[] = {{0s, "0s"},
                           {42s, "42s"},
                           {59s, "59s"},
                           {60s, "1m00s"},
                           {187s, "3m07s"},
                           {3599s, "59m59s"},
                           {1h, "1h00m"},
                           {2h + 5min, "2h05m"},
                           {24h - 1s, "23h59m"},
                           {24h, "1d00h"},
                           {99h, "4d03h"},
                           {-5s, "0s"},
                           {24h * 1000, "1000d00h"}};
  for (const Row& row : kRows) EXPECT_EQ(format_duration(row.duration), row.text);
}

}  // namespace
}  // namespace dcdn
