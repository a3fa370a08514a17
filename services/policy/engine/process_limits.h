// Whether what a process would get could be given to one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "airlock/v1/action.pb.h"
#include "common/status/error.h"

namespace airlock::policy {

// Adds a violation at `field` unless `text` is UTF-8 without NUL bytes, of at
// most `max_bytes`. Whether it passed.
bool CheckText(absl::string_view text, std::size_t max_bytes,
               const std::string& field, FieldViolations& violations);

// Arguments of a process: how many, how long, and as CheckText.
void CheckArgs(const google::protobuf::RepeatedPtrField<std::string>& args,
               const std::string& field, FieldViolations& violations);

// stdin, env, cwd and files.
void CheckProcessInput(const airlock::v1::ProcessInput& input,
                       const std::string& field, FieldViolations& violations);

// Permission bits; 0 means unset.
void CheckMode(std::uint32_t mode, const std::string& field,
               FieldViolations& violations);

}  // namespace airlock::policy
