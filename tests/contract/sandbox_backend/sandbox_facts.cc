#include "tests/contract/sandbox_backend/sandbox_facts.h"

#include <gmock/gmock.h>

#include <stdexcept>
#include <utility>

#include "absl/time/clock.h"
#include "common/status/error.h"
#include "tests/contract/sandbox_backend/programs.h"
#include "tests/support/status_matchers.h"

namespace airlock {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;
using executor::SandboxSpec;
using testing::HasSubstr;

void SandboxFacts::SetUp() {
  backend_ = GetParam().make();
  ASSERT_NE(backend_, nullptr);
}

void SandboxFacts::TearDown() {
  if (sandbox_ == nullptr) return;
  EXPECT_THAT(sandbox_->Destroy(absl::Now() + absl::Seconds(30)), IsOk());
}

absl::StatusOr<std::unique_ptr<executor::Sandbox>> SandboxFacts::TryCreate(
    const SandboxSpec& spec) {
  return backend_->Create(spec, "contract-test",
                          absl::Now() + absl::Seconds(60), nullptr);
}

executor::Sandbox& SandboxFacts::sandbox() {
  if (sandbox_ == nullptr) {
    SandboxSpec spec = GetParam().spec;
    spec.parallel = true;
    auto created = TryCreate(spec);
    if (!created.ok()) throw std::runtime_error(created.status().ToString());
    sandbox_ = *std::move(created);
  }
  return *sandbox_;
}

std::shared_ptr<ProcessRecorder> SandboxFacts::Run(ProcessSpec spec) {
  auto recorder = std::make_shared<ProcessRecorder>();
  process_ = sandbox().Run(std::move(spec), recorder);
  return recorder;
}

std::shared_ptr<ProcessRecorder> SandboxFacts::RunParallel(ProcessSpec spec) {
  spec.parallel = true;
  return Run(std::move(spec));
}

std::string SandboxFacts::CountBackground() {
  const auto count = RunParallel(GetParam().count_background());
  count->WaitEnded();
  return count->standard_output();
}

TEST_P(SandboxFacts, ExitCodeIsTold) {
  const ProcessEnd end = Run(ShellLine("exit 7"))->WaitEnded();

  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_TRUE(end.empty);
}

TEST_P(SandboxFacts, StandardOutputComesBeforeTheEnd) {
  const auto process = Run(TestProcess({"echo", "hello", "there"}));

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kExited);
  EXPECT_EQ(process->standard_output(), "hello there\n");
  EXPECT_EQ(process->standard_error(), "");
}

TEST_P(SandboxFacts, StandardErrorIsKeptApart) {
  const auto process = Run(GetParam().complain("oops"));

  process->WaitEnded();
  EXPECT_EQ(process->standard_output(), "");
  EXPECT_EQ(process->standard_error(), "oops\n");
}

TEST_P(SandboxFacts, StandardInputAndOutputAreBinarySafeAndInOrder) {
  ProcessSpec spec = TestProcess({"cat"});
  for (int i = 0; i < 200'000; ++i) {
    spec.stdin_data.push_back(static_cast<char>(i * 31 >> (i % 7)));
  }
  spec.output_credit_bytes = 1U << 20U;
  const std::string sent = spec.stdin_data;

  const auto process = Run(std::move(spec));

  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_TRUE(process->standard_output() == sent);
}

TEST_P(SandboxFacts, OutputStopsWhereItsCreditEnds) {
  constexpr std::uint64_t kCredit = 50'000;
  constexpr std::uint64_t kAll = 200'000;
  ProcessSpec spec = GetParam().write_bytes(kAll);
  spec.output_credit_bytes = kCredit;

  const auto process = Run(std::move(spec));
  ASSERT_TRUE(process->WaitOutput(kCredit));
  process_->AllowOutput(kCredit + 1);
  ASSERT_TRUE(process->WaitOutput(kCredit + 1));
  // A lower limit changes nothing.
  process_->AllowOutput(kCredit / 2);
  EXPECT_EQ(process->output_bytes(), kCredit + 1);
  EXPECT_EQ(process->ends(), 0);

  process_->AllowOutput(kAll);
  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kExited);
  EXPECT_EQ(process->output_bytes(), kAll);
}

