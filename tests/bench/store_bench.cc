// Measures what it takes until the two transactions of a command in a session
// are durable:
//
//   store_bench FOLDER [COMMANDS]
//
// By turns, each after the pause that lies between two commits of a service
// that is not busy: both transactions in the store's file, both in memory, and
// 4 KiB that are appended to another file of the folder and synced. A disk that
// has been idle takes longer than one that never is, so without the pause these
// would not be the same thing.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/security/random.h"
#include "common/security/sortable_id.h"
#include "common/time/proto_time.h"
#include "services/policy/store_factory.h"

namespace airlock::policy {
namespace {

constexpr int kDefaultCommands = 500;
constexpr absl::Duration kPause = absl::Milliseconds(2);
constexpr std::size_t kSpecBytes = 380;
constexpr std::size_t kPayloadBytes = 350;
constexpr std::size_t kSyncBytes = 4096;

struct Command {
  ExecutionRecord execution;
  airlock::internal::v1::StoredSession session;
};

Command NewCommand() {
  Command command;
  airlock::v1::Execution& execution = command.execution.execution;
  execution.set_id(NewSortableId(absl::Now()));
  execution.set_request_id(RandomUuid());
  execution.set_agent("bench");
  execution.set_action_kind(airlock::v1::ACTION_KIND_SYSTEM_COMMAND);
  execution.set_state(airlock::v1::Execution::STATE_RUNNING);
  execution.mutable_decision()->set_rule("autonomy.level");
  execution.mutable_decision()->set_explanation(
      "the level \"full\" allows what no rule decides");
  *execution.mutable_create_time() = ToProto(absl::Now());
  execution.set_digest(std::string(64, 'd'));
  execution.set_executor_id("ex-0123456789ab");
  execution.set_image("airlock/sandbox:latest");
  execution.set_session("build");
  command.execution.request_hash = RandomBytes(32);
  command.execution.boot_nonce = RandomBytes(16);
  command.execution.spec = RandomBytes(kSpecBytes);
  airlock::v1::Session& session = *command.session.mutable_session();
  session.set_id("01-the-session");
  session.set_agent("bench");
  session.set_name("build");
  session.set_state(airlock::v1::Session::STATE_OPEN);
  return command;
}

AuditEntry Entry(const Command& command, airlock::v1::AuditEventType type) {
  AuditEntry entry;
  const airlock::v1::Execution& execution = command.execution.execution;
  *entry.record.mutable_time() = ToProto(absl::Now());
  entry.record.set_type(type);
  entry.record.set_actor("bench");
  entry.record.set_agent("bench");
  entry.record.set_execution_id(execution.id());
  entry.record.set_session("build");
  entry.record.set_rule("autonomy.level");
  entry.record.set_policy_version("0123456789abcdef");
  entry.record.set_digest(execution.digest());
  entry.payload =
      absl::StrCat(R"({"x":")", std::string(kPayloadBytes, 'p'), R"("})");
  return entry;
}

Transaction StartOf(const Command& command) {
  Transaction transaction;
  transaction.executions.push_back(command.execution);
  transaction.sessions.push_back(command.session);
  transaction.audit.push_back(
      Entry(command, airlock::v1::AUDIT_EVENT_TYPE_REQUEST));
  transaction.audit.push_back(
      Entry(command, airlock::v1::AUDIT_EVENT_TYPE_START));
  return transaction;
}

Transaction EndOf(Command command) {
  Transaction transaction;
  airlock::v1::Execution& execution = command.execution.execution;
  execution.set_state(airlock::v1::Execution::STATE_FINISHED);
  execution.mutable_outcome()->set_exit_code(0);
  *execution.mutable_end_time() = ToProto(absl::Now());
  command.execution.spec.clear();
  command.execution.output.emplace().mutable_stdout()->set_head("hello\n");
  transaction.audit.push_back(
      Entry(command, airlock::v1::AUDIT_EVENT_TYPE_END));
  transaction.executions.push_back(std::move(command.execution));
  transaction.sessions.push_back(command.session);
  return transaction;
}

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

absl::Duration TimeOf(const std::function<void()>& work) {
  absl::SleepFor(kPause);
  const absl::Time begin = absl::Now();
  work();
  return absl::Now() - begin;
}

absl::Duration CommitTime(Store& store, Transaction transaction) {
  return TimeOf([&] {
    absl::Notification done;
    store.Commit(std::move(transaction), [&done](const absl::Status& status) {
      Check(status);
      done.Notify();
    });
    done.WaitForNotification();
  });
}

absl::Duration CommandTime(Store& store) {
  const Command command = NewCommand();
  const absl::Duration start = CommitTime(store, StartOf(command));
  return start + CommitTime(store, EndOf(command));
}

void Report(const char* what, std::vector<absl::Duration> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&times](double part) {
    return absl::ToDoubleMilliseconds(times[static_cast<std::size_t>(
        part * static_cast<double>(times.size() - 1))]);
  };
  std::printf("%-28s %8.3f %8.3f %8.3f\n", what, at(.5), at(.9), at(.99));
}

int Main(const std::string& folder, int commands) {
  StoreOptions options;
  auto memory = OpenStore(options);
  Check(memory.status());
  options.path = folder + "/store_bench.db";
  auto file = OpenStore(options);
  Check(file.status());
  const std::string path = folder + "/store_bench.sync";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const std::string bytes = RandomBytes(kSyncBytes);
  std::vector<absl::Duration> in_file;
  std::vector<absl::Duration> in_memory;
  std::vector<absl::Duration> synced;
  for (int i = 0; i < commands; ++i) {
    in_file.push_back(CommandTime(**file));
    in_memory.push_back(CommandTime(**memory));
    synced.push_back(TimeOf([&] {
      if (::write(fd, bytes.data(), bytes.size()) < 0 || ::fdatasync(fd) != 0) {
        std::perror(path.c_str());
        std::exit(1);
      }
    }));
  }
  std::printf("%-28s %8s %8s %8s\n", "milliseconds", "p50", "p90", "p99");
  Report("fdatasync of 4 KiB", synced);
  Report("both commits, memory", in_memory);
  Report("both commits, file", in_file);
  return 0;
}

}  // namespace
}  // namespace airlock::policy

int main(int argc, char** argv) {
  const int commands = argc > 2 ? std::atoi(argv[2]) : 0;
  if (argc < 2 || commands < 0) {
    std::cerr << "usage: store_bench FOLDER [COMMANDS]\n";
    return 2;
  }
  return airlock::policy::Main(
      argv[1], commands > 0 ? commands : airlock::policy::kDefaultCommands);
}
