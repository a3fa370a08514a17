// The files of the page, as they are in the program.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/gateway/http/http_message.h"

namespace airlock::gateway {

// A file that was put into the program when it was built.
struct EmbeddedFile {
  // Below the folder of the page, such as "app.js".
  absl::string_view path;
  absl::string_view bytes;
};

// Made by the build from the folder services/gateway/web/page.
const std::vector<EmbeddedFile>& EmbeddedFiles();

// Answers "/", the page's own paths such as "/approvals" (all with index.html)
// and "/page/<file>". 304 for what the browser has, 404 for all else.
HttpResponse AnswerWithPage(const HttpRequest& request);

}  // namespace airlock::gateway
