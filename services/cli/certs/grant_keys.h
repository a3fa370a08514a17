// The keys of grants in a directory: one signs, one or more are accepted.
//
//   grant.key       the private key that signs; the policy service's
//   grant.key.next  the private key that will sign; only during a rotation
//   grant.pub       every public key whose grants executors accept
//
// A rotation has three steps, between which the files go to their services:
// prepare (executors accept the next key too), switch (the policy service signs
// with it), retire (executors accept nothing older). No step leaves a moment at
// which a grant that was just signed is refused, and one that was cut short may
// be repeated.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/security/ed25519.h"

namespace airlock::cli {

inline constexpr char kGrantKeyName[] = "grant.key";
inline constexpr char kNextGrantKeyName[] = "grant.key.next";
inline constexpr char kGrantPublicName[] = "grant.pub";

// What an accepted key is there for.
enum class GrantKeyUse { kSigns, kNext, kOld };

// One key.
struct GrantKeyFacts {
  // SHA-256 of the public key's DER form, hexadecimal.
  std::string fingerprint;
  GrantKeyUse use = GrantKeyUse::kOld;
  // Whether grant.pub has it.
  bool accepted = false;
};

// Makes grant.key, for its owner alone, and grant.pub, and the directory if it
// is missing. kAlreadyExists: one of them is there.
absl::Status InitGrantKeys(const std::string& directory);

// Makes the next key and adds its public key to grant.pub. If there is a next
// key already that stays the one. kNotFound: there are no keys;
// kFailedPrecondition: grant.pub lacks the key that signs, or is full.
absl::Status PrepareGrantKey(const std::string& directory);

// Makes the next key the one that signs; the old private key is gone then.
// kFailedPrecondition: none was prepared, or grant.pub lacks it.
absl::Status SwitchGrantKey(const std::string& directory);

// Takes every key out of grant.pub that neither signs nor is the next one, and
// returns how many those were. kFailedPrecondition: grant.pub lacks the key
// that signs.
absl::StatusOr<int> RetireGrantKeys(const std::string& directory);

// All keys: those of grant.pub in its order, then private ones it lacks.
absl::StatusOr<std::vector<GrantKeyFacts>> ListGrantKeys(
    const std::string& directory);

}  // namespace airlock::cli
