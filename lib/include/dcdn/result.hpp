// dcdn/result.hpp - a value or an Error. The member names are a subset of std::expected's.
//
// A class of our own because <expected> needs C++23 and a dropped tl::expected gives no warning. One that is
// dropped does: it is [[nodiscard]].
//
//   Result<std::uint64_t> parse_size(std::string_view text);
//   auto size = parse_size("4GB");
//   if (!size) show(size.error());          // operator* and -> only when there is a value: asserted
//
//   Result<Plan> plan() {
//     DCDN_TRY(const auto size, parse_size(text));   // or returns its error
//     DCDN_CHECK(check(options));                    // for Result<void>
//     return Plan{size};
//   }
//
// Threads  a value, as safe as its T
#pragma once
#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

#include "dcdn/error.hpp"

namespace dcdn {

/// Never empty: a T or an Error. Made from either without a word.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] Error& error() { return *std::get_if<1>(&state_); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  T& value() {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

/// Done, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] Error& error() { return *std::get_if<1>(&state_); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace dcdn

#define DCDN_JOIN2(a, b) a##b
#define DCDN_JOIN(a, b) DCDN_JOIN2(a, b)
#define DCDN_TRY_AS(tmp, decl, expr)        \
  auto tmp = (expr);                        \
  if (!tmp.has_value()) return tmp.error(); \
  decl = *std::move(tmp)
#define DCDN_CO_TRY_AS(tmp, decl, expr)        \
  auto tmp = (expr);                           \
  if (!tmp.has_value()) co_return tmp.error(); \
  decl = *std::move(tmp)
/// DCDN_TRY(auto x, f()): x is f's value, or the error is returned. Block scope only.
#define DCDN_TRY(decl, expr) DCDN_TRY_AS(DCDN_JOIN(dcdn_try_, __COUNTER__), decl, expr)
/// DCDN_CO_TRY(auto x, co_await f(...)): the same in a coroutine.
#define DCDN_CO_TRY(decl, expr) DCDN_CO_TRY_AS(DCDN_JOIN(dcdn_try_, __COUNTER__), decl, expr)
/// DCDN_CHECK(f()): for Result<void>.
#define DCDN_CHECK(expr)                                                              \
  do { /* NOLINTNEXTLINE(performance-unnecessary-copy-initialization) */              \
    if (auto dcdn_check = (expr); !dcdn_check.has_value()) return dcdn_check.error(); \
  } while (false)
#define DCDN_CO_CHECK(expr)                                    \
  do {                                                         \
    auto dcdn_check = (expr);                                  \
    if (!dcdn_check.has_value()) co_return dcdn_check.error(); \
  } while (false)
