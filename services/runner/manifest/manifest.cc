#include "services/runner/manifest/manifest.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/runner/complain.h"
#include "services/runner/manifest/lines.h"
#include "services/runner/runner_name.h"

namespace airlock::runner {
namespace {

constexpr int kFailed = 2;
constexpr std::array<const char*, 12> kRoots{
    "/bin",          "/dev/shm",
    "/etc",          "/sbin",
    "/tmp",          "/usr/bin",
    "/usr/local",    "/usr/sbin",
    "/var/tmp",      "/var/lib/systemd/linger",
    "/var/spool/at", "/var/spool/cron"};

struct Arguments {
  std::string mark;
  std::string executor;
  std::vector<std::string> roots;
};

bool ReadArguments(int argc, char** argv, Arguments& out) {
  for (int i = 0; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--mark") {
      out.mark = argv[i + 1];
    } else if (option == "--executor") {
      out.executor = argv[i + 1];
    } else if (option == "--root") {
      out.roots.emplace_back(argv[i + 1]);
    } else {
      return false;
    }
  }
  return argc % 2 == 0 && !out.mark.empty() && !out.executor.empty();
}

OwnTraces FindOwnTraces(const std::string& executor) {
  const std::string self = OwnProgram();
  if (self.empty()) return {};
  return {self.substr(0, self.rfind('/')),
          {executor + ".sock", executor + ".lock", executor + ".log"}};
}

std::vector<std::string> DefaultRoots() {
  std::vector<std::string> roots(kRoots.begin(), kRoots.end());
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/' && home[1] != '\0') {
    roots.emplace_back(home);
  }
  return roots;
}

bool WriteAll(std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(STDOUT_FILENO, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace

void ManifestLines::Add(std::string line) {
  if (bytes_ + line.size() + 1 > kMaxBytes) full_ = true;
  if (full_) return;
  bytes_ += line.size() + 1;
  lines_.push_back(std::move(line));
}

std::vector<std::string> ManifestLines::TakeSorted() {
  std::sort(lines_.begin(), lines_.end());
  return std::exchange(lines_, {});
}

bool OwnTraces::Has(std::string_view directory, std::string_view name) const {
  return directory == folder &&
         (IsRunnerName(name) ||
          std::find(names.begin(), names.end(), name) != names.end());
}

std::string PlainText(std::string_view text, std::size_t limit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string plain;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (plain.size() + 4 > limit) break;
    if (byte > ' ' && byte < 0x7f && letter != '\\') {
      plain.push_back(letter);
      continue;
    }
    plain += "\\x";
    plain.push_back(kDigits[byte >> 4U]);
    plain.push_back(kDigits[byte & 15U]);
  }
  return plain;
}

int ManifestMain(int argc, char** argv) {
  Arguments arguments;
  if (!ReadArguments(argc, argv, arguments)) {
    Complain("manifest needs --mark MARK --executor ID [--root PATH]...");
    return kFailed;
  }
  const OwnTraces own = FindOwnTraces(arguments.executor);
  if (arguments.roots.empty()) arguments.roots = DefaultRoots();
  ManifestLines lines;
  // First, so that files cannot crowd them out.
  AddProcesses(lines);
  AddListeners(lines);
  for (const std::string& root : arguments.roots) AddFiles(root, own, lines);
  if (lines.full()) {
    Complain("there is more than a manifest may hold");
    return kFailed;
  }
  std::string text = "begin " + arguments.mark + "\n";
  for (const std::string& line : lines.TakeSorted()) text += line + "\n";
  text += "end " + arguments.mark + "\n";
  return WriteAll(text) ? 0 : kFailed;
}

}  // namespace airlock::runner
