// Parts of a manifest: each adds lines of what it finds.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::runner {

// Lines, each without its end, at most kMaxBytes of them: then it is full and
// takes no more, and what it holds is not the whole truth.
class ManifestLines {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{8} << 20;

  void Add(std::string line);
  bool full() const { return full_; }
  std::vector<std::string> TakeSorted();

 private:
  std::vector<std::string> lines_;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

// What the uploaded runner itself leaves on a machine: beside these names, the
// runners of all versions.
struct OwnTraces {
  // Its folder.
  std::string folder;
  // Names in the folder.
  std::vector<std::string> names;

  bool Has(std::string_view directory, std::string_view name) const;
};

// What lies at and below `root`, links not followed, other file systems not
// entered. Nothing where nothing is.
void AddFiles(const std::string& root, const OwnTraces& own,
              ManifestLines& lines);

// Processes of this account, but this one, those it descends from and those of
// the same program.
void AddProcesses(ManifestLines& lines);

// Sockets of this account that wait for others, TCP and UDP.
void AddListeners(ManifestLines& lines);

// `text` in printable ASCII without spaces, cut to `limit` bytes.
std::string PlainText(std::string_view text, std::size_t limit);

}  // namespace airlock::runner
