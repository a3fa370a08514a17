// A request to be checked, and what is expected of the check.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/status/error.h"
#include "services/policy/engine/action_limits.h"
#include "tests/support/contract_from_text.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {

class ActionLimitsTest : public testing::Test {
 protected:
  absl::Status Validate() const {
    return ValidateExecuteRequest(request_, contract_->defaults());
  }
  // INVALID_ARGUMENT that names the field and says what was wrong.
  void ExpectRefused(const std::string& field, const std::string& what) const {
    const absl::Status status = Validate();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 testing::AllOf(testing::HasSubstr(field),
                                                testing::HasSubstr(what))));
    EXPECT_EQ(ErrorReason(status), "INVALID_FIELD");
  }
  airlock::v1::CodeExec& code() {
    airlock::v1::CodeExec* code =
        request_.mutable_action()->mutable_code_exec();
    if (code->language().empty()) {
      code->set_language("python");
      code->set_code("print(1)");
    }
    return *code;
  }
  airlock::v1::SystemCommand& command() {
    return *request_.mutable_action()->mutable_system_command();
  }
  void SetArgv(const std::vector<std::string>& args) {
    command().mutable_argv()->clear_args();
    for (const std::string& arg : args) command().mutable_argv()->add_args(arg);
  }
  airlock::v1::InlineFile& AddFile(const std::string& path) {
    airlock::v1::InlineFile* file = code().mutable_input()->add_files();
    file->set_path(path);
    return *file;
  }

  const std::shared_ptr<const Contract> contract_ = ContractFromText(
      R"({"sandbox": {"timeout": 10000, "memoryLimit": "128m",
                      "cpuLimit": "0.5", "pidsLimit": 64,
                      "outputLimit": "1m"}})");
  airlock::v1::ExecuteRequest request_;
};

}  // namespace airlock::policy
