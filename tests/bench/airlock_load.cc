// Loads an Airlock through its public API and measures it, for the scripts
// beside this:
//
//   airlock_load HOST:PORT      AIRLOCK_TOKEN in the environment
//
// Reads one order a line and answers each with one line of JSON:
//
//   run COUNT CLIENTS SESSION   /bin/true COUNT times, by so many at once
//   output BYTES SESSION        one command that writes so much
//   timeout COUNT MS SESSION    commands that do not heed SIGTERM, one after
//                               another, with this timeout
//   cancel COUNT SESSION        the same, cancelled when they run
//   watch COUNT                 so many idle streams, held until the next order
//   raise COUNT CLIENTS         so many actions that wait for a human
//   approve COUNT SESSION       actions that wait for a human, each approved
//
// SESSION is a name, to which each client adds its number, or "-": a sandbox of
// its own for each command. Ends with the input, or when anything goes wrong.
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <atomic>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/time/proto_time.h"
#include "nlohmann/json.hpp"
#include "tests/bench/approval_load.h"
#include "tests/bench/bench_client.h"

namespace airlock {
namespace {

using airlock::v1::ExecuteRequest;
using airlock::v1::ExecuteResponse;
using airlock::v1::Execution;
using airlock::v1::WatchExecutionRequest;
using airlock::v1::WatchExecutionResponse;
using nlohmann::json;

constexpr int kMaxCount = 100'000;
constexpr int kMaxClients = 64;
constexpr int kMaxWatchers = 2'000;
constexpr int kMaxTimeoutMs = 60'000;
constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 30;

// Says that it is there, and does not go when it is asked to.
ExecuteRequest Stubborn(const std::string& session) {
  return BenchCommand({"sh", "-c", "trap '' TERM; echo there; exec sleep 100"},
                      session, /*client=*/0);
}

// What one command came to.
struct Told {
  Execution completed;
  std::uint64_t output_bytes = 0;
};

class Load {
 public:
  explicit Load(const std::string& target)
      : stub_(airlock::v1::ExecutionService::NewStub(
            MakeChannel(target, grpc::InsecureChannelCredentials()))) {}

