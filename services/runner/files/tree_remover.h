// A directory with all that is in it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "services/runner/files/directory_stream.h"
#include "services/runner/files/file_error.h"

namespace airlock::runner {

// Removes a tree of any depth with a bounded number of descriptors and without
// recursion. Follows no symbolic link and enters nothing that is mounted. Stops
// at the first thing that cannot be removed: what is gone is gone then.
//
// What others put in meanwhile is removed, too; somebody who never stops is
// answered with kNotEmpty.
class TreeRemover {
 public:
  // Directories that are kept open on the way down. The ones above are opened
  // again through ".." and must be the same.
  static constexpr std::size_t kMaxOpen = 32;
  // A directory is looked through again when it is not empty in the end.
  static constexpr int kMaxPasses = 16;

  // `parent` must outlive this; `path` is what the errors call the tree.
  TreeRemover(int parent, std::string path)
      : parent_(parent), path_(std::move(path)) {}

  FileError Remove(const std::string& name);

 private:
  // A directory on the way down.
  struct Level {
    std::string name;
    dev_t device = 0;
    ino_t inode = 0;
    // Not valid: closed, because too many were open.
    DirectoryStream entries;
    int passes = 1;
  };

  FileError Enter(int parent, const std::string& name);
  FileError RemoveEntries();
  FileError LeaveEmpty();
  FileError Reopen(const Level& child, Level& parent) const;
  FileError Failure(int error, const std::string& name) const;

  const int parent_;
  const std::string path_;
  // What memory grows with; the file system's inodes bound it.
  std::vector<Level> levels_;
};

}  // namespace airlock::runner
