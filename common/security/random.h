// Unpredictable bytes.
#pragma once

#include <cstddef>
#include <string>

namespace airlock {

// `count` bytes from the operating system's generator. Thread-safe. Aborts if
// there is none: nothing could go on safely.
std::string RandomBytes(std::size_t count);

// A random UUID (version 4) in lower case.
std::string RandomUuid();

}  // namespace airlock
