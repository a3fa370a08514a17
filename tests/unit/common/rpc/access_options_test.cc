// Every RPC says who may call it. A new one that does not is found here, not by
// somebody it answers.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "airlock/internal/v1/refusal.pb.h"
#include "airlock/v1/access.pb.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/audit.pb.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/executor.pb.h"
#include "airlock/v1/policy.pb.h"
#include "airlock/v1/report.pb.h"
#include "airlock/v1/session.pb.h"
#include "airlock/v1/standing_approval.pb.h"
#include "google/protobuf/descriptor.h"

namespace airlock {
namespace {

using airlock::v1::Access;
using google::protobuf::MethodDescriptor;

// Schemas of the program are found by name only where a message of theirs is
// used.
void LinkSchemas() {
  google::protobuf::LinkMessageReflection<
      airlock::internal::v1::ConnectRequest>();
  google::protobuf::LinkMessageReflection<
      airlock::internal::v1::ReportRefusalsRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::GetApprovalRequest>();
  google::protobuf::LinkMessageReflection<
      airlock::v1::ListAuditRecordsRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::ExecuteRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::ListExecutorsRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::FreezeRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::GetActivityRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::GetSessionRequest>();
  google::protobuf::LinkMessageReflection<
      airlock::v1::ListStandingApprovalsRequest>();
}

// The .proto files with a service, as the compiler names them.
std::vector<std::string> FilesWithServices() {
  std::vector<std::string> names;
  const std::filesystem::path root = PROTO_ROOT;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(root / "airlock")) {
    if (entry.path().extension() != ".proto") continue;
    std::ifstream file(entry.path());
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (absl::StrContains(text, "\nservice ")) {
      names.push_back(std::filesystem::relative(entry.path(), root).string());
    }
  }
  return names;
}

std::vector<const MethodDescriptor*> AllMethods() {
  LinkSchemas();
  std::vector<const MethodDescriptor*> methods;
  for (const std::string& name : FilesWithServices()) {
    const google::protobuf::FileDescriptor* file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
            name);
    if (file == nullptr) {
      ADD_FAILURE() << name << " is not linked: add a message of it above";
      continue;
    }
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        methods.push_back(file->service(i)->method(j));
      }
    }
  }
  return methods;
}

TEST(AccessOptionsTest, EveryMethodHasThem) {
  const std::vector<const MethodDescriptor*> methods = AllMethods();

  ASSERT_GE(methods.size(), 26u);
  for (const MethodDescriptor* method : methods) {
    EXPECT_TRUE(method->options().HasExtension(airlock::v1::access))
        << method->full_name();
  }
}

TEST(AccessOptionsTest, PublicMethodsAreForPrincipalsInternalOnesForPeers) {
  for (const MethodDescriptor* method : AllMethods()) {
    const Access& access = method->options().GetExtension(airlock::v1::access);
    const bool is_public = absl::StartsWith(method->full_name(), "airlock.v1.");

    EXPECT_EQ(access.principals().empty(), !is_public) << method->full_name();
    EXPECT_EQ(access.peers().empty(), is_public) << method->full_name();
  }
}

TEST(AccessOptionsTest, NoMethodNamesARoleTwiceOrOneThatIsNeverValid) {
  for (const MethodDescriptor* method : AllMethods()) {
    const Access& access = method->options().GetExtension(airlock::v1::access);
    std::vector<int> roles(access.principals().begin(),
                           access.principals().end());
    roles.insert(roles.end(), access.peers().begin(), access.peers().end());
    std::sort(roles.begin(), roles.end());

    EXPECT_EQ(std::adjacent_find(roles.begin(), roles.end()), roles.end())
        << method->full_name();
    EXPECT_NE(roles.front(), airlock::v1::PRINCIPAL_ROLE_UNSPECIFIED)
        << method->full_name();
  }
}

}  // namespace
}  // namespace airlock
