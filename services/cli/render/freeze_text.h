// What is frozen, for people.
#pragma once

#include <string>

#include "airlock/v1/policy.pb.h"
#include "google/protobuf/repeated_field.h"

namespace airlock::cli {

// A table, or one line that says that nothing is frozen.
std::string FreezesText(
    const google::protobuf::RepeatedPtrField<airlock::v1::FreezeState>&
        freezes);

}  // namespace airlock::cli
