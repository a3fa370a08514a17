#include "services/gateway/web/web_method.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "services/gateway/calls/request_check.h"

namespace airlock::gateway {

using google::protobuf::Message;

WebMethods::WebMethods(const std::vector<std::string>& services,
                       absl::Duration unary_timeout,
                       absl::Duration stream_timeout) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const std::string& name : services) {
    const google::protobuf::ServiceDescriptor* service =
        pool->FindServiceByName(name);
    if (service == nullptr) std::abort();
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service->method(i);
      methods_[absl::StrCat(service->name(), "/", method.name())] = {
          RelayedMethodFrom(method, unary_timeout, stream_timeout),
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(
              method.output_type())};
    }
  }
}

const WebMethod* WebMethods::Find(absl::string_view name) const {
  const auto it = methods_.find(name);
  return it == methods_.end() ? nullptr : &it->second;
}

absl::StatusOr<grpc::ByteBuffer> RequestFromJson(const WebMethod& method,
                                                 absl::string_view json) {
  const std::unique_ptr<Message> message(
      method.relayed.request_prototype->New());
  const auto read = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), message.get());
  if (!read.ok()) {
    const std::string& type = message->GetDescriptor()->full_name();
    return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                     absl::StrCat("the body must be ", type,
                                  " in JSON: ", std::string(read.message())),
                     {{"type", type}});
  }
  bool own_buffer = false;
  grpc::ByteBuffer bytes;
  const grpc::Status status =
      grpc::GenericSerialize<grpc::ProtoBufferWriter, Message>(*message, &bytes,
                                                               &own_buffer);
  if (!status.ok()) {
    return MakeError(absl::StatusCode::kInternal, "SERIALIZATION_FAILED",
                     status.error_message());
  }
  return CheckRequest(method.relayed, bytes);
}

std::unique_ptr<Message> ParseResponse(const WebMethod& method,
                                       const grpc::ByteBuffer& response) {
  std::unique_ptr<Message> message(method.response_prototype->New());
  // Only counts references to the bytes.
  grpc::ByteBuffer to_parse = response;
  const grpc::Status status =
      grpc::GenericDeserialize<grpc::ProtoBufferReader, Message>(&to_parse,
                                                                 message.get());
  return status.ok() ? std::move(message) : nullptr;
}

std::string ToJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  // Only what is not UTF-8 fails, and that was never let in.
  static_cast<void>(
      google::protobuf::util::MessageToJsonString(message, &json, options));
  return json;
}

}  // namespace airlock::gateway
