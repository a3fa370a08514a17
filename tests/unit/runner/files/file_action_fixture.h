// The built `airlock-runner file` in a workspace of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/file_action/file_end.h"
#include "tests/support/temporary_directory.h"

namespace airlock::runner {

// How a file action went.
struct FileResult {
  // 128 and the signal if one killed it; -1: it hung.
  int exit_code = -1;
  std::string out;
  std::string err;

  friend std::ostream& operator<<(std::ostream& os, const FileResult& result);
};

MATCHER_P(EndsAs, end, "") { return arg.exit_code == static_cast<int>(end); }

// One file action, running. Killed when it goes.
class FileProcess {
 public:
  // Runs between fork and exec, still as root.
  using Prepare = std::function<void()>;

  FileProcess(const std::vector<std::string>& words, const Prepare& prepare);
  ~FileProcess();
  FileProcess(const FileProcess&) = delete;
  FileProcess& operator=(const FileProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Blocks until it has read all but what fits into a pipe.
  void Send(const std::string& content) const;
  void CloseInput();
  void Kill();
  bool Ended();
  // Closes its input, and reads to the end of what it writes.
  FileResult Finish();

 private:
  void Collect(FileResult& result) const;

  pid_t pid_ = -1;
  int stdin_ = -1;
  int stdout_ = -1;
  int stderr_ = -1;
  std::optional<int> exit_code_;
};

// The workspace belongs to the user it runs as; `outside_` is beside it.
// Needs root: for that user, and for mounts of its own.
class FileActionTest : public testing::Test {
 protected:
  FileActionTest();
  ~FileActionTest() override;

  // Words as behind `airlock-runner file`.
  FileResult Run(std::vector<std::string> words,
                 const std::string& content = "");
  FileResult Read(const std::string& path) {
    return Run({"read", "--path", path});
  }
  FileResult Write(const std::string& path, const std::string& content,
                   std::vector<std::string> options = {});
  FileResult Append(const std::string& path, const std::string& content) {
    return Write(path, content, {"--existing", "append"});
  }
  std::vector<std::string> WriteWords(const std::string& path, std::size_t size,
                                      std::vector<std::string> options);
  std::vector<std::string> Complete(std::vector<std::string> words) const;

  // As if the workspace's user had made them.
  void MakeFile(const std::string& path, const std::string& content);
  void MakeDirectory(const std::string& path);
  void MakeLink(const std::string& target, const std::string& path);
  // What is at a path of the workspace.
  std::string Content(const std::string& path) const;
  unsigned Mode(const std::string& path) const;
  bool Exists(const std::string& path) const;
  std::vector<std::string> Names(const std::string& directory) const;

  // Puts an empty file system of `options` over a directory of the workspace;
  // nobody but this test sees it.
  void MountTmpfs(const std::string& path, const std::string& options);
  // Shows a directory of the workspace in another place, too.
  void BindMount(const std::string& from, const std::string& path);

  TemporaryDirectory folder_;
  const std::string workspace_ = folder_ / "workspace";
  const std::string outside_ = folder_ / "outside";
  // For the next processes.
  FileProcess::Prepare prepare_;

 private:
  std::string Absolute(const std::string& path) const {
    return workspace_ + "/" + path;
  }

  void Mount(const std::string& source, const std::string& path,
             const char* type, std::uint64_t flags, const std::string& options);

  std::vector<std::string> mounts_;
};

}  // namespace airlock::runner
