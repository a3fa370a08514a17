#include "services/cli/client/connection.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/config/values.h"
#include "common/status/error.h"
#include "services/cli/client/client_facts.h"
#include "services/cli/files/small_file.h"

namespace airlock::cli {
namespace {

constexpr std::size_t kMaxTokenFileBytes = 4096;

std::string FirstSet(std::initializer_list<std::string> values) {
  for (const std::string& value : values) {
    if (!value.empty()) return value;
  }
  return "";
}

// A token goes into a header: spaces and newlines around it are an editor's,
// inside it they are a mistake.
absl::StatusOr<Secret> TokenFromText(const std::string& text,
                                     absl::string_view where) {
  Secret token{std::string(absl::StripAsciiWhitespace(text))};
  const std::string& value = token.Reveal();
  const bool printable =
      std::all_of(value.begin(), value.end(),
                  [](unsigned char c) { return absl::ascii_isgraph(c); });
  if (value.empty() || !printable) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " must hold one token and nothing else"));
  }
  return token;
}

absl::StatusOr<Secret> TokenFromFile(const std::string& path) {
  const absl::StatusOr<std::string> text =
      ReadSmallFile(path, kMaxTokenFileBytes);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat("token file: ", text.status().message()));
  }
  return TokenFromText(*text, absl::StrCat("the file \"", path, "\""));
}

// Who asks, as the flags or else the environment name it. All empty: they do
// not.
struct NamedCredentials {
  std::string token_file;
  std::string token;
  std::string cert_file;
  std::string key_file;
};

NamedCredentials FindCredentials(const ConnectionFlags& flags,
                                 const Environment& environment) {
  if (!flags.token_file.empty() || !flags.cert_file.empty() ||
      !flags.key_file.empty()) {
    return {flags.token_file, "", flags.cert_file, flags.key_file};
  }
  return {environment("AIRLOCK_TOKEN_FILE"), environment("AIRLOCK_TOKEN"),
          environment("AIRLOCK_CERT"), environment("AIRLOCK_KEY")};
}

absl::Status CheckCertificate(const NamedCredentials& named, bool plain_text) {
  if (named.cert_file.empty() != named.key_file.empty()) {
    return absl::InvalidArgumentError(
        named.key_file.empty()
            ? "a certificate needs its key: give --key or AIRLOCK_KEY, as "
              "--cert or AIRLOCK_CERT is given"
            : "a key needs its certificate: give --cert or AIRLOCK_CERT, as "
              "--key or AIRLOCK_KEY is given");
  }
  if (!named.cert_file.empty() && plain_text) {
    return absl::InvalidArgumentError(
        "a certificate can be shown over TLS only, and this address is spoken "
        "to in plain text: give --ca or AIRLOCK_CA, the authority of Airlock's "
        "certificate");
  }
  return absl::OkStatus();
}

// Empty if a certificate says who asks.
absl::StatusOr<Secret> ResolveToken(const NamedCredentials& named,
                                    const ConnectionFlags& flags,
                                    const ClientFacts& facts) {
  if (!named.token_file.empty()) return TokenFromFile(named.token_file);
  if (!named.token.empty()) return TokenFromText(named.token, "AIRLOCK_TOKEN");
  if (!named.cert_file.empty()) return Secret();
  if (flags.as_approver) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "NO_TOKEN",
        "who answers must be known: give the approver's token by --token-file, "
        "AIRLOCK_TOKEN_FILE or AIRLOCK_TOKEN, or a certificate by --cert; "
        "`airlock up` showed a token at its first start, and `airlock tokens "
        "create --role approver` makes one");
  }
  const std::string& own =
      flags.as_operator ? facts.operator_token_file : facts.token_file;
  if (!own.empty()) return TokenFromFile(own);
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "NO_TOKEN",
      absl::StrCat("there is no ", flags.as_operator ? "operator's " : "",
                   "token: give --token-file, AIRLOCK_TOKEN_FILE or "
                   "AIRLOCK_TOKEN, or a certificate by --cert and --key"));
}

}  // namespace

std::string ProcessEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::StatusOr<Connection> ResolveConnection(const ConnectionFlags& flags,
                                             const Environment& environment) {
  const std::string named =
      FirstSet({flags.endpoint, environment("AIRLOCK_ENDPOINT")});
  const std::string directory = StateDirectoryPath(flags.state_directory);
  absl::StatusOr<ClientFacts> facts = ReadClientFacts(directory);
  if (!facts.ok() && named.empty()) {
    if (!absl::IsNotFound(facts.status())) return facts.status();
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "NO_ENDPOINT",
        absl::StrCat("no Airlock is known here: `airlock up` has not run with "
                     "the state directory \"",
                     directory,
                     "\"; start it, or give --endpoint or AIRLOCK_ENDPOINT"));
  }
  Connection connection;
  connection.endpoint = named.empty() ? facts->endpoint : named;
  const absl::StatusOr<HostPort> address = ParseHostPort(connection.endpoint);
  if (!address.ok() || address->port == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the endpoint must be host:port: got \"", connection.endpoint, "\""));
  }
  // What `airlock up` wrote is about its own gateway. Another one may listen on
  // the same address by now, so who names an endpoint says the rest as well.
  const ClientFacts own = named.empty() ? *facts : ClientFacts();
  connection.ca_file =
      FirstSet({flags.ca_file, environment("AIRLOCK_CA"), own.ca_file});
  connection.plain_text = connection.ca_file.empty() && address->IsLoopback();
  const NamedCredentials named_credentials =
      FindCredentials(flags, environment);
  absl::Status good =
      CheckCertificate(named_credentials, connection.plain_text);
  if (!good.ok()) return good;
  connection.cert_file = named_credentials.cert_file;
  connection.key_file = named_credentials.key_file;
  absl::StatusOr<Secret> token = ResolveToken(named_credentials, flags, own);
  if (!token.ok()) return token.status();
  connection.token = *std::move(token);
  return connection;
}

}  // namespace airlock::cli
