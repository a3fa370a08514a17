#include "services/cli/client/grpc_call.h"

#include "absl/strings/str_cat.h"
#include "common/rpc/status.h"
#include "common/status/error.h"

namespace airlock::cli {

void Authorize(grpc::ClientContext& context, const Connection& connection) {
  if (connection.token.empty()) return;
  context.AddMetadata("authorization",
                      absl::StrCat("Bearer ", connection.token.Reveal()));
}

absl::Status InWords(const grpc::Status& status, const std::string& endpoint,
                     const std::string& cert_file) {
  absl::Status error = FromGrpcStatus(status);
  // gRPC's own words about a broken connection tell people little.
  if (!absl::IsUnavailable(error) || !ErrorReason(error).empty()) return error;
  // A certificate that is refused breaks the connection before any word.
  const std::string hint =
      cert_file.empty()
          ? ""
          : absl::StrCat(", and that the authority of \"", cert_file,
                         "\" is in its gateway.clientCaPath");
  return MakeError(absl::StatusCode::kUnavailable, "CANNOT_CONNECT",
                   absl::StrCat("cannot reach Airlock at ", endpoint, ": ",
                                error.message(), "; see that it runs", hint),
                   {{"endpoint", endpoint}});
}

}  // namespace airlock::cli
