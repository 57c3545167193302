#include "netsim/link_options.hpp"

#include <gtest/gtest.h>

namespace dcdn::netsim {
namespace {

using namespace std::chrono_literals;

TEST(link_options, every_profile_is_found_by_its_name) {
  for (const Profile& profile : profiles()) EXPECT_TRUE(find_profile(profile.name)) << profile.name;
  EXPECT_FALSE(find_profile("moon"));
}

TEST(link_options, disaster_is_what_the_tables_say) {
  const LinkOptions link = *find_profile("disaster");
  EXPECT_EQ(link.forth.bytes_per_s, 125'000);
  EXPECT_EQ(link.forth.delay, Time(100ms));
  EXPECT_EQ(link.forth.jitter, Time(100ms));
  EXPECT_DOUBLE_EQ(average_loss(link.back), 0.2);
  EXPECT_DOUBLE_EQ(average_loss(find_profile("bursty")->forth), 0.2);
}

TEST(link_options, an_option_is_for_both_ways_and_back_for_one) {
  LinkOptions link;
  ASSERT_TRUE(set_option(link, "--rate", "8mbit"));
  ASSERT_TRUE(set_option(link, "--back-rate", "1mbit"));
  ASSERT_TRUE(set_option(link, "--loss", "33%"));
  ASSERT_TRUE(set_option(link, "--burst-loss", "0.1,0.5,0,0.9"));
  ASSERT_TRUE(set_option(link, "--change", "10s,rate=4mbit,loss=0.5"));
  EXPECT_EQ(link.forth.bytes_per_s, 1e6);
  EXPECT_EQ(link.back.bytes_per_s, 125'000);
  EXPECT_DOUBLE_EQ(link.back.loss, 0.33);
  EXPECT_EQ(link.forth.bursts->loss_bad, 0.9);
  EXPECT_EQ(link.forth.change->at, Time(10s));
  EXPECT_EQ(link.forth.change->bytes_per_s, 500'000);
}

TEST(link_options, nonsense_is_refused) {
  LinkOptions link;
  for (const char* loss : {"", "2", "-0.1", "101%", "x", "0.1x", "nan"})
    EXPECT_FALSE(set_option(link, "--loss", loss)) << loss;
  EXPECT_FALSE(set_option(link, "--burst-loss", "0.1,0.2"));
  EXPECT_FALSE(set_option(link, "--change", "10s,delay=3"));
  EXPECT_FALSE(set_option(link, "--rate", "10"));
  EXPECT_FALSE(is_link_option("--colour"));
  EXPECT_TRUE(is_link_option("--back-up"));
}

}  // namespace
}  // namespace dcdn::netsim
