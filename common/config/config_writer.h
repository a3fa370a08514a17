// The configuration, written as its file has it.
#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace airlock {

// The JSON text that ReadConfigText() and JsonReader read into `message` again:
// the fields that are set, by their json_names, in the order of the schema;
// what the file has as an array or object of its own is one here too, and maps
// come by their keys. Indented by two blanks, without a newline at the end.
// Nothing is hidden: the configuration names files with secrets and holds none.
// Messages as JsonReader reads them; any other is a bug and aborts. Pure.
std::string WriteConfigJson(const google::protobuf::Message& message);

}  // namespace airlock
