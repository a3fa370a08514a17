#include "common/rpc/unknown_fields.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"

namespace airlock {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// An error need not name more than this many: its trailer must stay small.
constexpr int kMaxNamed = 16;

std::string Join(const std::string& path, absl::string_view name) {
  return path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
}

class Finder {
 public:
  // Recursion ends: the parser bounds how deep messages are nested.
  void Visit(const Message& message, const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    const auto& unknown = reflection.GetUnknownFields(message);
    for (int i = 0; i < unknown.field_count() && found_ < kMaxNamed; ++i) {
      ++found_;
      violations_.Add(Join(path, absl::StrCat(unknown.field(i).number())),
                      absl::StrCat("must not be set: this version of ",
                                   message.GetDescriptor()->full_name(),
                                   " has no such field number"));
    }
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        VisitField(message, *field, Join(path, field->name()));
      }
    }
  }

  absl::Status ToStatus() const { return violations_.ToStatus(); }

 private:
  void VisitField(const Message& message, const FieldDescriptor& field,
                  const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    if (!field.is_repeated()) {
      Visit(reflection.GetMessage(message, &field), path);
      return;
    }
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      Visit(reflection.GetRepeatedMessage(message, &field, i),
            absl::StrCat(path, "[", i, "]"));
    }
  }

  FieldViolations violations_;
  int found_ = 0;
};

}  // namespace

absl::Status RefuseUnknownFields(const Message& message) {
  Finder finder;
  finder.Visit(message, "");
  return finder.ToStatus();
}

}  // namespace airlock
