// What the gateway knows of a method it relays.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace airlock::gateway {

// Immutable.
struct RelayedMethod {
  // "/airlock.v1.ExecutionService/Execute".
  std::string path;
  // "airlock.v1.ExecutionService.Execute".
  std::string full_name;
  // Whether responses are a stream; requests never are.
  bool streaming = false;
  // An empty request, to make others of. Lives as long as the program.
  const google::protobuf::Message* request_prototype = nullptr;
  // The longest time a call may take, whatever the client said.
  absl::Duration longest;
};

// From a compiled-in method with one request. A call that waits for what others
// do may take as long as a stream.
RelayedMethod RelayedMethodFrom(
    const google::protobuf::MethodDescriptor& method,
    absl::Duration unary_timeout, absl::Duration stream_timeout);

}  // namespace airlock::gateway
