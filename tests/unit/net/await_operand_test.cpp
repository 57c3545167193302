// The forms of co_await that g++ 12.2 compiles right; it destroys some temporaries of the others twice. Each
// counts births and deaths, so the test fails on a compiler (or a change here) that gets one of them wrong.
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/task.hpp"

namespace dcdn::net {
namespace {

int alive = 0;

struct Counted {
  explicit Counted(std::string word) : text(std::move(word)) { ++alive; }
  Counted(const Counted& other) : text(other.text) { ++alive; }
  Counted(Counted&& other) noexcept : text(std::move(other.text)) { ++alive; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  ~Counted() { --alive; }
  std::string text;
};

struct Holder {  // not an aggregate: the constructor is what makes the temporary safe
  explicit Holder(std::string word) : counted(std::move(word)), shared(std::make_shared<int>(1)) {}
  Counted counted;
  std::shared_ptr<int> shared;
};

struct Pair {
  Counted first;
  int second;
};

constexpr char kLong[] = "longer than any small string buffer, so that freeing it twice is seen";

Task<std::size_t> length_of(Counted counted) {
  co_return counted.text.size();
}
Task<std::size_t> length_of_text(std::string text) {
  co_return text.size();
}
Task<std::size_t> length_of_holder(Holder holder) {
  co_return holder.counted.text.size() * *holder.shared;
}
Task<std::size_t> call(std::function<std::size_t()> function) {
  co_return function();
}
Task<Pair> make_pair_of(std::string text) {
  co_return Pair{Counted(std::move(text)), 7};
}
Task<std::size_t> fails() {
  co_return Error(Errc::temporary, kLong);
}

/// Runs a task to its end; everything it made must be gone then.
template <class T>
Result<T> run(Task<T> task) {
  asio::io_context io;
  std::optional<Result<T>> outcome;
  spawn(io.get_executor(), std::move(task), [&](Result<T> result) { outcome.emplace(std::move(result)); });
  io.run();
  return std::move(*outcome);
}

class AwaitOperand : public ::testing::Test {
 protected:
  void SetUp() override { alive = 0; }
  void TearDown() override { EXPECT_EQ(alive, 0); }
};

Task<std::size_t> moves_a_name_in() {
  Counted counted(kLong);
  const auto length = co_await length_of(std::move(counted));
  co_return *length;
}
TEST_F(AwaitOperand, ANameMovedIn) {
  EXPECT_EQ(*run(moves_a_name_in()), sizeof kLong - 1);
}

Task<std::size_t> constructs_in_place() {
  const auto length = co_await length_of_holder(Holder(kLong));
  co_return *length;
}
TEST_F(AwaitOperand, AConstructedClass) {
  EXPECT_EQ(*run(constructs_in_place()), sizeof kLong - 1);
}

Task<std::size_t> passes_a_string() {
  const auto length = co_await length_of_text(std::string(kLong) + "!");
  co_return *length;
}
TEST_F(AwaitOperand, AStringTemporary) {
  EXPECT_EQ(*run(passes_a_string()), sizeof kLong);
}

Task<std::size_t> passes_a_named_lambda() {
  const Counted counted(kLong);
  const auto lambda = [counted] { return counted.text.size(); };
  const auto length = co_await call(lambda);
  co_return *length;
}
TEST_F(AwaitOperand, ANamedLambda) {
  EXPECT_EQ(*run(passes_a_named_lambda()), sizeof kLong - 1);
}

Task<std::size_t> awaits_in_an_if() {
  if (auto pair = co_await make_pair_of(kLong); pair.has_value()) co_return pair->first.text.size();
  co_return std::size_t{0};
}
TEST_F(AwaitOperand, AnInitialiserOfIf) {
  EXPECT_EQ(*run(awaits_in_an_if()), sizeof kLong - 1);
}

Task<std::size_t> tries() {
  DCDN_CO_TRY(Pair pair, co_await make_pair_of(kLong));
  DCDN_CO_TRY(const std::size_t length, co_await length_of(std::move(pair.first)));
  DCDN_CO_TRY(const std::size_t never, co_await fails());
  co_return length + never;
}
TEST_F(AwaitOperand, TheTryMacro) {
  const auto outcome = run(tries());
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().message, kLong);
}

}  // namespace
}  // namespace dcdn::net
