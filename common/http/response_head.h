// The first lines of an HTTP/1.1 answer.
#pragma once

#include <cstddef>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/http/http_transport.h"

namespace airlock {

// The longest head that is accepted.
inline constexpr std::size_t kMaxResponseHeadBytes = std::size_t{64} * 1024;

// A head, and where the body begins.
struct ResponseHead {
  HttpResponse response;
  std::size_t size = 0;
};

// Reads a head from the beginning of `data`. No value: more bytes are needed.
// kInvalidArgument: it is not HTTP, or too long.
absl::StatusOr<std::optional<ResponseHead>> ParseResponseHead(
    absl::string_view data);

}  // namespace airlock
