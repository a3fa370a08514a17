#include "services/executor/backends/docker/docker_images.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/image_reference.h"
#include "services/executor/backends/docker/json_read.h"
#include "services/executor/backends/docker/pull_progress.h"

namespace airlock::executor {
namespace {

using nlohmann::json;

absl::Status ImageNotFound(absl::string_view reference, absl::string_view why) {
  return MakeError(
      absl::StatusCode::kNotFound, "IMAGE_NOT_FOUND",
      absl::StrCat("image \"", reference, "\" is not there: ", why),
      {{"image", std::string(reference)}});
}

// The header the engine passes on to the registry.
std::string RegistryAuth(const std::string& registry,
                         const RegistryCredential& credential) {
  const json auth = {{"username", credential.username},
                     {"password", credential.password},
                     {"serveraddress", registry}};
  std::string encoded;
  absl::WebSafeBase64Escape(DumpJson(auth), &encoded);
  // The engine reads padded base64url.
  while (encoded.size() % 4 != 0) encoded.push_back('=');
  return encoded;
}

}  // namespace

DockerImages::DockerImages(DockerClient& client,
                           RegistryCredentials credentials)
    : client_(client), credentials_(std::move(credentials)) {}

absl::StatusOr<DockerImage> DockerImages::Inspect(absl::string_view reference,
                                                  absl::Time deadline) {
  absl::StatusOr<json> answer = client_.CallJson(
      {.path = absl::StrCat("/images/", PercentEncode(reference), "/json")},
      deadline);
  if (!answer.ok()) return answer.status();
  DockerImage image;
  image.id = StringAt(*answer, {"Id"});
  if (image.id.empty()) {
    return MakeError(absl::StatusCode::kInternal, "ENGINE_ERROR",
                     "the engine described an image without an id");
  }
  const json& volumes = ValueAt(*answer, {"Config", "Volumes"});
  if (volumes.is_object()) {
    for (const auto& [path, nothing] : volumes.items()) {
      image.volumes.push_back(path);
    }
  }
  return image;
}

absl::Status DockerImages::Pull(absl::string_view text, absl::Time deadline,
                                const ProgressFunction& progress) {
  absl::StatusOr<ImageReference> reference = ParseImageReference(text);
  if (!reference.ok()) return reference.status();
  PullProgress lines(progress);
  // Without a tag the engine would pull every tag there is.
  DockerCall call{
      .method = "POST",
      .path = "/images/create",
      .query = {{"fromImage", reference->name},
                {"tag", reference->digest.empty() ? reference->tag
                                                  : reference->digest}},
      .max_answer_bytes = std::size_t{64} << 20U,
      .on_body = [&lines](absl::string_view piece) {
        return lines.Add(piece);
      }};
  const auto credential = credentials_.find(reference->registry);
  if (credential != credentials_.end()) {
    call.headers.emplace_back(
        "X-Registry-Auth",
        RegistryAuth(reference->registry, credential->second));
  }
  if (progress) progress("pulling image", 0, 0);
  const absl::Status called = client_.Call(call, deadline).status();
  return called.ok() ? lines.result() : called;
}

absl::StatusOr<DockerImage> DockerImages::Resolve(
    absl::string_view reference, absl::string_view pull_policy,
    absl::Time deadline, const ProgressFunction& progress) {
  if (pull_policy != "always") {
    absl::StatusOr<DockerImage> here = Inspect(reference, deadline);
    if (here.ok() || !absl::IsNotFound(here.status())) return here;
    if (pull_policy == "never") {
      return ImageNotFound(reference,
                           "the engine does not have it and pullPolicy is "
                           "\"never\"");
    }
  }
  const absl::Status pulled = Pull(reference, deadline, progress);
  if (absl::IsNotFound(pulled)) {
    return ImageNotFound(reference, pulled.message());
  }
  if (!pulled.ok()) {
    return MakeError(pulled.code(), "IMAGE_PULL_FAILED",
                     absl::StrCat("image \"", reference,
                                  "\" could not be pulled: ", pulled.message()),
                     {{"image", std::string(reference)}});
  }
  return Inspect(reference, deadline);
}

absl::StatusOr<std::vector<BackendImage>> DockerImages::List(
    absl::Time deadline) {
  absl::StatusOr<json> answer = client_.CallJson(
      {.path = "/images/json", .max_answer_bytes = std::size_t{32} << 20U},
      deadline);
  if (!answer.ok()) return answer.status();
  std::vector<BackendImage> images;
  for (const json& entry : *answer) {
    const std::string id = StringAt(entry, {"Id"});
    for (const char* key : {"RepoTags", "RepoDigests"}) {
      for (std::string& reference : StringsAt(entry, {key})) {
        // The engine's way to say that there is none.
        if (reference.find("<none>") != std::string::npos) continue;
        images.push_back({std::move(reference), id});
      }
    }
  }
  return images;
}

}  // namespace airlock::executor
