// The members of one JSON object.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock {

// The value of a member.
struct JsonMember {
  // In canonical JSON.
  std::string json;
  // If it is a text: that.
  std::optional<std::string> text;
  // If it is a whole number within int64: that.
  std::optional<std::int64_t> integer;
};

// Members by key, to be taken out one by one. Not thread-safe.
class JsonMembers {
 public:
  // kInvalidArgument: `json` is not an object, or a key stands in it twice, at
  // any depth.
  static absl::StatusOr<JsonMembers> Parse(absl::string_view json);

  bool Has(const std::string& key) const { return members_.count(key) > 0; }
  // Removes and returns it; nothing if there is none.
  std::optional<JsonMember> Take(const std::string& key);
  bool empty() const { return members_.empty(); }
  // In the order of keys. There must be one.
  const std::string& FirstKey() const { return members_.begin()->first; }

 private:
  std::map<std::string, JsonMember> members_;
};

}  // namespace airlock
