// Any file is taken, and each line stands for itself: what is found for a name
// is what its lines say one by one, with keys that can be written down and
// found again, and never because of a line that says nothing.
//
// The first line is the name that is asked for, the rest is the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "services/executor/backends/ssh/connection/known_hosts.h"

namespace {

using airlock::executor::FindKnownKeys;
using airlock::executor::KnownKey;

void Require(bool holds) {
  if (!holds) std::abort();
}

bool AreSame(const KnownKey& left, const KnownKey& right) {
  return left.key == right.key && left.revoked == right.revoked;
}

// The line that a key would be known by, for a name that is no pattern.
void CanBeKnownAgain(const KnownKey& known) {
  Require(!known.key.type().empty());
  const std::string line = absl::StrCat(known.revoked ? "@revoked " : "",
                                        "example.org ", known.key.text());
  const std::vector<KnownKey> again = FindKnownKeys(line, "f", "example.org");
  Require(again.size() == 1 && AreSame(again[0], known));
  Require(FindKnownKeys(line, "f", "example.com").empty());
  Require(
      FindKnownKeys(absl::StrCat("#* ", known.key.text()), "f", "#x").empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(bytes, absl::MaxSplits('\n', 1));
  const auto [name, text] = parts;
  std::vector<KnownKey> alone;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    for (KnownKey& known : FindKnownKeys(line, "f", name)) {
      Require(known.source == "f:1");
      known.source = absl::StrCat("f:", number);
      alone.push_back(std::move(known));
    }
  }
  const std::vector<KnownKey> all = FindKnownKeys(text, "f", name);
  Require(all.size() == alone.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    Require(all[i].source == alone[i].source && AreSame(all[i], alone[i]));
    CanBeKnownAgain(all[i]);
  }
  return 0;
}
