#include "services/cli/client/client_facts.h"

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/cli/files/small_file.h"

namespace airlock::cli {
namespace {

constexpr const char* kFileName = "client.json";
constexpr std::size_t kMaxFileBytes = 1 << 16;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string TextAt(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : "";
}

}  // namespace

std::string StateDirectoryPath(const std::string& given) {
  namespace fs = std::filesystem;
  if (!given.empty()) return fs::absolute(given);
  const std::string state = Variable("AIRLOCK_STATE");
  if (!state.empty()) return fs::absolute(state);
  const std::string data = Variable("XDG_DATA_HOME");
  if (!data.empty()) return fs::path(data) / "airlock";
  const std::string home = Variable("HOME");
  return fs::absolute(fs::path(home.empty() ? "." : home) / ".local/share") /
         "airlock";
}

absl::Status WriteClientFacts(const std::string& directory,
                              const ClientFacts& facts) {
  const nlohmann::json json = {{"endpoint", facts.endpoint},
                               {"tokenFile", facts.token_file},
                               {"operatorTokenFile", facts.operator_token_file},
                               {"caFile", facts.ca_file}};
  return WriteFileAtomically(std::filesystem::path(directory) / kFileName,
                             absl::StrCat(json.dump(2), "\n"),
                             kPrivateFileMode);
}

absl::StatusOr<ClientFacts> ReadClientFacts(const std::string& directory) {
  const std::string path = std::filesystem::path(directory) / kFileName;
  const absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxFileBytes);
  if (!text.ok()) return text.status();
  const auto json =
      nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  ClientFacts facts;
  if (json.is_object()) {
    facts = {TextAt(json, "endpoint"), TextAt(json, "tokenFile"),
             TextAt(json, "operatorTokenFile"), TextAt(json, "caFile")};
  }
  if (facts.endpoint.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", path, "\" is not what `airlock up` writes"));
  }
  return facts;
}

}  // namespace airlock::cli
