// fields.hpp - one JSON object as a tool says it, built value by value.
#pragma once
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dcdn::tool {

class Fields;

/// The value of a field: text, number, true or false, null, a list, an object.
class FieldValue {
 public:
  FieldValue(std::nullptr_t) : json_("null") {}
  /// Bytes that are not UTF-8 become U+FFFD here, and Fields tells them whole beside it.
  FieldValue(std::string_view text);
  template <std::convertible_to<std::string_view> Text>
  FieldValue(const Text& text) : FieldValue(std::string_view(text)) {}
  template <std::integral Number>
  FieldValue(Number number) : json_(std::to_string(number)) {}
  FieldValue(bool value) : json_(value ? "true" : "false") {}
  /// null if it is not finite.
  FieldValue(double number);
  FieldValue(const std::vector<std::string>& texts);
  FieldValue(const Fields& object);
  FieldValue(const std::vector<Fields>& objects);
  /// null if there is none.
  template <class Value>
  FieldValue(const std::optional<Value>& value) : FieldValue(value ? FieldValue(*value) : nullptr) {}

  [[nodiscard]] const std::string& json() const { return json_; }
  /// The same bytes in base64, as JSON, where `json` cannot hold them; else empty. Of a list all are there.
  [[nodiscard]] const std::string& base64() const { return base64_; }

 private:
  std::string json_;
  std::string base64_;
};

/// Example
///   report.json("output", {{"path", path}, {"bytes", bytes}});
class Fields {
 public:
  Fields() = default;
  Fields(std::initializer_list<std::pair<const char*, FieldValue>> fields);
  /// In the place of an older one of this name. Text that is not UTF-8 also becomes `name`_base64: a path
  /// that was told can be opened.
  void set(const char* name, const FieldValue& value);
  /// On one line, ordered by name.
  [[nodiscard]] std::string json() const;

 private:
  std::map<std::string, std::string> fields_;  // name to value, both as JSON but for the quotes of the name
};

}  // namespace dcdn::tool
