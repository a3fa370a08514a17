#include "services/executor/backends/docker/json_read.h"

namespace airlock::executor {

using nlohmann::json;

std::string DumpJson(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const json& ValueAt(const json& root, JsonPath path) {
  static const json kNothing;
  const json* value = &root;
  for (const char* key : path) {
    if (!value->is_object()) return kNothing;
    const auto found = value->find(key);
    if (found == value->end()) return kNothing;
    value = &*found;
  }
  return *value;
}

std::string StringAt(const json& root, JsonPath path) {
  const json& value = ValueAt(root, path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t IntegerAt(const json& root, JsonPath path) {
  const json& value = ValueAt(root, path);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

bool BoolAt(const json& root, JsonPath path) {
  const json& value = ValueAt(root, path);
  return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> StringsAt(const json& root, JsonPath path) {
  std::vector<std::string> strings;
  const json& value = ValueAt(root, path);
  if (!value.is_array()) return strings;
  for (const json& entry : value) {
    if (entry.is_string()) strings.push_back(entry.get<std::string>());
  }
  return strings;
}

std::map<std::string, std::string> StringMapAt(const json& root,
                                               JsonPath path) {
  std::map<std::string, std::string> strings;
  const json& value = ValueAt(root, path);
  if (!value.is_object()) return strings;
  for (const auto& [key, entry] : value.items()) {
    if (entry.is_string()) strings[key] = entry.get<std::string>();
  }
  return strings;
}

}  // namespace airlock::executor
