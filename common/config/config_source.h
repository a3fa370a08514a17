// Where a configuration comes from, to read it again.
#pragma once

#include <functional>
#include <string>

#include "common/config/config_file.h"

namespace airlock {

// A file, and how it is read. Copyable.
struct ConfigSource {
  // The file whose change is a reason to read it again. Empty: none is watched.
  std::string path;
  // Reads the configuration as it was read at the start, defaults that only the
  // program knows included. Blocks on the file system. Unset: it is read once
  // and never again.
  std::function<ConfigReading()> read;
};

// The source of a plain file.
inline ConfigSource FileSource(const std::string& path) {
  return {path, [path] { return ReadConfigFile(path); }};
}

}  // namespace airlock
