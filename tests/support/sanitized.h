// How the program is built.
#pragma once

// GCC defines the first word, Clang has the feature.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AIRLOCK_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define AIRLOCK_ADDRESS_SANITIZER 1
#endif

namespace airlock {

// Whether AddressSanitizer is in it: it is several times as slow, keeps freed
// memory back on purpose and takes terabytes of addresses.
#ifdef AIRLOCK_ADDRESS_SANITIZER
inline constexpr bool kSanitized = true;
#undef AIRLOCK_ADDRESS_SANITIZER
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace airlock
