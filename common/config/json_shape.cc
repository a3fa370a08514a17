#include "common/config/json_shape.h"

#include <cstdlib>
#include <iostream>

namespace airlock {

bool IsWrapper(const google::protobuf::Descriptor& descriptor) {
  return descriptor.field_count() == 1 &&
         descriptor.field(0)->name() == "values" &&
         descriptor.field(0)->is_repeated();
}

void AbortOnFieldType(const google::protobuf::FieldDescriptor& field) {
  std::cerr << "bug: no JSON stands for " << field.full_name() << std::endl;
  std::abort();
}

}  // namespace airlock
