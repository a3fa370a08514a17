#include "tests/integration/policy/ledger.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace airlock::policy {

Ledger::Ledger(const std::string& path)
    : path_(path),
      fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                 0600)) {
  EXPECT_GE(fd_, 0) << path;
}

Ledger::~Ledger() { ::close(fd_); }

void Ledger::Write(const Line& line) {
  // One call: a kill comes before it or after it.
  const std::string text = absl::StrJoin(line, " ") + "\n";
  const ssize_t written = ::write(fd_, text.data(), text.size());
  EXPECT_EQ(written, static_cast<ssize_t>(text.size()));
}

std::vector<Ledger::Line> Ledger::Read() const {
  std::ifstream file(path_);
  std::vector<Line> lines;
  for (std::string text; std::getline(file, text);) {
    lines.push_back(absl::StrSplit(text, ' '));
  }
  return lines;
}

}  // namespace airlock::policy
