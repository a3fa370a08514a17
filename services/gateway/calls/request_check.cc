#include "services/gateway/calls/request_check.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/rpc/server.h"
#include "common/rpc/unknown_fields.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "services/gateway/admission/admission.h"

namespace airlock::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Whether it put one in.
bool MintRequestId(Message& request) {
  const FieldDescriptor* field =
      request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr ||
      field->cpp_type() != FieldDescriptor::CPPTYPE_STRING ||
      field->is_repeated() ||
      !request.GetReflection()->GetString(request, field).empty()) {
    return false;
  }
  request.GetReflection()->SetString(&request, field, RandomUuid());
  return true;
}

absl::Status Malformed(const RelayedMethod& method) {
  const std::string& type =
      method.request_prototype->GetDescriptor()->full_name();
  return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                   absl::StrCat("the request must be a message of the type ",
                                type, ", and every text in it UTF-8"),
                   {{"type", type}});
}

}  // namespace

absl::StatusOr<grpc::ByteBuffer> CheckRequest(const RelayedMethod& method,
                                              const grpc::ByteBuffer& request) {
  const absl::Status size =
      CheckMessageSize(request.Length(), kMaxMessageBytes);
  if (!size.ok()) return size;

  const std::unique_ptr<Message> message(method.request_prototype->New());
  // Both of these only count references to the bytes.
  grpc::ByteBuffer bytes = request;
  grpc::ByteBuffer to_parse = request;
  if (!grpc::GenericDeserialize<grpc::ProtoBufferReader, Message>(&to_parse,
                                                                  message.get())
           .ok()) {
    return Malformed(method);
  }
  const absl::Status unknown = RefuseUnknownFields(*message);
  if (!unknown.ok()) return unknown;
  if (!MintRequestId(*message)) return bytes;

  bool own_buffer = false;
  grpc::ByteBuffer with_id;
  const grpc::Status status =
      grpc::GenericSerialize<grpc::ProtoBufferWriter, Message>(
          *message, &with_id, &own_buffer);
  if (!status.ok()) return Malformed(method);
  return with_id;
}

}  // namespace airlock::gateway
