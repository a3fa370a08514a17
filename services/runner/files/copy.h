// Bytes from one descriptor to another.
#pragma once

#include <cstdint>
#include <string_view>

namespace airlock::runner {

// How far it came.
struct Copied {
  std::uint64_t bytes = 0;
  // The errno of the side that failed; both 0: `most` bytes, or the end.
  int read_error = 0;
  int write_error = 0;

  bool ok() const { return read_error == 0 && write_error == 0; }
};

// Copies up to `most` bytes in constant memory.
Copied Copy(int from, int to, std::uint64_t most);

// Writes all of `data`. 0, or the errno.
int WriteAll(int to, std::string_view data);

}  // namespace airlock::runner
