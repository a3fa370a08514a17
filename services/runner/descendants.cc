#include "services/runner/descendants.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <string_view>
#include <system_error>

#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

// What getdents64 writes.
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
};
constexpr std::size_t kNameOffset = 19;

// -1: no number.
pid_t NumberIn(std::string_view word) {
  pid_t number = -1;
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  return whole ? number : -1;
}

// What matters of /proc/PID/stat: "12 (any) name) S 7 ...".
struct Stat {
  pid_t parent = -1;
  bool ended = true;
};

// Cuts the next of the words that a space separates off `text`.
std::string_view TakeWord(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

Stat ReadStat(int process_fd) {
  constexpr int kWordsToThreads = 15;
  const UniqueFd file(::openat(process_fd, "stat", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return {};
  std::array<char, 512> buffer;
  const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
  if (size <= 0) return {};
  std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  // The name may hold anything; nothing behind it holds a parenthesis.
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string_view::npos) return {};
  text.remove_prefix(name_end + 2);
  const std::string_view state = TakeWord(text);
  Stat stat{.parent = NumberIn(TakeWord(text))};
  for (int i = 0; i < kWordsToThreads; ++i) TakeWord(text);
  // A process whose first thread has ended looks like a zombie, and runs.
  const bool has_threads = NumberIn(TakeWord(text)) > 1;
  stat.ended = (state == "Z" || state == "X") && !has_threads;
  return stat;
}

}  // namespace

Descendants::Descendants(int proc_fd) : proc_fd_(proc_fd), root_(::getpid()) {}

std::uint32_t Descendants::Signal(int signal) {
  std::uint32_t found = 0;
  known_size_ = 0;
  ::lseek(proc_fd_, 0, SEEK_SET);
  alignas(DirectoryEntry) std::array<char, 4096> buffer;
  while (true) {
    const auto size =
        ::syscall(SYS_getdents64, proc_fd_, buffer.data(), buffer.size());
    if (size <= 0) return found;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      DirectoryEntry entry{};
      std::memcpy(&entry, buffer.data() + at, kNameOffset);
      const pid_t pid = NumberIn(buffer.data() + at + kNameOffset);
      if (pid > 0 && Visit(pid, signal)) ++found;
      at += entry.size;
    }
  }
}

// Whether it is one of them and lives. A child mostly has a higher id than its
// parent, and /proc lists them in their order: so one look mostly sees all.
bool Descendants::Visit(pid_t pid, int signal) {
  std::array<char, 16> name = {};
  std::to_chars(name.data(), name.data() + name.size() - 1, pid);
  // Holds on to the process, not to its id.
  const UniqueFd process(
      ::openat(proc_fd_, name.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!process.valid()) return false;
  const Stat stat = ReadStat(process.get());
  const std::span known(known_.data(), known_size_);
  if (stat.parent != root_ && !std::ranges::binary_search(known, stat.parent)) {
    return false;
  }
  if (known_size_ < kMaxKnown) known_[known_size_++] = pid;
  if (stat.ended) return false;
  if (signal != 0) {
    ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
  }
  return true;
}

}  // namespace airlock::runner