  json Run(int count, int clients, const std::string& session) {
    std::vector<std::vector<double>> micros(clients);
    std::atomic<int> left = count;
    const absl::Time begin = absl::Now();
    std::vector<std::thread> threads;
    threads.reserve(clients);
    for (int client = 0; client < clients; ++client) {
      threads.emplace_back([&, client] {
        while (left.fetch_sub(1) > 0) {
          const absl::Time start = absl::Now();
          Execute(BenchCommand({"/bin/true"}, session, client));
          micros[client].push_back(
              absl::ToDoubleMicroseconds(absl::Now() - start));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<double> all;
    for (const std::vector<double>& own : micros) {
      all.insert(all.end(), own.begin(), own.end());
    }
    return {{"seconds", absl::ToDoubleSeconds(absl::Now() - begin)},
            {"micros", std::move(all)}};
  }

  // Milliseconds from a cancel, or from the moment when the command was there
  // and its timeout began, to the end.
  json Ends(int count, absl::Duration timeout, const std::string& session) {
    std::vector<double> millis;
    for (int i = 0; i < count; ++i) {
      ExecuteRequest request = Stubborn(session);
      if (timeout > absl::ZeroDuration()) {
        *request.mutable_timeout() = ToProto(timeout);
      }
      const auto context = BenchContext();
      const auto reader = stub_->Execute(context.get(), request);
      std::string id;
      std::optional<absl::Time> begin;
      Told told;
      ExecuteResponse response;
      while (reader->Read(&response)) {
        const airlock::v1::ExecutionEvent& event = response.event();
        if (event.has_accepted()) id = event.accepted().id();
        if (event.has_completed()) told.completed = event.completed();
        if (!event.has_output() || begin.has_value()) continue;
        begin = absl::Now();
        if (timeout == absl::ZeroDuration()) Cancel(id);
      }
      const grpc::Status status = reader->Finish();
      if (!status.ok()) StopBench(status.error_message());
      if (!begin.has_value()) StopBench(told.completed.ShortDebugString());
      millis.push_back(absl::ToDoubleMilliseconds(absl::Now() - *begin));
    }
    return {{"millis", std::move(millis)}};
  }

  json Output(std::uint64_t bytes, const std::string& session) {
    const absl::Time begin = absl::Now();
    const Told told =
        Execute(BenchCommand({"head", "-c", absl::StrCat(bytes), "/dev/zero"},
                             session, /*client=*/0));
    if (told.output_bytes != bytes) {
      StopBench(absl::StrCat("of ", bytes, " bytes came ", told.output_bytes));
    }
    return {{"seconds", absl::ToDoubleSeconds(absl::Now() - begin)},
            {"bytes", bytes}};
  }

  // Streams of one execution that sleeps; they end when the next order comes.
  json Watch(int count) {
    sleeper_context_ = BenchContext();
    sleeper_ =
        stub_->Execute(sleeper_context_.get(),
                       BenchCommand({"sleep", "100"}, "-", /*client=*/0));
    ExecuteResponse first;
    if (!sleeper_->Read(&first))
      StopBench("the execution to watch was refused");
    WatchExecutionRequest request;
    request.set_id(first.event().accepted().id());
    for (int i = 0; i < count; ++i) {
      watch_contexts_.push_back(BenchContext());
      watchers_.push_back(
          stub_->WatchExecution(watch_contexts_.back().get(), request));
      WatchExecutionResponse event;
      if (!watchers_.back()->Read(&event)) StopBench("a watcher was refused");
    }
    return {{"watchers", watchers_.size()}};
  }
  void EndWatch() {
    for (auto& context : watch_contexts_) context->TryCancel();
    for (auto& watcher : watchers_) Drain<WatchExecutionResponse>(*watcher);
    watchers_.clear();
    watch_contexts_.clear();
    if (sleeper_ == nullptr) return;
    sleeper_context_->TryCancel();
    Drain<ExecuteResponse>(*sleeper_);
    sleeper_ = nullptr;
  }

 private:
  void Cancel(const std::string& id) {
    airlock::v1::CancelExecutionRequest request;
    request.set_id(id);
    airlock::v1::CancelExecutionResponse response;
    const grpc::Status status =
        stub_->CancelExecution(BenchContext().get(), request, &response);
    if (!status.ok()) StopBench(status.error_message());
  }
  Told Execute(const ExecuteRequest& request) {
    const auto context = BenchContext();
    const auto reader = stub_->Execute(context.get(), request);
    Told told;
    ExecuteResponse response;
    while (reader->Read(&response)) {
      told.output_bytes += response.event().output().data().size();
      if (response.event().has_completed()) {
        told.completed = response.event().completed();
      }
    }
    const grpc::Status status = reader->Finish();
    if (!status.ok()) StopBench(status.error_message());
    if (told.completed.outcome().ended_by() !=
            airlock::v1::Outcome::ENDED_BY_EXITED ||
        told.completed.outcome().exit_code() != 0) {
      StopBench(told.completed.ShortDebugString());
    }
    return told;
  }
  template <typename Response, typename Reader>
  static void Drain(Reader& reader) {
    Response response;
    while (reader.Read(&response)) {
    }
    // It was cut by this side, so its status says nothing.
    static_cast<void>(reader.Finish());
  }

  const std::unique_ptr<airlock::v1::ExecutionService::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> sleeper_context_;
  std::unique_ptr<grpc::ClientReader<ExecuteResponse>> sleeper_;
  std::vector<std::unique_ptr<grpc::ClientContext>> watch_contexts_;
  std::vector<std::unique_ptr<grpc::ClientReader<WatchExecutionResponse>>>
      watchers_;
};

json Obey(Load& load, ApprovalLoad& approvals, const std::string& order) {
  std::istringstream words(order);
  std::string verb;
  std::uint64_t count = 0;
  words >> verb >> count;
  if (!words) StopBench(absl::StrCat("no such order: ", order));
  if (verb == "watch" && count <= kMaxWatchers) {
    return load.Watch(static_cast<int>(count));
  }
  int clients = 1;
  int timeout_ms = 0;
  if (verb == "run" || verb == "raise") words >> clients;
  if (verb == "timeout") words >> timeout_ms;
  const bool counted = !words.fail() && count <= kMaxCount && clients >= 1 &&
                       clients <= kMaxClients;
  if (verb == "raise" && counted) {
    return approvals.Raise(static_cast<int>(count), clients);
  }
  std::string session;
  words >> session;
  const bool complete = !words.fail() && clients >= 1 && clients <= kMaxClients;
  if (verb == "run" && complete && count <= kMaxCount) {
    return load.Run(static_cast<int>(count), clients, session);
  }
  if (verb == "output" && complete && count <= kMaxBytes) {
    return load.Output(count, session);
  }
  if (verb == "approve" && complete && count <= kMaxCount) {
    return approvals.Approve(static_cast<int>(count), session);
  }
  const bool asked = timeout_ms > 0 && timeout_ms <= kMaxTimeoutMs;
  const bool ends = verb == "timeout" ? asked : verb == "cancel";
  if (ends && complete && count <= kMaxCount) {
    return load.Ends(static_cast<int>(count), absl::Milliseconds(timeout_ms),
                     session);
  }
  StopBench(absl::StrCat("no such order: ", order));
}

int Main(const std::string& target) {
  Load load(target);
  ApprovalLoad approvals(target);
  std::string order;
  while (std::getline(std::cin, order)) {
    load.EndWatch();
    std::cout << Obey(load, approvals, order).dump() << std::endl;
  }
  load.EndWatch();
  return 0;
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " HOST:PORT" << std::endl;
    return 2;
  }
  return airlock::Main(argv[1]);
}
