#include "services/policy/dispatch/executor_hello.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

constexpr std::size_t kBootNonceBytes = 16;
// It is remembered and told: more than this is no executor's.
constexpr std::size_t kMaxTextBytes = 128;
constexpr int kMaxLabels = 64;
constexpr std::size_t kMaxLabelBytes = 256;

void CheckText(const std::string& text, const std::string& field,
               FieldViolations& violations) {
  if (text.size() > kMaxTextBytes) {
    violations.Add(field, absl::StrCat("must have at most ", kMaxTextBytes,
                                       " bytes: got ", text.size()));
  }
}

void CheckLabels(const airlock::internal::v1::Hello& hello,
                 FieldViolations& violations) {
  if (hello.labels_size() > kMaxLabels) {
    violations.Add("hello.labels", absl::StrCat("must be at most ", kMaxLabels,
                                                ": got ", hello.labels_size()));
  }
  for (const auto& [name, value] : hello.labels()) {
    if (name.size() + value.size() <= kMaxLabelBytes) continue;
    violations.Add("hello.labels",
                   absl::StrCat("each must have at most ", kMaxLabelBytes,
                                " bytes: got ", name.size() + value.size()));
  }
}

}  // namespace

absl::Status CheckHello(const airlock::internal::v1::Hello& hello) {
  if (hello.protocol_version() != kProtocolVersion) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "PROTOCOL_VERSION",
        absl::StrCat("hello.protocol_version must be ", kProtocolVersion,
                     ": got ", hello.protocol_version()));
  }
  FieldViolations violations;
  if (hello.executor_id().empty()) {
    violations.Add("hello.executor_id", "must not be empty");
  }
  if (hello.boot_nonce().size() != kBootNonceBytes) {
    violations.Add("hello.boot_nonce",
                   absl::StrCat("must have ", kBootNonceBytes, " bytes: got ",
                                hello.boot_nonce().size()));
  }
  if (hello.backend().empty()) {
    violations.Add("hello.backend", "must not be empty");
  }
  CheckText(hello.executor_id(), "hello.executor_id", violations);
  CheckText(hello.backend(), "hello.backend", violations);
  CheckText(hello.version(), "hello.version", violations);
  CheckLabels(hello, violations);
  return violations.ToStatus();
}

ConnectedExecutor ExecutorFromHello(const airlock::internal::v1::Hello& hello) {
  ConnectedExecutor executor;
  executor.id = hello.executor_id();
  executor.boot_nonce = hello.boot_nonce();
  executor.backend = hello.backend();
  executor.version = hello.version();
  executor.labels = {hello.labels().begin(), hello.labels().end()};
  executor.slots = hello.slots();
  executor.session_slots = hello.session_slots();
  executor.images = ImagesById(hello.images());
  return executor;
}

std::map<std::string, std::string, std::less<>> ImagesById(
    const google::protobuf::RepeatedPtrField<airlock::internal::v1::Image>&
        images) {
  std::map<std::string, std::string, std::less<>> ids;
  for (const airlock::internal::v1::Image& image : images) {
    ids[image.reference()] = image.id();
  }
  return ids;
}

}  // namespace airlock::policy
