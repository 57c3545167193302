#include "common/fields.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

namespace dcdn::tool {
namespace {

TEST(Fields, EachKindOfValue) {
  const std::string text = "a \"quote\", a \\ and a line\n";
  const std::optional<std::uint64_t> none;
  const Fields fields{{"text", text},
                      {"literal", "x"},
                      {"yes", true},
                      {"count", std::numeric_limits<std::uint64_t>::max()},
                      {"below", -3},
                      {"loss", 0.25},
                      {"whole", 2.0},
                      {"nothing", nullptr},
                      {"none", none},
                      {"some", std::optional<int>(5)},
                      {"list", std::vector<std::string>{"a", "b"}},
                      {"empty", std::vector<std::string>{}}};
  EXPECT_EQ(fields.json(),
            R"({"below":-3,"count":18446744073709551615,"empty":[],"list":["a","b"],"literal":"x",)"
            R"("loss":0.25,"none":null,"nothing":null,"some":5,)"
            R"("text":"a \"quote\", a \\ and a line\n","whole":2.0,"yes":true})");
}

// A name is any bytes: what a program is told must open the file.
TEST(Fields, WhatIsNoTextIsToldWholeBesideIt) {
  const std::string odd = "a\xff";
  Fields fields{{"path", odd}, {"paths", std::vector<std::string>{"b", odd}}, {"plain", "\xc3\xa4\x1b"}};
  EXPECT_EQ(fields.json(),
            "{\"path\":\"a\xef\xbf\xbd\",\"path_base64\":\"Yf8=\",\"paths\":[\"b\",\"a\xef\xbf\xbd\"],"
            "\"paths_base64\":[\"Yg==\",\"Yf8=\"],\"plain\":\"\xc3\xa4\\u001b\"}");
}

TEST(Fields, ObjectsWithinAndAfterwards) {
  Fields inner{{"a", 1}};
  inner.set("a", 2);
  Fields fields;
  EXPECT_EQ(fields.json(), "{}");
  fields.set("one", inner);
  fields.set("many", std::vector<Fields>{inner, {{"b", "c"}, {"d", "e"}}});
  EXPECT_EQ(fields.json(), R"({"many":[{"a":2},{"b":"c","d":"e"}],"one":{"a":2}})");
}

TEST(Fields, WhatCannotBeSaidInJsonDoesNoHarm) {
  const Fields fields{{"name", std::string("\xff\x1b")}, {"rate", std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(fields.json(), "{\"name\":\"\xef\xbf\xbd\\u001b\",\"name_base64\":\"/xs=\",\"rate\":null}");
}

}  // namespace
}  // namespace dcdn::tool
