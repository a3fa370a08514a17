// Columns of text for people.
#pragma once

#include <string>
#include <vector>

namespace airlock::cli {

// Rows under a head, each column as wide as its widest cell. Cells are shown
// as they are given: untrusted text must have been escaped.
class Table {
 public:
  explicit Table(std::vector<std::string> head);

  // As many cells as the head has.
  void AddRow(std::vector<std::string> cells);

  // The lines, each with its newline. A table without rows is its head.
  std::string ToText() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace airlock::cli
