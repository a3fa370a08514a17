#include "services/policy/config/policy_version.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/security/digest.h"

namespace airlock::policy {
namespace {

// Read aloud and compared by people. Nobody gains by finding two policies with
// one version: both would be the operator's own.
constexpr std::size_t kDigits = 12;

// Keeps these digests apart from all others. The zero at its end counts.
constexpr char kDomain[] = "airlock.policy.v1";

}  // namespace

config::v1::Config DecidingSections(const config::v1::Config& config) {
  config::v1::Config deciding = config;
  deciding.clear_gateway();
  deciding.clear_policy();
  deciding.clear_executor();
  return deciding;
}

std::string PolicyVersionOf(const config::v1::Config& config) {
  const config::v1::Config deciding = DecidingSections(config);
  std::string text(kDomain, sizeof(kDomain));
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream coded(&stream);
    // Maps have no order of their own.
    coded.SetSerializationDeterministic(true);
    deciding.SerializeToCodedStream(&coded);
  }
  return ToHex(Sha256(text)).substr(0, kDigits);
}

}  // namespace airlock::policy
