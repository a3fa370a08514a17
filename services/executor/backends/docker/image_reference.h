// The name of an image, as a registry and an engine understand it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::executor {

// "registry.example.com:5000/team/image:tag" in its parts.
struct ImageReference {
  // "docker.io" when the reference names none.
  std::string registry;
  // Everything before the tag or digest, as it was given.
  std::string name;
  // "latest" when the reference has neither a tag nor a digest.
  std::string tag;
  // "sha256:..." or "".
  std::string digest;
};

// kInvalidArgument: it is not a reference; the message says why.
absl::StatusOr<ImageReference> ParseImageReference(absl::string_view text);

}  // namespace airlock::executor
