#include "services/cli/client/health.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/channel.h"
#include "common/rpc/status.h"

namespace airlock::cli {
namespace {

constexpr char kMethod[] = "/grpc.health.v1.Health/Check";
constexpr std::size_t kMaxServiceBytes = 127;
// HealthCheckResponse{status = SERVING} on the wire. The two messages have one
// field each, so they are written here instead of kept as a proto of ours.
constexpr absl::string_view kServing = "\x08\x01";

// HealthCheckRequest{service}.
std::string RequestBytes(absl::string_view service) {
  return absl::StrCat("\x0a", std::string(1, static_cast<char>(service.size())),
                      service);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

absl::StatusOr<bool> AskHealth(const std::string& target,
                               absl::string_view service,
                               absl::Duration timeout) {
  if (service.size() > kMaxServiceBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("service must be at most ", kMaxServiceBytes,
                     " bytes long: got ", service.size()));
  }
  grpc::GenericStub stub(
      MakeChannel(target, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  SetTimeout(context, timeout);
  const std::string request = RequestBytes(service);
  const grpc::Slice slice(request);
  const grpc::ByteBuffer message(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Notification done;
  stub.UnaryCall(&context, kMethod, grpc::StubOptions(), &message, &response,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.Notify();
                 });
  done.WaitForNotification();
  if (!status.ok()) return FromGrpcStatus(status);
  return ToString(response) == kServing;
}

}  // namespace airlock::cli
