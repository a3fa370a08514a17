// Nothing that will run may be missing in what is shown: every field that the
// schema has, also one that is added later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "services/policy/approval/action_view.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ExecutionSpec;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kPlenty = 1 << 20;

// One value to look for: it takes its path in a spec, sets it there, and says
// what must be seen.
struct Leaf {
  std::string path;
  std::function<void(Message&)> set;
  std::function<void(Message&)> clear;
  std::string seen;
};

std::string ShownNumber(const FieldDescriptor& field, unsigned number) {
  return field.name() == "mode" ? absl::StrFormat("%04o", number)
                                : absl::StrCat(number);
}

// Sets a scalar, which may be an element of a list.
void SetScalar(Message& message, const FieldDescriptor& field,
               unsigned number) {
  const auto* reflection = message.GetReflection();
  const bool list = field.is_repeated();
  const std::string text = absl::StrCat("text", number);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return list ? reflection->AddString(&message, &field, text)
                  : reflection->SetString(&message, &field, text);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->SetUInt32(&message, &field, number);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->SetUInt64(&message, &field, number);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->SetBool(&message, &field, true);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection->SetEnumValue(&message, &field, 2);
    default:
      FAIL() << field.full_name() << " has a type this test does not know";
  }
}

// Makes the message that the field holds, or a new element of it.
Message* Enter(Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  return field.is_repeated() ? reflection->AddMessage(&message, &field)
                             : reflection->MutableMessage(&message, &field);
}

// Numbers that no other field of the test has, nor a part of its text.
unsigned NextNumber() {
  static unsigned number = 1007;
  return number += 11;
}

void Collect(const google::protobuf::Descriptor& type,
             const std::vector<const FieldDescriptor*>& above,
             std::vector<Leaf>& leaves) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    std::vector<const FieldDescriptor*> path = above;
    path.push_back(&field);
    const bool message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const bool duration = message && field.message_type()->full_name() ==
                                         "google.protobuf.Duration";
    if (message && !duration) {
      Collect(*field.message_type(), path, leaves);
      continue;
    }
    const unsigned number = NextNumber();
    Leaf leaf;
    for (const FieldDescriptor* step : path) {
      absl::StrAppend(&leaf.path, ".", step->name());
    }
    const auto walk = [path](Message& spec) {
      Message* at = &spec;
      for (std::size_t step = 0; step + 1 < path.size(); ++step) {
        at = Enter(*at, *path[step]);
      }
      return at;
    };
    leaf.clear = [walk](Message& spec) { walk(spec); };
    leaf.set = [walk, &field, duration, number](Message& spec) {
      Message* at = walk(spec);
      if (!duration) return SetScalar(*at, field, number);
      Message* value = Enter(*at, field);
      value->GetReflection()->SetInt64(
          value, value->GetDescriptor()->FindFieldByName("seconds"), 59);
    };
    if (duration) {
      leaf.seen = "59s";
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      leaf.seen = absl::StrCat("text", number);
    } else if (field.cpp_type() != FieldDescriptor::CPPTYPE_BOOL &&
               field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM) {
      leaf.seen = ShownNumber(field, number);
    }
    leaves.push_back(std::move(leaf));
  }
}

std::string TextOf(const ExecutionSpec& spec) {
  std::string text;
  const airlock::v1::ActionView view =
      RenderAction(spec.SerializeAsString(), kPlenty);
  for (const airlock::v1::ViewField& field : view.fields()) {
    absl::StrAppend(&text, field.name(), ": ", field.text(), "\n");
  }
  // Processors are shown as 1.007.
  return absl::StrReplaceAll(text, {{".", ""}});
}

TEST(SpecCoverageTest, EveryFieldOfASpecIsShown) {
  std::vector<Leaf> leaves;
  Collect(*ExecutionSpec::descriptor(), {}, leaves);
  ASSERT_GT(leaves.size(), 50);

  for (const Leaf& leaf : leaves) {
    SCOPED_TRACE(leaf.path);
    ExecutionSpec without;
    leaf.clear(without);
    ExecutionSpec with;
    leaf.set(with);

    EXPECT_NE(TextOf(with), TextOf(without));
    EXPECT_THAT(TextOf(with), testing::HasSubstr(leaf.seen));
  }
}

}  // namespace
}  // namespace airlock::policy
