#include "services/gateway/calls/relayed_method.h"

#include "absl/strings/str_cat.h"
#include "airlock/v1/access.pb.h"

namespace airlock::gateway {

RelayedMethod RelayedMethodFrom(
    const google::protobuf::MethodDescriptor& method,
    absl::Duration unary_timeout, absl::Duration stream_timeout) {
  RelayedMethod relayed;
  relayed.path =
      absl::StrCat("/", method.service()->full_name(), "/", method.name());
  relayed.full_name = method.full_name();
  relayed.streaming = method.server_streaming();
  relayed.request_prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(
          method.input_type());
  const bool waits = method.options().GetExtension(airlock::v1::waits);
  relayed.longest = relayed.streaming || waits ? stream_timeout : unary_timeout;
  return relayed;
}

}  // namespace airlock::gateway
