// path_order.hpp - the order of a manifest's entries.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string_view>

namespace dcdn::wire {

/// Component by component, as if '/' sorted before every other byte: a directory's entries follow it at once,
/// and "a/b" comes before "a.txt".
inline bool path_before(std::string_view one, std::string_view other) {
  const auto place = [](char c) {
    return c == '/' ? 0u : static_cast<unsigned>(static_cast<std::uint8_t>(c));
  };
  return std::lexicographical_compare(one.begin(), one.end(), other.begin(), other.end(),
                                      [&](char a, char b) { return place(a) < place(b); });
}

}  // namespace dcdn::wire
