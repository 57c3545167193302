// code_number, code_of_number and told_by_peer of session_message.hpp: the table in dcdn-session(5), FAILURE
// CODES.
#include "dcdn/escape.hpp"
#include "message/session_message.hpp"

namespace dcdn::message {

namespace {

struct Row {
  std::uint32_t number;
  Errc code;
};
// Numbers are the protocol's: append, never reuse, never reorder.
constexpr Row kRows[] = {
    {1, Errc::internal},    {2, Errc::other},         {3, Errc::usage},        {4, Errc::incomplete},
    {5, Errc::corrupt},     {6, Errc::bad_signature}, {7, Errc::unsupported},  {8, Errc::temporary},
    {9, Errc::unreachable}, {10, Errc::untrusted},    {11, Errc::limit},       {12, Errc::nothing},
    {13, Errc::no_space},   {14, Errc::config},       {15, Errc::locked},      {16, Errc::refused},
    {17, Errc::io},         {18, Errc::not_found},    {19, Errc::permission},  {20, Errc::exists},
    {21, Errc::changed},    {22, Errc::interrupted},  {23, Errc::closed_pipe}, {24, Errc::partial},
};

Errc seen_from_outside(Errc there) {
  switch (there) {
    case Errc::usage:
    case Errc::config:
    case Errc::exists:
    case Errc::closed_pipe:
      return Errc::refused;
    case Errc::interrupted:
      return Errc::incomplete;
    case Errc::locked:
      return Errc::temporary;
    default:
      return there;
  }
}

}  // namespace

std::uint32_t code_number(Errc code) {
  for (const Row& row : kRows)
    if (row.code == code) return row.number;
  return 2;
}

Errc code_of_number(std::uint32_t number) {
  for (const Row& row : kRows)
    if (row.number == number) return row.code;
  return Errc::refused;
}

Error told_by_peer(std::string_view who, std::uint64_t code, std::string_view text) {
  const Errc there = code <= UINT32_MAX ? code_of_number(static_cast<std::uint32_t>(code)) : Errc::refused;
  return {seen_from_outside(there), std::string(who) + ": " + escape_for_display(text)};
}

}  // namespace dcdn::message
