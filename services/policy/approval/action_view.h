// What would run, as a human reads it.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "airlock/internal/v1/spec.pb.h"
#include "airlock/v1/approval.pb.h"

namespace airlock::policy {

// Renders the serialized ExecutionSpec `spec_bytes`, and nothing else: every
// field of it that is set, each in printable text (see
// common/text_escape/shown_text.h).
//
// At most about `max_bytes` of text. What does not fit is cut, `cut_bytes` says
// how much of the original text, and `complete` is false: nobody should approve
// from it. It is false too for bytes that are no ExecutionSpec, or that have
// fields this program does not know.
airlock::v1::ActionView RenderAction(absl::string_view spec_bytes,
                                     std::size_t max_bytes);

// What would run in one printable line of at most about 200 bytes, such as
// "system_command: rm -rf build". A cut ends in "...".
std::string SummarizeAction(const airlock::internal::v1::ExecutionSpec& spec);

}  // namespace airlock::policy
