#include "common/fields.hpp"

#include <nlohmann/json.hpp>

namespace dcdn::tool {

namespace {

std::string text_of(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <class Item>
std::string list_of(const std::vector<Item>& items) {
  std::string text;
  for (const Item& item : items) text += (text.empty() ? "" : ",") + FieldValue(item).json();
  return "[" + text + "]";
}

}  // namespace

FieldValue::FieldValue(std::string_view text) : json_(text_of(text)) {}
FieldValue::FieldValue(double number) : json_(text_of(number)) {}
FieldValue::FieldValue(const std::vector<std::string>& texts) : json_(list_of(texts)) {}
FieldValue::FieldValue(const Fields& object) : json_(object.json()) {}
FieldValue::FieldValue(const std::vector<Fields>& objects) : json_(list_of(objects)) {}

Fields::Fields(std::initializer_list<std::pair<const char*, FieldValue>> fields) {
  for (const auto& [name, value] : fields) set(name, value);
}

void Fields::set(const char* name, const FieldValue& value) {
  fields_[name] = value.json();
}

std::string Fields::json() const {
  std::string text;
  for (const auto& [name, value] : fields_)
    text += (text.empty() ? "" : ",") + FieldValue(name).json() + ":" + value;
  return "{" + text + "}";
}

}  // namespace dcdn::tool
