#include "tests/support/raw_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <vector>

#include "absl/time/time.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"

namespace airlock {
namespace {

// Waits for the operation that was started last.
bool Next(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> RawCall(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
    absl::string_view request,
    const std::map<std::string, std::string>& metadata) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  SetTimeout(context, absl::Seconds(10));
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);

  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  bool ok = Next(queue);
  grpc::Slice slice(request.data(), request.size());
  grpc::ByteBuffer message(&slice, 1);
  if (ok) {
    call->WriteLast(message, grpc::WriteOptions(), nullptr);
    ok = Next(queue);
  }
  grpc::ByteBuffer response;
  if (ok) {
    call->Read(&response, nullptr);
    ok = Next(queue);
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  Next(queue);
  queue.Shutdown();
  while (Next(queue)) {
  }
  if (!status.ok()) return FromGrpcStatus(status);
  return ToString(response);
}

absl::StatusOr<bool> IsServing(const std::shared_ptr<grpc::Channel>& channel,
                               absl::string_view service) {
  // HealthCheckRequest{service = 1} and HealthCheckResponse{status = 1}.
  std::string request = "\x0a";
  request += static_cast<char>(service.size());
  request += std::string(service);
  absl::StatusOr<std::string> response =
      RawCall(channel, "/grpc.health.v1.Health/Check", request);
  if (!response.ok()) return response.status();
  return *response == std::string("\x08\x01", 2);
}

}  // namespace airlock
