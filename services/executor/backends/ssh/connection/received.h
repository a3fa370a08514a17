// What a program on a host wrote.
#pragma once

#include <cstddef>

namespace airlock::executor {

// Where a program writes.
enum class Source { kOutput = 0, kErrors = 1 };

// Some bytes of one stream. None: both streams ended.
struct Received {
  Source source = Source::kOutput;
  std::size_t size = 0;
};

}  // namespace airlock::executor
