// What is known of one thing, for people.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace airlock::cli {

// Lines of a name and a value. Values are shown as they are given: untrusted
// text must have been escaped.
class FactList {
 public:
  // A fact without a value is left out.
  void Add(absl::string_view name, absl::string_view value);

  // The lines, each with its newline.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace airlock::cli
