#include "common/audit_chain/json_members.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/json/canonical_json.h"

namespace airlock {
namespace {

// Puts together the canonical JSON of each member of the outermost object.
class MemberReader final : public JsonEvents {
 public:
  void OnObjectStart() override {
    keys_.emplace_back();
    if (keys_.size() + arrays_ == 1) return;
    value_.OnObjectStart();
  }
  void OnKey(const std::string& key) override {
    if (!keys_.back().insert(key).second) {
      Fail(absl::StrCat("must not have the key \"", key, "\" twice"));
    }
    if (AtTop()) {
      key_ = key;
      member_ = JsonMember();
      value_ = CanonicalJsonEvents();
    } else {
      value_.OnKey(key);
    }
  }
  void OnObjectEnd() override {
    keys_.pop_back();
    if (keys_.empty()) return;
    value_.OnObjectEnd();
    EndValue();
  }
  void OnArrayStart() override {
    if (keys_.empty()) Fail("must be an object");
    ++arrays_;
    value_.OnArrayStart();
  }
  void OnArrayEnd() override {
    --arrays_;
    value_.OnArrayEnd();
    EndValue();
  }
  void OnScalar(const JsonScalar& scalar) override {
    if (keys_.empty()) Fail("must be an object");
    if (AtTop() && scalar.type == JsonScalar::Type::kText) {
      member_.text = scalar.text;
    }
    if (AtTop() && scalar.type == JsonScalar::Type::kInteger) {
      member_.integer = scalar.integer;
    }
    value_.OnScalar(scalar);
    EndValue();
  }
  void OnSyntaxError(absl::string_view message) override { Fail(message); }

  const std::string& error() const { return error_; }
  std::map<std::string, JsonMember> Take() && { return std::move(members_); }

 private:
  bool AtTop() const { return keys_.size() == 1 && arrays_ == 0; }
  void Fail(absl::string_view error) {
    if (error_.empty()) error_ = std::string(error);
  }
  // A value has ended: perhaps that of a member.
  void EndValue() {
    if (!AtTop()) return;
    member_.json = std::move(value_).Take();
    members_.insert_or_assign(key_, std::move(member_));
  }

  // The keys of each object this is inside of.
  std::vector<std::set<std::string>> keys_;
  // How many arrays this is inside of.
  std::size_t arrays_ = 0;
  std::string key_;
  JsonMember member_;
  CanonicalJsonEvents value_;
  std::map<std::string, JsonMember> members_;
  std::string error_;
};

}  // namespace

absl::StatusOr<JsonMembers> JsonMembers::Parse(absl::string_view json) {
  MemberReader reader;
  LexJson(json, reader);
  if (!reader.error().empty()) {
    return absl::InvalidArgumentError(reader.error());
  }
  JsonMembers members;
  members.members_ = std::move(reader).Take();
  return members;
}

std::optional<JsonMember> JsonMembers::Take(const std::string& key) {
  const auto found = members_.find(key);
  if (found == members_.end()) return std::nullopt;
  std::optional<JsonMember> member = std::move(found->second);
  members_.erase(found);
  return member;
}

}  // namespace airlock
