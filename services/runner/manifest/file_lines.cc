#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "services/runner/files/directory_stream.h"
#include "services/runner/manifest/lines.h"

namespace airlock::runner {
namespace {

constexpr std::size_t kLongestPath = 4096;

std::string Octal(mode_t mode) {
  std::string text;
  for (unsigned int left = mode & 07777U; left > 0; left >>= 3U) {
    text.insert(text.begin(), static_cast<char>('0' + (left & 7U)));
  }
  return text.empty() ? "0" : text;
}

std::string LinkTarget(const std::string& path) {
  std::array<char, kLongestPath> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) return "?";
  return PlainText({target.data(), static_cast<std::size_t>(size)},
                   kLongestPath);
}

// A folder's size and time are left out: they change with what was in it, and
// what is in it has lines of its own.
std::string LineOf(const std::string& path, const struct stat& status) {
  const std::string owner = " owner=" + std::to_string(status.st_uid) + ":" +
                            std::to_string(status.st_gid) +
                            " mode=" + Octal(status.st_mode);
  const std::string name = PlainText(path, kLongestPath);
  if (S_ISDIR(status.st_mode)) return "folder " + name + owner;
  if (S_ISLNK(status.st_mode)) {
    return "link " + name + owner + " to=" + LinkTarget(path);
  }
  const char* const kind = S_ISREG(status.st_mode) ? "file " : "special ";
  return kind + name + owner + " size=" + std::to_string(status.st_size) +
         " time=" + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

// Under such a name a folder could hide whatever is in it.
bool MayBeOwn(const struct stat& status) {
  return S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode);
}

// systemd names such folders anew with each start of the machine.
bool IsBootsOwn(const std::string& name, const struct stat& status) {
  return status.st_uid == 0 && S_ISDIR(status.st_mode) &&
         name.rfind("systemd-private-", 0) == 0;
}

}  // namespace

void AddFiles(const std::string& root, const OwnTraces& own,
              ManifestLines& lines) {
  struct stat top {};
  if (::lstat(root.c_str(), &top) != 0) return;
  lines.Add(LineOf(root, top));
  std::vector<std::string> folders;
  if (S_ISDIR(top.st_mode)) folders.push_back(root);
  while (!folders.empty() && !lines.full()) {
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    DirectoryStream stream(
        UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC |
                                            O_NOFOLLOW | O_NONBLOCK)));
    std::string name;
    int error = 0;
    while (stream.valid() && !lines.full() && stream.Next(name, error)) {
      const std::string path = folder + "/" + name;
      struct stat status {};
      if (::lstat(path.c_str(), &status) != 0 ||
          (own.Has(folder, name) && MayBeOwn(status)) ||
          IsBootsOwn(name, status)) {
        continue;
      }
      lines.Add(LineOf(path, status));
      if (S_ISDIR(status.st_mode) && status.st_dev == top.st_dev) {
        folders.push_back(path);
      }
    }
  }
}

}  // namespace airlock::runner
