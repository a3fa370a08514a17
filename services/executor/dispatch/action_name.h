// The kind of an action as the configuration writes it.
#pragma once

#include "absl/strings/string_view.h"
#include "airlock/v1/action.pb.h"

namespace airlock::executor {

// The name of the field that is set, which is the kind's word: "code_exec".
// "none" if none is set.
inline absl::string_view ActionName(const airlock::v1::Action& action) {
  const auto* field =
      airlock::v1::Action::descriptor()->FindFieldByNumber(action.kind_case());
  if (field == nullptr) return "none";
  return field->name();
}

}  // namespace airlock::executor