TEST_P(SandboxFacts, ProcessWithoutCreditCanBeCancelled) {
  ProcessSpec spec = GetParam().write_bytes(1'000'000);
  spec.output_credit_bytes = 1000;
  const auto process = Run(std::move(spec));
  ASSERT_TRUE(process->WaitOutput(1000));

  process_->Cancel();

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kCancelled);
  // What was in the pipe comes as well, the rest was never written.
  EXPECT_LT(process->output_bytes(), 1'000'000);
}

TEST_P(SandboxFacts, LaterInputReachesTheProcessUntilItEnds) {
  ProcessSpec spec = TestProcess({"cat"});
  spec.stdin_data = "first ";
  spec.accepts_later_input = true;
  const auto process = Run(std::move(spec));
  ASSERT_TRUE(process->WaitOutput(6));

  process_->AddInput("second ", /*end=*/false);
  ASSERT_TRUE(process->WaitOutput(13));
  process_->AddInput("third", /*end=*/true);

  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_EQ(process->standard_output(), "first second third");
  EXPECT_GT(process->input_credit(),
            executor::SandboxProcess::kFirstInputCredit);
}

TEST_P(SandboxFacts, InputBeyondItsCreditCostsTheSandbox) {
  ProcessSpec spec = TestProcess({"sleep", "600"});
  spec.accepts_later_input = true;
  const auto process = Run(std::move(spec));
  ASSERT_TRUE(process->WaitStarted());

  process_->AddInput(
      std::string(executor::SandboxProcess::kFirstInputCredit + 1, 'x'),
      /*end=*/false);

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kSandboxFailed);
}

TEST_P(SandboxFacts, InputThatIsNotAcceptedCostsTheSandbox) {
  const auto process = Run(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(process->WaitStarted());

  process_->AddInput("x", /*end=*/false);

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kSandboxFailed);
}

