#include "common/fields.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dcdn/escape.hpp"

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

FieldValue::FieldValue(std::string_view text) : json_(text_of(text)) {
  if (!is_utf8(text)) base64_ = text_of(to_base64(text));
}
FieldValue::FieldValue(double number) : json_(text_of(number)) {}
FieldValue::FieldValue(const std::vector<std::string>& texts) : json_(list_of(texts)) {
  if (std::all_of(texts.begin(), texts.end(), is_utf8)) return;
  std::vector<std::string> coded;
  for (const std::string& text : texts) coded.push_back(to_base64(text));
  base64_ = list_of(coded);
}
FieldValue::FieldValue(const Fields& object) : json_(object.json()) {}
FieldValue::FieldValue(const std::vector<Fields>& objects) : json_(list_of(objects)) {}

Fields::Fields(std::initializer_list<std::pair<const char*, FieldValue>> fields) {
  for (const auto& [name, value] : fields) set(name, value);
}

void Fields::set(const char* name, const FieldValue& value) {
  fields_[name] = value.json();
  if (!value.base64().empty()) fields_[name + std::string("_base64")] = value.base64();
}

std::string Fields::json() const {
  std::string text;
  for (const auto& [name, value] : fields_)
    text += (text.empty() ? "" : ",") + FieldValue(name).json() + ":" + value;
  return "{" + text + "}";
}

}  // namespace dcdn::tool
