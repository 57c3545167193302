#include "common/progress_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace dcdn::tool {
namespace {

Progress sample() {
  Progress p;
  p.session = "s1";
  p.state = "sending";
  p.objects = {{"photos/holiday-in-the-mountains-with-everyone.jpg", "hq", 2'000'000, 900'000, false}};
  p.bytes_total = 2'000'000;
  p.bytes_done = 900'000;
  p.objects_total = 3;
  p.rate_now = 1'000'000;
  p.rate_average = 800'000;
  p.eta = std::chrono::seconds(42);
  p.loss = 0.2;
  return p;
}

TEST(ProgressText, NoLineWrapsOnAnyTerminal) {
  Progress p = sample();
  p.objects.push_back(
      {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.txt", "", {}, 7, false});
  p.state = "waiting for peer";
  p.detail = "retry 3 in 800ms: connection refused";
  for (int width = 20; width <= 200; ++width)
    for (const std::string& line : progress_bar(p, width)) {
      EXPECT_LT(display_width(line), width) << line;
      EXPECT_EQ(line.find('\n'), std::string::npos);
    }
}

TEST(ProgressText, AWideTerminalShowsEverything) {
  const auto lines = progress_bar(sample(), 160);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find(" 45%  900 kB/2 MB"), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("[#########-----------]"), std::string::npos) << lines[0];
  EXPECT_EQ(lines[1], "sending  45%  8 Mbit/s  ETA 42s  loss 20%  900 kB/2 MB  avg 6.4 Mbit/s  0/3 objects");
}

nlohmann::json shown(const Progress& progress) {
  return nlohmann::json::parse(progress_json(progress).json());
}

TEST(ProgressText, AnAverageThatIsNotKnownIsNotShown) {
  Progress p = sample();
  p.rate_average = 0;
  EXPECT_EQ(progress_line(p).find("avg"), std::string::npos) << progress_line(p);
  EXPECT_TRUE(shown(p)["rate_average_bytes_per_s"].is_null());
}

TEST(ProgressText, ShowsEachPathOnlyWhenThereAreSeveral) {
  Progress p = sample();
  EXPECT_FALSE(shown(p).contains("paths"));
  p.paths.resize(2);
  p.paths[0] = {"eth0", "", "good", true, true, std::chrono::microseconds(40'000), 0.1, 625'000, 9000};
  p.paths[1].interface = "wwan0";
  p.paths[1].state = "failed";
  EXPECT_NE(progress_line(p).find("  eth0 5 Mbit/s coded  wwan0 failed  "), std::string::npos)
      << progress_line(p);
  const auto paths = shown(p)["paths"];
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(paths[0]["interface"], "eth0");
  EXPECT_EQ(paths[0]["first"], true);
  EXPECT_EQ(paths[0]["carrier"], "coded");
  EXPECT_EQ(paths[1]["carrier"], "streams");
  EXPECT_EQ(paths[0]["rtt_us"], 40'000);
  EXPECT_EQ(paths[0]["wire_bytes"], 9000);
  EXPECT_EQ(paths[1]["state"], "failed");
}

TEST(ProgressText, ANarrowTerminalKeepsStateShareAndRate) {
  const auto lines = progress_bar(sample(), 40);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[1].starts_with("sending  45%  8 Mbit/s")) << lines[1];
  EXPECT_NE(lines[0].find("45%"), std::string::npos) << lines[0];
}

TEST(ProgressText, AStallIsTheFirstThingSaid) {
  Progress p = sample();
  p.state = "stalled";
  p.detail = "42s";
  EXPECT_TRUE(progress_bar(p, 40).back().starts_with("stalled 42s"));
  EXPECT_TRUE(progress_line(p).starts_with("stalled 42s"));
}

TEST(ProgressText, SaysHundredPercentOnlyAtTheEnd) {
  Progress p = sample();
  p.bytes_done = 1'999'999;
  EXPECT_NE(progress_line(p).find("99%"), std::string::npos);
  p.bytes_done = 2'000'000;
  EXPECT_NE(progress_line(p).find("100%"), std::string::npos);
  p.bytes_done = 3'000'000;
  EXPECT_NE(progress_line(p).find("100%"), std::string::npos);
}

TEST(ProgressText, AStreamOfUnknownLengthHasNoShareAndNoBar) {
  Progress p = sample();
  p.objects[0].bytes_total.reset();
  p.bytes_total.reset();
  p.eta.reset();
  const auto lines = progress_bar(p, 100);
  for (const auto& line : lines) EXPECT_EQ(line.find("45%"), std::string::npos) << line;
  EXPECT_EQ(lines[0].find('['), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("900 kB"), std::string::npos);
}

TEST(ProgressText, AnEmptyObjectIsDone) {
  Progress p = sample();
  p.objects[0].bytes_total = 0;
  p.objects[0].bytes_done = 0;
  EXPECT_NE(progress_bar(p, 100)[0].find("100%"), std::string::npos);
}

TEST(ProgressText, ShowsAFewObjectsAndCountsTheRest) {
  Progress p = sample();
  p.objects.assign(16, p.objects[0]);
  p.objects[3].finished = true;
  const auto lines = progress_bar(p, 100);
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines[6], "and 9 more");
}

TEST(ProgressText, NumbersOutOfRangeDoNotBreakTheLine) {
  Progress p = sample();
  p.loss = 7;
  p.rate_now = -1;
  p.eta = std::chrono::seconds(-5);
  EXPECT_NE(progress_line(p).find("loss 100%"), std::string::npos);
}

TEST(ProgressText, ShortensInTheMiddle) {
  EXPECT_EQ(shorten("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(shorten("abcdefghijk", 10), "abc...hijk");
  EXPECT_EQ(shorten("abcdef", 3), "abc");
  EXPECT_EQ(shorten("abcdef", 0), "");
  EXPECT_EQ(display_width(shorten("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac", 8)), 7);
}

TEST(ProgressText, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("\xc3\xa9"), 1);          // e with acute
  EXPECT_EQ(display_width("e\xcc\x81"), 1);         // e, combining acute
  EXPECT_EQ(display_width("\xe6\x97\xa5"), 2);      // East Asian wide
  EXPECT_EQ(display_width("\xf0\x9f\x98\x80"), 2);  // emoji
  EXPECT_EQ(display_width("\xe6\x97"), 2);          // cut short: a column a byte
}

TEST(ProgressText, JsonHasNullForWhatIsUnknown) {
  Progress p = sample();
  p.eta.reset();
  p.bytes_total.reset();
  const auto json = shown(p);
  EXPECT_TRUE(json["eta_s"].is_null());
  EXPECT_TRUE(json["bytes_total"].is_null());
  EXPECT_EQ(json["objects"][0]["bytes_total"], 2'000'000);
  EXPECT_EQ(json["state"], "sending");
}

TEST(ProgressText, ASummarySaysHowLongAndHowFast) {
  EXPECT_EQ(speed_text(1e6, 4), " in 4.0s at 2 Mbit/s");
  EXPECT_EQ(speed_text(2e6, 136.4), " in 2m16s at 117 kbit/s");
  EXPECT_EQ(speed_text(0, 3), "");
  EXPECT_EQ(speed_text(10, 0), "");
}

}  // namespace
}  // namespace dcdn::tool
