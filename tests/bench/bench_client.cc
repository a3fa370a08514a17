#include "tests/bench/bench_client.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/rpc/channel.h"
#include "common/security/random.h"

namespace airlock {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(120);

}  // namespace

void StopBench(const std::string& why) {
  std::cerr << "airlock_load: " << why << std::endl;
  std::exit(1);
}

std::unique_ptr<grpc::ClientContext> BenchContext(const char* variable) {
  auto context = std::make_unique<grpc::ClientContext>();
  SetTimeout(*context, kPatience);
  const char* token = std::getenv(variable);
  context->AddMetadata("authorization",
                       absl::StrCat("Bearer ", token == nullptr ? "" : token));
  return context;
}

airlock::v1::ExecuteRequest BenchCommand(const std::vector<std::string>& argv,
                                         const std::string& session,
                                         int client) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id(RandomUuid());
  auto& command = *request.mutable_action()->mutable_system_command();
  command.mutable_argv()->mutable_args()->Assign(argv.begin(), argv.end());
  if (session != "-") request.set_session(absl::StrCat(session, client));
  return request;
}

}  // namespace airlock
