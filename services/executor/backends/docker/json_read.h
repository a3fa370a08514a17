// Reads what an engine says without trusting its shape, and writes to it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace airlock::executor {

// As text; bytes that are not UTF-8 become replacement characters.
std::string DumpJson(const nlohmann::json& value);

using JsonPath = std::initializer_list<const char*>;

// The value at a path of keys; a null value if there is none.
const nlohmann::json& ValueAt(const nlohmann::json& root, JsonPath path);

// The same as a type; "", 0, false or nothing when it is of another type.
std::string StringAt(const nlohmann::json& root, JsonPath path);
std::int64_t IntegerAt(const nlohmann::json& root, JsonPath path);
bool BoolAt(const nlohmann::json& root, JsonPath path);
std::vector<std::string> StringsAt(const nlohmann::json& root, JsonPath path);
std::map<std::string, std::string> StringMapAt(const nlohmann::json& root,
                                               JsonPath path);

}  // namespace airlock::executor
