#include "services/runner/files/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace airlock::runner {
namespace {

constexpr std::uint64_t kDirectory = O_PATH | O_DIRECTORY;

// The kernel gives up (EAGAIN) when something anywhere was renamed while it
// followed a "..", because it then cannot prove that it stayed below.
constexpr int kTries = 256;

}  // namespace

UniqueFd OpenBeneath(int directory, const std::string& path,
                     std::uint64_t flags, std::uint64_t mode,
                     std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int i = 0;; ++i) {
    UniqueFd fd(static_cast<int>(
        ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof(how))));
    if (fd.valid() || (errno != EAGAIN && errno != EINTR) || i >= kTries) {
      return fd;
    }
  }
}

UniqueFd MakeDirectories(int root, std::string_view relative, Sync sync,
                         std::string& failed) {
  // Each prefix is resolved from the root: an inner link that goes up and
  // stays inside is fine, and only the kernel can tell.
  failed = ".";
  UniqueFd directory = OpenBeneath(root, ".", kDirectory);
  for (std::size_t begin = 0; directory.valid() && begin < relative.size();) {
    const std::size_t end =
        std::min(relative.find('/', begin), relative.size());
    const std::string name(relative.substr(begin, end - begin));
    failed = relative.substr(0, end);
    begin = end + 1;
    UniqueFd next = OpenBeneath(root, failed, kDirectory);
    if (!next.valid() && errno == ENOENT) {
      if (::mkdirat(directory.get(), name.c_str(), 0755) != 0 &&
          errno != EEXIST) {
        return {};
      }
      if (sync == Sync::kYes && !SyncDirectory(directory.get())) return {};
      next = OpenBeneath(root, failed, kDirectory);
    }
    directory = std::move(next);
  }
  return directory;
}

bool SyncDirectory(int directory) {
  const UniqueFd readable(
      ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable.valid()) return false;
  return ::fsync(readable.get()) == 0 || errno == EINVAL;
}

}  // namespace airlock::runner
