#include "common/process/library_logs.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <string>

#include "common/logging/log.h"

namespace airlock {
namespace {

void OnGrpcLog(gpr_log_func_args* args) {
  LogWarning(
      "gRPC says",
      {{"text", args->message}, {"file", args->file}, {"line", args->line}});
}

void OnProtobufLog(google::protobuf::LogLevel level, const char* file, int line,
                   const std::string& message) {
  if (level == google::protobuf::LOGLEVEL_INFO) return;
  LogWarning("protobuf says",
             {{"text", message}, {"file", file}, {"line", line}});
}

}  // namespace

void RouteLibraryLogs() {
  gpr_set_log_function(OnGrpcLog);
  google::protobuf::SetLogHandler(OnProtobufLog);
}

}  // namespace airlock
