#include "services/runner/probe/fact.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace airlock::runner {
namespace {

bool IsPlain(char c) { return c > ' ' && c < 0x7f; }

}  // namespace

Fact& Fact::Add(std::string_view key, std::string_view value) {
  line_.append(" ").append(key).append("=");
  for (const char c : value) line_.push_back(IsPlain(c) ? c : '?');
  return *this;
}

Fact& Fact::Add(std::string_view key, std::uint64_t value) {
  return Add(key, std::to_string(value));
}

Fact& Fact::AddError(std::string_view key, int error) {
  if (error == 0) return Add(key, "none");
  const char* const name = ::strerrorname_np(error);
  return name == nullptr ? Add(key, static_cast<std::uint64_t>(error))
                         : Add(key, std::string_view(name));
}

void Fact::Tell() const {
  const std::string text = line_ + "\n";
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t count = ::write(1, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    // Who does not hear it takes it for missing.
    if (count <= 0) return;
    left.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace airlock::runner
