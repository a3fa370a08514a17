#include "services/gateway/web/page_files.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "services/gateway/web/json_answer.h"

namespace airlock::gateway {
namespace {

struct PageFile {
  absl::string_view bytes;
  absl::string_view content_type;
  std::string etag;
};

// First parts of paths that the page itself reads.
constexpr std::array<absl::string_view, 10> kViews = {
    "approvals", "a",      "executions", "overview", "audit",
    "sandboxes", "policy", "standing",   "report",   "sign-in"};

absl::string_view ContentTypeOf(absl::string_view path) {
  static constexpr std::array<std::pair<absl::string_view, absl::string_view>,
                              5>
      kTypes = {{{".html", "text/html; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".webmanifest", "application/manifest+json"}}};
  for (const auto& [ending, type] : kTypes) {
    if (absl::EndsWith(path, ending)) return type;
  }
  return "text/plain; charset=utf-8";
}

const absl::flat_hash_map<std::string, PageFile>& Files() {
  static const auto* const files = [] {
    auto* all = new absl::flat_hash_map<std::string, PageFile>();
    for (const EmbeddedFile& file : EmbeddedFiles()) {
      (*all)[file.path] = {file.bytes, ContentTypeOf(file.path),
                           absl::StrCat("\"", ToHex(Sha256(file.bytes)), "\"")};
    }
    return all;
  }();
  return *files;
}

bool IsView(absl::string_view path) {
  const absl::string_view first = path.substr(1, path.find('/', 1) - 1);
  return path == "/" ||
         std::find(kViews.begin(), kViews.end(), first) != kViews.end();
}

}  // namespace

HttpResponse AnswerWithPage(const HttpRequest& request) {
  constexpr absl::string_view kFolder = "/page/";
  std::string name;
  if (absl::StartsWith(request.path, kFolder)) {
    name = request.path.substr(kFolder.size());
  } else if (IsView(request.path)) {
    name = "index.html";
  }
  const auto it = Files().find(name);
  if (it == Files().end()) {
    return ErrorResponse(MakeError(absl::StatusCode::kNotFound, "NO_SUCH_PAGE",
                                   "there is nothing at this address"));
  }
  const PageFile& file = it->second;
  HttpResponse response;
  response.headers = {{"Content-Type", std::string(file.content_type)},
                      {"Cache-Control", "no-cache"},
                      {"ETag", file.etag}};
  if (request.Header("if-none-match") == file.etag) {
    response.status = 304;
  } else {
    response.body = std::string(file.bytes);
  }
  return response;
}

}  // namespace airlock::gateway
