// Answers in JSON, errors among them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/gateway/http/http_message.h"

namespace airlock::gateway {

// The HTTP status that says of an error what a browser should know.
int HttpStatusOf(absl::StatusCode code);

// {"code":"NOT_FOUND","message":...,"reason":...,"metadata":{...},
//  "violations":[{"field":...,"description":...}],"retryAfterMs":...}
// Members without a value are left out.
std::string ErrorJson(const absl::Status& error);

HttpResponse JsonResponse(int status, std::string json);
HttpResponse ErrorResponse(const absl::Status& error);

}  // namespace airlock::gateway
