#include "tests/integration/cli/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace airlock {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// A file in memory that holds `content`.
int MemoryFile(const std::string& content) {
  const int fd = memfd_create("airlock-test", MFD_CLOEXEC);
  EXPECT_EQ(write(fd, content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
  return fd;
}

std::string ReadToEnd(int fd) {
  std::string content;
  char buffer[4096];
  for (ssize_t got = read(fd, buffer, sizeof(buffer)); got > 0;
       got = read(fd, buffer, sizeof(buffer))) {
    content.append(buffer, static_cast<std::size_t>(got));
  }
  return content;
}

}  // namespace

ChildProcess::ChildProcess(
    const std::vector<std::string>& argv,
    const std::map<std::string, std::string>& environment,
    const std::string& input) {
  const int input_fd = MemoryFile(input);
  Start(argv, environment, input_fd);
  close(input_fd);
}

ChildProcess::ChildProcess(
    const std::vector<std::string>& argv,
    const std::map<std::string, std::string>& environment, int input_fd) {
  Start(argv, environment, input_fd);
}

void ChildProcess::Start(const std::vector<std::string>& argv,
                         const std::map<std::string, std::string>& environment,
                         int input_fd) {
  int out[2] = {-1, -1};
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  out_fd_ = out[0];
  err_fd_ = MemoryFile("");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input_fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err_fd_, STDERR_FILENO);
  std::vector<std::string> words = argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) {
    variables.push_back(name + "=" + value);
  }
  EXPECT_EQ(posix_spawn(&pid_, words[0].c_str(), &actions, nullptr,
                        Pointers(words).data(), Pointers(variables).data()),
            0);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_fd_);
  close(err_fd_);
}

void ChildProcess::ReadUntil(const std::string& text) {
  char byte = 0;
  while (out_.find(text) == std::string::npos && read(out_fd_, &byte, 1) == 1) {
    out_ += byte;
  }
}

void ChildProcess::Signal(int number) const { kill(pid_, number); }

ChildResult ChildProcess::Wait() {
  ChildResult result;
  result.out = out_ + ReadToEnd(out_fd_);
  int status = 0;
  EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
  pid_ = -1;
  result.code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  lseek(err_fd_, 0, SEEK_SET);
  result.err = ReadToEnd(err_fd_);
  return result;
}

}  // namespace airlock
