#include "tests/unit/runner/files/file_action_fixture.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace airlock::runner {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr uid_t kUser = 65534;
constexpr std::chrono::seconds kPatience{30};

std::array<int, 2> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  return ends;
}

// The program is opened as root: its folder may be closed for others.
[[noreturn]] void BecomeProgram(std::vector<std::string> argv, int in, int out,
                                int err, const FileProcess::Prepare& prepare) {
  const int program = ::open(AIRLOCK_RUNNER, O_PATH | O_CLOEXEC);
  std::vector<char*> pointers;
  for (std::string& arg : argv) pointers.push_back(arg.data());
  pointers.push_back(nullptr);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  if (prepare) prepare();
  if (::setgroups(0, nullptr) == 0 && ::setresgid(kUser, kUser, kUser) == 0 &&
      ::setresuid(kUser, kUser, kUser) == 0) {
    ::fexecve(program, pointers.data(), environ);
  }
  ::_exit(126);
}

void CloseAt(int& fd) {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

}  // namespace

std::ostream& operator<<(std::ostream& os, const FileResult& result) {
  return os << "exit code " << result.exit_code << ", said " << result.err;
}

FileProcess::FileProcess(const std::vector<std::string>& words,
                         const Prepare& prepare) {
  std::vector<std::string> argv = {"airlock-runner", "file"};
  argv.insert(argv.end(), words.begin(), words.end());
  auto in = MakePipe();
  auto out = MakePipe();
  auto err = MakePipe();
  pid_ = ::fork();
  if (pid_ == 0) BecomeProgram(argv, in[0], out[1], err[1], prepare);
  for (const int fd : {in[0], out[1], err[1]}) ::close(fd);
  stdin_ = in[1];
  stdout_ = out[0];
  stderr_ = err[0];
  ::signal(SIGPIPE, SIG_IGN);
  if (pid_ < 0) throw std::runtime_error("fork");
}

FileProcess::~FileProcess() {
  Kill();
  for (int* fd : {&stdin_, &stdout_, &stderr_}) CloseAt(*fd);
}

void FileProcess::Send(const std::string& content) const {
  std::string_view left = content;
  while (!left.empty()) {
    const ssize_t count = ::write(stdin_, left.data(), left.size());
    // It may have said no already.
    if (count < 0) return;
    left.remove_prefix(static_cast<std::size_t>(count));
  }
}

void FileProcess::Kill() {
  if (!Ended()) ::kill(pid_, SIGKILL);
  while (!Ended()) std::this_thread::yield();
}

bool FileProcess::Ended() {
  int status = 0;
  if (!exit_code_.has_value() && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    exit_code_ =
        WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return exit_code_.has_value();
}

void FileProcess::Collect(FileResult& result) const {
  const Clock::time_point give_up = Clock::now() + kPatience;
  std::array<pollfd, 2> fds = {{{stdout_, POLLIN, 0}, {stderr_, POLLIN, 0}}};
  std::vector<char> buffer(64 << 10);
  while ((fds[0].fd >= 0 || fds[1].fd >= 0) && Clock::now() < give_up) {
    ::poll(fds.data(), fds.size(), 100);
    for (pollfd& fd : fds) {
      if (fd.fd < 0 || fd.revents == 0) continue;
      const ssize_t count = ::read(fd.fd, buffer.data(), buffer.size());
      std::string& text = fd.fd == stdout_ ? result.out : result.err;
      if (count <= 0) {
        fd.fd = -1;
      } else {
        text.append(buffer.data(), static_cast<std::size_t>(count));
      }
    }
  }
}

void FileProcess::CloseInput() { CloseAt(stdin_); }

FileResult FileProcess::Finish() {
  CloseInput();
  FileResult result;
  Collect(result);
  const Clock::time_point give_up = Clock::now() + kPatience;
  while (!Ended() && Clock::now() < give_up) std::this_thread::yield();
  result.exit_code = exit_code_.value_or(-1);
  return result;
}

FileActionTest::FileActionTest() {
  if (::geteuid() != 0) throw std::runtime_error("another user needs root");
  fs::permissions(folder_.path(), fs::perms::others_exec |
                                      fs::perms::others_read |
                                      fs::perms::owner_all);
  fs::create_directory(outside_);
  fs::create_directory(workspace_);
  ::chown(outside_.c_str(), kUser, kUser);
  ::chown(workspace_.c_str(), kUser, kUser);
}

FileActionTest::~FileActionTest() {
  for (const std::string& mount : mounts_) ::umount2(mount.c_str(), MNT_DETACH);
}

std::vector<std::string> FileActionTest::Complete(
    std::vector<std::string> words) const {
  words.insert(words.end(), {"--workspace", workspace_});
  return words;
}

FileResult FileActionTest::Run(std::vector<std::string> words,
                               const std::string& content) {
  FileProcess process(Complete(std::move(words)), prepare_);
  process.Send(content);
  return process.Finish();
}

std::vector<std::string> FileActionTest::WriteWords(
    const std::string& path, std::size_t size,
    std::vector<std::string> options) {
  std::vector<std::string> words = {"write", "--path", path, "--size",
                                    std::to_string(size)};
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

FileResult FileActionTest::Write(const std::string& path,
                                 const std::string& content,
                                 std::vector<std::string> options) {
  return Run(WriteWords(path, content.size(), std::move(options)), content);
}

void FileActionTest::MakeFile(const std::string& path,
                              const std::string& content) {
  std::ofstream(Absolute(path), std::ios::binary) << content;
  ASSERT_EQ(::chown(Absolute(path).c_str(), kUser, kUser), 0) << path;
}

void FileActionTest::MakeDirectory(const std::string& path) {
  ASSERT_EQ(::mkdir(Absolute(path).c_str(), 0755), 0) << path;
  ASSERT_EQ(::chown(Absolute(path).c_str(), kUser, kUser), 0) << path;
}

void FileActionTest::MakeLink(const std::string& target,
                              const std::string& path) {
  ASSERT_EQ(::symlink(target.c_str(), Absolute(path).c_str()), 0) << path;
}

std::string FileActionTest::Content(const std::string& path) const {
  std::ifstream file(Absolute(path), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

unsigned FileActionTest::Mode(const std::string& path) const {
  struct stat status {};
  EXPECT_EQ(::lstat(Absolute(path).c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

bool FileActionTest::Exists(const std::string& path) const {
  return fs::exists(fs::symlink_status(Absolute(path)));
}

std::vector<std::string> FileActionTest::Names(
    const std::string& directory) const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(Absolute(directory))) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

void FileActionTest::MountTmpfs(const std::string& path,
                                const std::string& options) {
  const std::string owner =
      ",uid=" + std::to_string(kUser) + ",gid=" + std::to_string(kUser);
  Mount("tmpfs", path, "tmpfs", 0, options + owner);
}

void FileActionTest::BindMount(const std::string& from,
                               const std::string& path) {
  Mount(Absolute(from), path, nullptr, MS_BIND, "");
}

void FileActionTest::Mount(const std::string& source, const std::string& path,
                           const char* type, std::uint64_t flags,
                           const std::string& options) {
  static const bool own_mounts =
      ::unshare(CLONE_NEWNS) == 0 &&
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  ASSERT_TRUE(own_mounts);
  ASSERT_EQ(::mount(source.c_str(), Absolute(path).c_str(), type, flags,
                    options.c_str()),
            0);
  mounts_.push_back(Absolute(path));
}

}  // namespace airlock::runner
