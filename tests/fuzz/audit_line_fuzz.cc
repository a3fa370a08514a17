// Any line is either refused with a reason, or an item of the audit that is
// written and read again as the same one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/audit_chain/audit_ndjson.h"
#include "common/status/error.h"

namespace {

// Nothing in an item has two serializations: it has no maps.
std::string BytesOf(const airlock::AuditItem& item) {
  return std::visit([](const auto& it) { return it.SerializeAsString(); },
                    item);
}

std::string LineOf(const airlock::AuditItem& item) {
  return std::visit([](const auto& it) { return airlock::AuditLine(it); },
                    item);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const absl::string_view line(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<airlock::AuditItem> item = airlock::ParseAuditLine(line);
  if (!item.ok()) {
    if (airlock::ErrorReason(item.status()).empty()) std::abort();
    return 0;
  }
  const absl::StatusOr<airlock::AuditItem> again =
      airlock::ParseAuditLine(LineOf(*item));
  if (!again.ok() || BytesOf(*again) != BytesOf(*item)) std::abort();
  return 0;
}
