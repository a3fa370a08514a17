#include "tests/integration/cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

namespace airlock {
namespace {

constexpr int kPatienceMilliseconds = 30'000;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Terminal::Terminal(const std::vector<std::string>& argv,
                   const std::map<std::string, std::string>& environment) {
  fd_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_EQ(grantpt(fd_), 0);
  EXPECT_EQ(unlockpt(fd_), 0);
  const int inner = open(ptsname(fd_), O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_GE(inner, 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_adddup2(&actions, inner, fd);
  }
  std::vector<std::string> words = argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) {
    variables.push_back(name + "=" + value);
  }
  EXPECT_EQ(posix_spawn(&pid_, words[0].c_str(), &actions, nullptr,
                        Pointers(words).data(), Pointers(variables).data()),
            0);
  posix_spawn_file_actions_destroy(&actions);
  close(inner);
}

Terminal::~Terminal() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(fd_);
}

bool Terminal::ReadMore() {
  pollfd ready = {fd_, POLLIN, 0};
  if (poll(&ready, 1, kPatienceMilliseconds) != 1) return false;
  char bytes[4096];
  // An error says that nobody has the other side any more.
  const ssize_t got = read(fd_, bytes, sizeof(bytes));
  if (got <= 0) return false;
  shown_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

void Terminal::ReadUntil(const std::string& text) {
  while (shown_.find(text) == std::string::npos) {
    ASSERT_TRUE(ReadMore()) << "no \"" << text << "\" in: " << shown_;
  }
  shown_.erase(0, shown_.find(text) + text.size());
}

void Terminal::Type(const std::string& keys) const {
  EXPECT_EQ(write(fd_, keys.data(), keys.size()),
            static_cast<ssize_t>(keys.size()));
}

int Terminal::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace airlock
