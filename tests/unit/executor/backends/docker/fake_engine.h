// A Docker engine in a few lines: containers, one volume, archives.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/http/http_transport.h"
#include "nlohmann/json.hpp"
#include "services/executor/backends/docker/docker_client.h"
#include "services/executor/backends/docker/docker_containers.h"
#include "services/executor/backends/docker/docker_volumes.h"
#include "tests/support/fake_http_transport.h"

namespace airlock::executor {

// What an engine holds and how it misbehaves. Guarded by `mutex`.
struct FakeEngineState {
  absl::Mutex mutex;
  // Name by id.
  std::map<std::string, std::string> containers;
  std::int64_t created_at = absl::ToUnixSeconds(absl::Now());
  // "Labels" of what was created last.
  nlohmann::json last_labels;
  // The content of /airlock in every container.
  std::string archive;
  int uploads = 0;
  // Uploads arrive damaged.
  bool corrupts = false;
  // Every answer but the ping's.
  int fails_with = 0;
  // "State" of GET /containers/{id}/json.
  nlohmann::json state = {{"Running", true}};
};

inline HttpResponse AnswerContainer(FakeEngineState& engine,
                                    const HttpRequest& request,
                                    const std::string& rest) {
  const std::string id = rest.substr(0, rest.find_first_of("/?"));
  if (request.method == "DELETE") {
    return MakeHttpResponse(engine.containers.erase(id) > 0 ? 204 : 404, "");
  }
  if (!engine.containers.contains(id)) return MakeHttpResponse(404, "");
  if (absl::StrContains(rest, "/archive")) {
    if (request.method == "PUT") {
      ++engine.uploads;
      engine.archive = request.body;
      if (engine.corrupts) engine.archive[512] ^= 1;
      return MakeHttpResponse(200, "");
    }
    return MakeHttpResponse(engine.archive.empty() ? 404 : 200, engine.archive);
  }
  return MakeHttpResponse(
      200, nlohmann::json{{"Id", id}, {"State", engine.state}}.dump());
}

inline HttpResponse AnswerLikeAnEngine(FakeEngineState& engine,
                                       const HttpRequest& request) {
  absl::MutexLock lock(&engine.mutex);
  if (absl::StrContains(request.url, "/_ping")) {
    return MakeHttpResponse(200, "OK", {{"Api-Version", "1.41"}});
  }
  if (engine.fails_with != 0) return MakeHttpResponse(engine.fails_with, "no");
  const std::string path =
      request.url.substr(std::string("http://docker/v1.41").size());
  if (path == "/volumes/create") return MakeHttpResponse(201, "{}");
  if (absl::StartsWith(path, "/containers/create")) {
    const std::string name = path.substr(path.find('=') + 1);
    for (const auto& [id, taken] : engine.containers) {
      if (taken == name) return MakeHttpResponse(409, "name is in use");
    }
    const std::string id = absl::StrCat("c", engine.containers.size());
    engine.containers[id] = name;
    engine.last_labels = nlohmann::json::parse(request.body)["Labels"];
    return MakeHttpResponse(201, nlohmann::json{{"Id", id}}.dump());
  }
  if (absl::StartsWith(path, "/containers/json")) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [id, name] : engine.containers) {
      list.push_back({{"Id", id}, {"Created", engine.created_at}});
    }
    return MakeHttpResponse(200, list.dump());
  }
  return AnswerContainer(engine, request,
                         path.substr(std::string("/containers/").size()));
}

// A client and everything it needs.
struct FakeEngine {
  FakeEngineState state;
  DockerClient client{
      std::make_shared<FakeHttpTransport>([this](const HttpRequest& request) {
        return AnswerLikeAnEngine(state, request);
      }),
      *ParseDockerEndpoint("unix:///x.sock", false)};
  DockerContainers containers{client};
  DockerVolumes volumes{client};
};

}  // namespace airlock::executor
