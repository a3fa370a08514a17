#include "services/cli/render/fact_list.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace airlock::cli {
namespace {

constexpr std::size_t kNameWidth = 13;

}  // namespace

void FactList::Add(absl::string_view name, absl::string_view value) {
  if (value.empty()) return;
  const std::size_t width = std::max(kNameWidth, name.size() + 2);
  absl::StrAppend(&text_, name, ":", std::string(width - name.size() - 1, ' '),
                  value, "\n");
}

}  // namespace airlock::cli
