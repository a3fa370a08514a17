// What a message looks like as JSON in the configuration.
#pragma once

#include "google/protobuf/descriptor.h"

namespace airlock {

// Whether a message is written as its only field, `values`, alone.
bool IsWrapper(const google::protobuf::Descriptor& descriptor);

// Only a change of the proto can bring a type that no JSON stands for.
[[noreturn]] void AbortOnFieldType(
    const google::protobuf::FieldDescriptor& field);

}  // namespace airlock
