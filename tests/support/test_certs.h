// Certificates, keys and tokens for tests, made afresh in a temporary folder.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "airlock/v1/access.pb.h"
#include "common/security/openssl.h"
#include "common/security/principal.h"
#include "common/security/tls.h"

namespace airlock {

// An authority and what it signs. Every certificate is good for 127.0.0.1 and
// "localhost" too. The folder is removed at the end. Not thread-safe. Throws if
// OpenSSL or the file system fails, which fails the test.
class TestCerts {
 public:
  TestCerts();
  ~TestCerts();
  TestCerts(const TestCerts&) = delete;
  TestCerts& operator=(const TestCerts&) = delete;

  // The folder; tests may put files of their own into it.
  const std::string& folder() const { return folder_; }
  std::string ca_path() const;

  // A certificate with the DNS name and URI of this role. New at each call.
  TlsFiles ForRole(airlock::v1::PeerRole role);

  // A certificate with the URI of this principal. New at each call.
  TlsFiles ForPrincipal(const Principal& principal);

  // A certificate with a DNS name of its own and these URIs, for what is wrong.
  // `usage` in OpenSSL's words.
  TlsFiles Make(absl::string_view name, const std::vector<std::string>& uris,
                const std::string& usage = "serverAuth,clientAuth");

  // The content of a file, such as a certificate.
  static std::string ReadFile(const std::string& path);

  // Writes `content` to a file of the folder, for its owner alone, and returns
  // its path.
  std::string WriteFile(absl::string_view name, absl::string_view content);

 private:
  std::string folder_;
  EvpKey ca_key_;
  X509Certificate ca_;
  int next_ = 1;
};

// The text of a token file with one principal for each token, in its order:
// for example {{"demo", "agent", "token-of-demo"}}.
struct TestToken {
  std::string id;
  std::string role;
  std::string token;
};
std::string TokenFileText(const std::vector<TestToken>& tokens);

}  // namespace airlock
