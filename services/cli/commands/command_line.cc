#include "services/cli/commands/command_line.h"

#include <iostream>
#include <map>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "services/cli/render/error_text.h"
#include "services/cli/render/json.h"

namespace airlock::cli {

void AddOutputOption(CLI::App& command, CommandLine& line) {
  const std::map<std::string, OutputFormat> formats = {
      {"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}};
  command
      .add_option("-o,--output", line.output,
                  "How results are shown: table, json")
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->type_name("FORMAT");
}

int Fail(const CommandLine& line, const absl::Status& error) {
  if (line.output == OutputFormat::kJson) {
    const absl::StatusOr<std::string> json =
        ToJson(ErrorMessage(error), JsonLayout::kOneLine);
    if (json.ok()) {
      std::cerr << *json << std::endl;
      return line.failure_code;
    }
  }
  std::cerr << ErrorText(error) << std::flush;
  return line.failure_code;
}

int Finish(const CommandLine& line, const absl::Status& status) {
  return status.ok() ? kExitOk : Fail(line, status);
}

int PrintJson(const CommandLine& line,
              const google::protobuf::Message& message) {
  const absl::StatusOr<std::string> json =
      ToJson(message, JsonLayout::kIndented);
  if (!json.ok()) return Fail(line, json.status());
  std::cout << *json << std::endl;
  return kExitOk;
}

int PrintJson(const nlohmann::json& json) {
  std::cout << json.dump(2, ' ', /*ensure_ascii=*/true,
                         nlohmann::json::error_handler_t::replace)
            << std::endl;
  return kExitOk;
}

}  // namespace airlock::cli
