// Every public method answers exactly the roles its option names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/access.pb.h"
#include "airlock/v1/policy.pb.h"
#include "airlock/v1/session.pb.h"
#include "common/status/error.h"
#include "tests/integration/services/stack.h"
#include "tests/support/raw_call.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::PrincipalRole;
using google::protobuf::MethodDescriptor;

const std::map<PrincipalRole, std::string>& Principals() {
  static const auto* const kPrincipals =
      new std::map<PrincipalRole, std::string>{
          {airlock::v1::PRINCIPAL_ROLE_AGENT, "ada"},
          {airlock::v1::PRINCIPAL_ROLE_APPROVER, "ann"},
          {airlock::v1::PRINCIPAL_ROLE_OPERATOR, "olga"}};
  return *kPrincipals;
}

// Every method of the public services that are served.
std::vector<const MethodDescriptor*> Methods() {
  const std::vector<const google::protobuf::FileDescriptor*> files = {
      airlock::v1::ExecuteRequest::descriptor()->file(),
      airlock::v1::ListExecutorsRequest::descriptor()->file(),
      airlock::v1::ExplainActionRequest::descriptor()->file(),
      airlock::v1::CreateSessionRequest::descriptor()->file()};
  std::vector<const MethodDescriptor*> methods;
  for (const auto* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        methods.push_back(file->service(i)->method(j));
      }
    }
  }
  return methods;
}

bool MayCall(const MethodDescriptor& method, PrincipalRole role) {
  const auto& roles =
      method.options().GetExtension(airlock::v1::access).principals();
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

class AccessTest : public testing::Test {
 protected:
  // Calls with an empty request; nobody: without a token.
  absl::Status Call(const MethodDescriptor& method,
                    const std::string& principal = "") {
    std::map<std::string, std::string> metadata;
    if (!principal.empty()) {
      metadata["authorization"] = absl::StrCat("Bearer token-of-", principal);
    }
    return RawCall(connection_,
                   absl::StrCat("/", method.service()->full_name(), "/",
                                method.name()),
                   "", metadata)
        .status();
  }

  Stack stack_;
  std::shared_ptr<grpc::Channel> connection_ = stack_.Connection();
};

TEST_F(AccessTest, EachMethodAnswersItsRolesAndNobodyElse) {
  ASSERT_GE(Methods().size(), 16U);
  for (const MethodDescriptor* method : Methods()) {
    for (const auto& [role, principal] : Principals()) {
      SCOPED_TRACE(absl::StrCat(method->full_name(), " as ", principal));
      const absl::Status status = Call(*method, principal);

      EXPECT_EQ(ErrorReason(status) == "ROLE_NOT_ALLOWED",
                !MayCall(*method, role))
          << status;
      EXPECT_NE(status.code(), absl::StatusCode::kUnauthenticated) << status;
    }
  }
}

TEST_F(AccessTest, NoMethodAnswersWhoHasNoToken) {
  for (const MethodDescriptor* method : Methods()) {
    SCOPED_TRACE(method->full_name());
    EXPECT_EQ(ErrorReason(Call(*method)), "TOKEN_MISSING");
  }
}

TEST_F(AccessTest, EveryMethodSaysWhoMayCallIt) {
  for (const MethodDescriptor* method : Methods()) {
    SCOPED_TRACE(method->full_name());
    EXPECT_GT(
        method->options().GetExtension(airlock::v1::access).principals_size(),
        0);
  }
}

}  // namespace
}  // namespace airlock
