#include "tests/support/pipe_byte_stream.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

namespace airlock {
namespace {

// In the child, after a fork of a program with threads: system calls only.
[[noreturn]] void BecomeInit(char* const* argv, const NamespaceOptions& options,
                             const std::array<int, 3>& fds) {
  for (int i = 0; i < 3; ++i) {
    if (::dup2(fds[static_cast<std::size_t>(i)], i) < 0) ::_exit(120);
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("proc", "/proc", "proc", 0, nullptr) != 0) {
    ::_exit(121);
  }
  if (options.max_processes > 0) {
    const rlimit limit{options.max_processes, options.max_processes};
    if (::setrlimit(RLIMIT_NPROC, &limit) != 0) ::_exit(122);
  }
  if (options.most_open_files > 0) {
    const rlimit limit{options.open_files, options.most_open_files};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(125);
  }
  if (options.uid != 0 &&
      (::setgroups(0, nullptr) != 0 ||
       ::setresgid(options.uid, options.uid, options.uid) != 0 ||
       ::setresuid(options.uid, options.uid, options.uid) != 0)) {
    ::_exit(123);
  }
  ::execv(argv[0], argv);
  ::_exit(124);
}

void CloseFd(int& fd) {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PipeByteStream>>
PipeByteStream::StartInNamespace(const std::vector<std::string>& argv,
                                 const NamespaceOptions& options) {
  std::unique_ptr<PipeByteStream> stream(new PipeByteStream());
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 ||
      ::pipe2(out.data(), O_CLOEXEC) != 0 ||
      ::pipe2(err.data(), O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "pipe2");
  }
  stream->stdin_ = in[1];
  stream->stdout_ = out[0];
  stream->stderr_ = err[0];
  stream->wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::vector<char*> pointers;
  pointers.reserve(argv.size() + 1);
  for (const std::string& text : argv) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  const std::array<int, 3> theirs = {in[0], out[1], err[1]};
  const auto pid = static_cast<pid_t>(
      ::syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, nullptr,
                nullptr, nullptr, nullptr));
  if (pid == 0) BecomeInit(pointers.data(), options, theirs);
  const int error = errno;
  for (const int fd : theirs) ::close(fd);
  if (pid < 0) return absl::ErrnoToStatus(error, "clone");
  stream->pid_ = pid;
  for (const int fd : {stream->stdin_, stream->stdout_, stream->stderr_}) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  return stream;
}

PipeByteStream::~PipeByteStream() {
  Close();
  if (thread_.joinable()) thread_.join();
  if (pid_ > 0 && !exit_status_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  CloseFd(stdin_);
  CloseFd(stdout_);
  CloseFd(stderr_);
  CloseFd(wake_);
}

void PipeByteStream::Start(
    std::shared_ptr<executor::ByteStreamObserver> observer) {
  observer_ = std::move(observer);
  thread_ = std::thread([this] { Serve(); });
}

void PipeByteStream::Write(std::string data) {
  absl::MutexLock lock(&mutex_);
  if (closing_) return;
  pending_ += data;
  WriteSome();
  if (!pending_.empty()) Wake();
}

void PipeByteStream::Close() {
  absl::MutexLock lock(&mutex_);
  closing_ = true;
  Wake();
}

std::optional<int> PipeByteStream::WaitExit(absl::Duration limit) {
  if (exit_status_) return exit_status_;
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{fd, POLLIN, 0};
  const int count =
      ::poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(limit)));
  ::close(fd);
  int status = 0;
  if (count != 1 || ::waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  return exit_status_ = status;
}

void PipeByteStream::PauseReading(bool paused) {
  absl::MutexLock lock(&mutex_);
  paused_ = paused;
  Wake();
}

void PipeByteStream::Serve() {
  while (Turn()) {
  }
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    // The end of its input is how the program learns that we are gone.
    CloseFd(stdin_);
  }
  std::exchange(observer_, nullptr)->OnClosed(absl::OkStatus());
}

// Waits for something to do and does it. False at the end.
bool PipeByteStream::Turn() {
  std::array<pollfd, 4> fds;
  {
    absl::MutexLock lock(&mutex_);
    if (closing_) return false;
    fds = {pollfd{wake_, POLLIN, 0},
           pollfd{pending_.empty() ? -1 : stdin_, POLLOUT, 0},
           pollfd{paused_ ? -1 : stdout_, POLLIN, 0},
           pollfd{stderr_, POLLIN, 0}};
  }
  ::poll(fds.data(), fds.size(), -1);
  if (fds[0].revents != 0) {
    std::uint64_t count = 0;
    while (::read(wake_, &count, sizeof(count)) > 0) {
    }
  }
  if (fds[1].revents != 0) {
    absl::MutexLock lock(&mutex_);
    WriteSome();
  }
  if (fds[3].revents != 0 && !ReadFrom(stderr_, true)) CloseFd(stderr_);
  return fds[2].revents == 0 || ReadFrom(stdout_, false);
}

bool PipeByteStream::ReadFrom(int fd, bool diagnostic) {
  std::array<char, 64 << 10> buffer;
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  const absl::string_view data(buffer.data(), static_cast<std::size_t>(count));
  if (diagnostic) {
    observer_->OnDiagnostic(data);
  } else {
    observer_->OnData(data);
  }
  return true;
}

void PipeByteStream::WriteSome() {
  while (!pending_.empty()) {
    const ssize_t count = ::write(stdin_, pending_.data(), pending_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) {
      pending_.clear();  // it is gone: the end of its output tells so
      return;
    }
    pending_.erase(0, static_cast<std::size_t>(count));
  }
}

void PipeByteStream::Wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t count = ::write(wake_, &one, sizeof(one));
}

}  // namespace airlock