TEST_P(SandboxFacts, OutputBeyondItsLimitEndsTheProcess) {
  ProcessSpec spec = GetParam().write_bytes(100'000);
  spec.output_limit_bytes = 10'000;

  const auto process = Run(std::move(spec));

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kOutputLimit);
  EXPECT_LE(process->output_bytes(), 10'000);
}

TEST_P(SandboxFacts, CancelEndsTheProcess) {
  const auto process = Run(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(process->WaitStarted());

  process_->Cancel();

  const ProcessEnd end = process->WaitEnded();
  EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
  EXPECT_TRUE(end.empty);
}

TEST_P(SandboxFacts, CancelEndsWhatIgnoresSigterm) {
  ProcessSpec spec = GetParam().ignore_sigterm();
  spec.kill_grace = absl::Milliseconds(100);
  const auto process = Run(std::move(spec));
  ASSERT_TRUE(process->WaitStarted());

  process_->Cancel();

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kCancelled);
}

TEST_P(SandboxFacts, TimeoutEndsTheProcess) {
  ProcessSpec spec = TestProcess({"sleep", "600"});
  spec.timeout = absl::Milliseconds(200);

  const ProcessEnd end = Run(std::move(spec))->WaitEnded();

  EXPECT_EQ(end.ended_by, EndedBy::kTimedOut);
  EXPECT_GE(end.wall_time, absl::Milliseconds(190));
}

TEST_P(SandboxFacts, UnknownCommandIsNotStarted) {
  const auto process = Run(TestProcess({"no-such-command"}));

  const ProcessEnd end = process->WaitEnded();
  EXPECT_EQ(end.ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(end.reason, "COMMAND_NOT_FOUND");
  EXPECT_FALSE(process->WaitStarted(absl::ZeroDuration()));
}

TEST_P(SandboxFacts, SecondProcessAtOnceIsNotStarted) {
  const auto first = Run(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(first->WaitStarted());

  const auto second = Run(TestProcess({"echo"}));

  EXPECT_EQ(second->WaitEnded().ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(first->ends(), 0);
}

TEST_P(SandboxFacts, ProcessesRunOneAfterAnother) {
  for (int code : {1, 2, 3}) {
    const ProcessEnd end =
        Run(ShellLine("exit " + std::to_string(code)))->WaitEnded();
    EXPECT_EQ(end.exit_code, code);
  }
}

TEST_P(SandboxFacts, DestroyEndsTheProcessAsLost) {
  const auto process = Run(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(process->WaitStarted());

  EXPECT_THAT(sandbox().Destroy(absl::Now() + absl::Seconds(30)), IsOk());

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kSandboxFailed);
}

TEST_P(SandboxFacts, UsableUntilDestroyed) {
  EXPECT_TRUE(sandbox().usable());
  EXPECT_EQ(Run(ShellLine("exit 3"))->WaitEnded().exit_code, 3);
  EXPECT_TRUE(sandbox().usable()) << "a process is not the sandbox";

  ASSERT_THAT(sandbox().Destroy(absl::Now() + absl::Seconds(30)), IsOk());

  EXPECT_FALSE(sandbox().usable());
}

TEST_P(SandboxFacts, DestroyTwiceIsFine) {
  sandbox();

  EXPECT_THAT(sandbox().Destroy(absl::Now() + absl::Seconds(30)), IsOk());
  EXPECT_THAT(sandbox().Destroy(absl::Now() + absl::Seconds(30)), IsOk());
}

TEST_P(SandboxFacts, NothingRunsAfterDestroy) {
  ASSERT_THAT(sandbox().Destroy(absl::Now() + absl::Seconds(30)), IsOk());

  const auto process = Run(TestProcess({"echo", "ghost"}));

  const ProcessEnd end = process->WaitEnded();
  EXPECT_THAT(end.ended_by,
              testing::AnyOf(EndedBy::kNotStarted, EndedBy::kSandboxFailed));
  EXPECT_EQ(process->output_bytes(), 0);
}

TEST_P(SandboxFacts, AnUnsetLimitIsRefused) {
  const std::vector<std::pair<const char*, std::function<void(SandboxSpec&)>>>
      limits = {
          {"spec.memory_bytes",
           [](SandboxSpec& spec) { spec.memory_bytes = 0; }},
          {"spec.cpu_millis", [](SandboxSpec& spec) { spec.cpu_millis = 0; }},
          {"spec.pids", [](SandboxSpec& spec) { spec.pids = 0; }},
          {"spec.workspace_bytes",
           [](SandboxSpec& spec) { spec.workspace_bytes = 0; }},
          {"spec.tmp_bytes", [](SandboxSpec& spec) { spec.tmp_bytes = 0; }},
          {"spec.inodes", [](SandboxSpec& spec) { spec.inodes = 0; }},
          {"spec.user", [](SandboxSpec& spec) { spec.user = "0:0"; }},
          {"spec.user", [](SandboxSpec& spec) { spec.user = "nobody"; }},
          {"spec.network_mode",
           [](SandboxSpec& spec) { spec.network_mode = "host"; }}};
  for (const auto& [field, unset] : limits) {
    SandboxSpec spec = GetParam().spec;
    unset(spec);

    EXPECT_THAT(TryCreate(spec),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(field)));
  }
}

TEST_P(SandboxFacts, UnknownImageIsNotFound) {
  if (GetParam().unknown_image.empty()) GTEST_SKIP() << "it has no images";
  SandboxSpec spec = GetParam().spec;
  spec.image = GetParam().unknown_image;

  const auto created = TryCreate(spec);

  EXPECT_THAT(created, StatusIs(absl::StatusCode::kNotFound,
                                HasSubstr(GetParam().unknown_image)));
  EXPECT_EQ(ErrorReason(created.status()), "IMAGE_NOT_FOUND");
}

TEST_P(SandboxFacts, AnotherImageThanApprovedIsRefused) {
  if (GetParam().unknown_image.empty()) GTEST_SKIP() << "it has no images";
  SandboxSpec spec = GetParam().spec;
  spec.image_id = "sha256:" + std::string(64, 'a');

  EXPECT_THAT(TryCreate(spec), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr(spec.image_id)));
}

TEST_P(SandboxFacts, ImagesAreListedWithTheIdTheSandboxHas) {
  if (GetParam().unknown_image.empty()) GTEST_SKIP() << "it has no images";
  const auto images = backend_->ListImages(absl::Now() + absl::Seconds(10));
  ASSERT_THAT(images, IsOk());

  const std::string id = sandbox().image_id();

  EXPECT_THAT(*images, testing::Contains(testing::AllOf(
                           testing::Field(&executor::BackendImage::reference,
                                          GetParam().spec.image),
                           testing::Field(&executor::BackendImage::id, id))));
}

TEST_P(SandboxFacts, NothingIsCreatedAfterTheDeadline) {
  EXPECT_THAT(backend_->Create(GetParam().spec, "contract-test",
                               absl::Now() - absl::Seconds(1), nullptr),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_P(SandboxFacts, ChecksItself) {
  EXPECT_THAT(backend_->Check(absl::Now() + absl::Seconds(10)), IsOk());
}

}  // namespace airlock
