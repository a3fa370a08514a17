#include "tests/integration/policy/service.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/config/config_file.h"
#include "common/config/contract.h"
#include "services/policy/audit/audit_entries.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

// Code needs one person, quinn's two; commands need nobody.
constexpr char kRules[] = R"(
    {"action":"code_exec","agent":"quinn","approval":"required","required":2},
    {"action":"code_exec","approval":"required"}]}})";
constexpr char kPolRules[] = R"(
    {"action":"code_exec","agent":"pol","approval":"deny"},
    {"action":"system_command","agent":"pol","approval":"deny"},)";

std::string ConfigText(bool pol_may) {
  return absl::StrCat(R"({"autonomy":{"level":"full"},
      "approvalGating":{"timeout":60000,"rules":[)",
                      pol_may ? "" : kPolRules, kRules);
}

std::string ConfigFrom(const Ledger& ledger) {
  bool pol_may = true;
  for (const Ledger::Line& line : ledger.Read()) {
    if (line[0] == "forbidding") pol_may = false;
  }
  return ConfigText(pol_may);
}

absl::Time TimeFrom(const World& world, const Ledger& ledger) {
  absl::Time time = world.beginning;
  for (const Ledger::Line& line : ledger.Read()) {
    std::int64_t seconds = 0;
    if (line[0] == "passed" && absl::SimpleAtoi(line[1], &seconds)) {
      time += absl::Seconds(seconds);
    }
  }
  return time;
}

std::shared_ptr<const Contract> ContractOf(const std::string& config) {
  ConfigReading reading = ReadConfigText(config);
  auto contract = ContractFromConfig(reading.config, reading.problems);
  EXPECT_NE(contract, nullptr) << FormatProblems(reading.problems);
  return contract;
}

std::unique_ptr<SqliteStore> OpenFile(
    const World& world, std::function<void(CommitPoint)> failpoint) {
  StoreOptions options;
  options.path = world.store_path();
  options.failpoint = std::move(failpoint);
  auto opened = SqliteStore::Open(options);
  EXPECT_THAT(opened, IsOk());
  return *std::move(opened);
}

}  // namespace

Service::Service(const World& world, Ledger& ledger,
                 std::function<void(CommitPoint)> failpoint)
    : ledger_(ledger),
      clock_(TimeFrom(world, ledger)),
      config_(ConfigFrom(ledger)),
      policy_(
          ReadConfigText(config_).config, ContractOf(config_),
          ConfigSource{"", [this] { return ReadConfigText(config_); }},
          [this](const PolicyReload& reload) {
            ASSERT_THAT(reload.status, IsOk());
            dispatcher_->Record(ConfigAppliedEntry(
                reload.version, policy_.Current()->config_json, clock_.Now()));
          },
          clock_),
      minter_([key = world.key] { return key; }),
      file_(OpenFile(world, std::move(failpoint))),
      store_(*file_) {}

Service::~Service() {
  if (dispatcher_ == nullptr) return;
  dispatcher_->AbortStreams();
  store_.WaitUntilQuiet();
}

void Service::Begin() {
  dispatcher_ = std::make_unique<Dispatcher>(
      Dispatcher::Parts{clock_, policy_, store_, minter_, metrics_, "po-1",
                        "1.2.3"},
      DispatchLimits());
  store_.LoadLive(clock_.Now() - absl::Hours(1),
                  [this](absl::StatusOr<LiveState> live) {
                    ASSERT_THAT(live, IsOk());
                    EXPECT_FALSE(live->restored) << "it was killed, no more";
                    dispatcher_->TakeUp(*std::move(live));
                  });
  store_.WaitUntilQuiet();
}

void Service::Advance(absl::Duration by) {
  ledger_.Write({"passed", absl::StrCat(absl::ToInt64Seconds(by))});
  clock_.Advance(by);
}

void Service::ForbidPol() {
  config_ = ConfigText(/*pol_may=*/false);
  ledger_.Write({"forbidding"});
  EXPECT_THAT(policy_.Reload(), IsOk());
  ledger_.Write({"forbidden"});
}

}  // namespace airlock::policy
