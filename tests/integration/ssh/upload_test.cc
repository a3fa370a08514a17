// The runner's way to a real host.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "services/executor/backends/ssh/connection/runner_upload.h"
#include "tests/integration/ssh/ssh_test.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_sshd.h"

namespace airlock::executor {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string Architecture() { return RunTool({"/usr/bin/uname", "-m"}); }

class RunnerUploadTest : public testing::Test {
 protected:
  // An ELF program that understands --version, of `size` bytes at least.
  void MakeProgram(std::size_t size) {
    std::string bytes = ReadBytes("/usr/bin/true");
    while (bytes.size() < size) bytes += RandomText();
    WriteText(program_, bytes);
    binaries_ = {{Architecture(), program_}};
    hash_ = ToHex(Sha256(bytes));
  }

  absl::StatusOr<RemoteRunner> Upload(const std::string& directory = "") {
    auto connection = Dial(PatientTarget(*sshd_));
    if (!connection.ok()) return connection.status();
    return UploadRunner(**connection, binaries_, directory, Soon());
  }

  void Start(TestSshdOptions options) {
    sshd_ = std::make_unique<TestSshd>(std::move(options));
    program_ = sshd_->directory() / "program";
    MakeProgram(0);
  }

  void SetUp() override { Start({}); }

  // Other tests log in as the same user: only what is ours goes.
  void TearDown() override {
    for (const char* root : {"/var/tmp", "/dev/shm"}) {
      const std::string folder = absl::StrCat(root, "/airlock-", sshd_->uid());
      std::error_code error;
      std::filesystem::remove(absl::StrCat(folder, "/airlock-runner-", hash_),
                              error);
      rmdir(folder.c_str());
    }
  }

  // A folder for the account itself.
  std::string MakeFolder(const std::string& path) {
    std::filesystem::create_directories(path);
    EXPECT_EQ(chown(path.c_str(), sshd_->uid(), sshd_->uid()), 0);
    return path;
  }

  std::string cache() const { return sshd_->home() + "/.cache/airlock"; }

  static std::vector<std::string> FilesIn(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder, error)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  std::unique_ptr<TestSshd> sshd_;
  std::string program_;
  std::string hash_;
  RunnerBinaries binaries_;

 private:
  std::string RandomText() {
    return std::string(100'000, static_cast<char>(++letter_));
  }

  int letter_ = 0;
};

TEST_F(RunnerUploadTest, GoesIntoTheHomeOnce) {
  const auto first = Upload();
  const auto second = Upload();

  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->uploaded);
  EXPECT_EQ(first->architecture, Architecture());
  EXPECT_EQ(first->path, absl::StrCat(cache(), "/airlock-runner-", hash_));
  EXPECT_EQ(ReadBytes(first->path), ReadBytes(program_));
  struct stat info = {};
  stat(cache().c_str(), &info);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
  ASSERT_THAT(second, IsOk());
  EXPECT_FALSE(second->uploaded);
  EXPECT_EQ(second->path, first->path);
  EXPECT_THAT(FilesIn(cache()), ElementsAre("airlock-runner-" + hash_));
}

TEST_F(RunnerUploadTest, ASpoiledProgramIsReplaced) {
  const auto first = Upload();
  ASSERT_THAT(first, IsOk());
  std::ofstream(first->path, std::ios::app) << "more";

  const auto second = Upload();

  ASSERT_THAT(second, IsOk());
  EXPECT_TRUE(second->uploaded);
  EXPECT_EQ(ReadBytes(second->path), ReadBytes(program_));
}

TEST_F(RunnerUploadTest, ANoisyProfileDoesNotConfuseIt) {
  Start({.profile = "echo 'Welcome! no ready absent'; echo trouble >&2\n"
                    "umask 000; say() { echo lies; }; export -f say\n"});

  const auto runner = Upload();

  ASSERT_THAT(runner, IsOk());
  EXPECT_EQ(ReadBytes(runner->path), ReadBytes(program_));
}

TEST_F(RunnerUploadTest, OneChannelAtATimeIsEnough) {
  Start({.config_lines = {"MaxSessions 1"}});
  auto connection = Dial(PatientTarget(*sshd_));
  ASSERT_THAT(connection, IsOk());

  const auto runner = UploadRunner(**connection, binaries_, "", Soon());

  ASSERT_THAT(runner, IsOk());
  EXPECT_THAT((*connection)->StartProgram(runner->path, Soon()), IsOk());
}

TEST_F(RunnerUploadTest, AnAccountWithoutShellIsExplained) {
  Start({.config_lines = {"ForceCommand echo no shell here"}});

  EXPECT_THAT(Upload(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 AllOf(HasSubstr("ForceCommand"),
                                       HasSubstr("no shell here"))));
}

TEST_F(RunnerUploadTest, AnotherArchitectureIsExplained) {
  binaries_ = {{"pdp11", program_}};

  const auto runner = Upload();

  EXPECT_EQ(ErrorReason(runner.status()), "ARCHITECTURE_UNSUPPORTED");
  EXPECT_THAT(runner, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr(Architecture()),
                                     HasSubstr("only for: pdp11"))));
}

TEST_F(RunnerUploadTest, AHostGetsTheProgramOfItsArchitecture) {
  Start({.profile = "export PATH=\"$HOME/bin:$PATH\"\n"});
  WriteText(MakeFolder(sshd_->home() + "/bin") + "/uname",
            "#!/bin/sh\necho aarch64\n", std::filesystem::perms(0755));
  const std::string other = sshd_->directory() / "other";
  WriteText(other, ReadBytes("/usr/bin/false"));
  binaries_ = {{"aaa", other}, {"aarch64", program_}, {"x86_64", other}};

  const auto runner = Upload();

  ASSERT_THAT(runner, IsOk());
  EXPECT_EQ(runner->architecture, "aarch64");
  EXPECT_EQ(ReadBytes(runner->path), ReadBytes(program_));
}

TEST_F(RunnerUploadTest, ALocalFileThatIsNoProgramIsRefused) {
  WriteText(program_, "#!/bin/sh\n");
  EXPECT_THAT(Upload(), StatusIs(absl::StatusCode::kInvalidArgument));

  std::filesystem::remove(program_);
  EXPECT_THAT(Upload(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RunnerUploadTest, ANamedFolderIsTheOnlyOne) {
  const std::string folder = MakeFolder(sshd_->home() + "/it's here");
  const auto runner = Upload(folder);
  ASSERT_THAT(runner, IsOk());
  EXPECT_THAT(runner->path, StartsWith(folder + "/airlock-runner-"));

  const auto refused = Upload("/proc/airlock");
  EXPECT_EQ(ErrorReason(refused.status()), "NO_RUNNER_FOLDER");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("/proc/airlock cannot be made")));
  EXPECT_THAT(Upload("relative"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RunnerUploadTest, AFolderOfSomebodyElseIsNotUsed) {
  if (getuid() != 0) GTEST_SKIP() << "makes another's folder";
  const std::string folder = sshd_->directory() / "of-root";
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::all);

  EXPECT_THAT(Upload(folder), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       HasSubstr("belongs to user 0")));
}

TEST_F(RunnerUploadTest, ALinkIsNotUsed) {
  const std::string folder = MakeFolder(sshd_->home() + "/real");
  const std::string link = sshd_->home() + "/link";
  std::filesystem::create_symlink(folder, link);

  EXPECT_THAT(Upload(link), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("is not a folder")));
  EXPECT_THAT(FilesIn(folder), ElementsAre());
}

TEST_F(RunnerUploadTest, ALinkInPlaceOfTheProgramIsReplaced) {
  MakeFolder(sshd_->home() + "/.cache");
  MakeFolder(cache());
  const std::string path = absl::StrCat(cache(), "/airlock-runner-", hash_);
  std::filesystem::create_symlink("/usr/bin/true", path);

  const auto runner = Upload();

  ASSERT_THAT(runner, IsOk());
  EXPECT_TRUE(runner->uploaded);
  EXPECT_FALSE(std::filesystem::is_symlink(path));
}

// A file system over a folder of the account. Unmounted when it goes.
class Mounted {
 public:
  Mounted(std::string path, unsigned long flags, const char* options)
      : path_(std::move(path)),
        mounted_(mount("tmpfs", path_.c_str(), "tmpfs", flags, options) == 0) {}
  ~Mounted() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

  bool mounted() const { return mounted_; }

 private:
  const std::string path_;
  const bool mounted_;
};

TEST_F(RunnerUploadTest, AFolderThatExecutesNothingIsPassedOver) {
  const std::string folder = MakeFolder(sshd_->home() + "/.cache");
  const Mounted noexec(folder, MS_NOEXEC, "mode=0777");
  if (!noexec.mounted()) GTEST_SKIP() << "needs a mount";

  const auto runner = Upload();

  ASSERT_THAT(runner, IsOk());
  EXPECT_EQ(runner->path, absl::StrCat("/var/tmp/airlock-", sshd_->uid(),
                                       "/airlock-runner-", hash_));
  EXPECT_THAT(Upload(cache()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("does not execute programs")));
}

TEST_F(RunnerUploadTest, AReadOnlyFolderIsPassedOver) {
  const std::string folder = MakeFolder(sshd_->home() + "/.cache");
  const Mounted read_only(folder, MS_RDONLY, "mode=0777");
  if (!read_only.mounted()) GTEST_SKIP() << "needs a mount";

  EXPECT_THAT(Upload(), IsOk());
  EXPECT_THAT(Upload(cache()), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("Read-only")));
}

TEST_F(RunnerUploadTest, AFullFolderIsPassedOver) {
  MakeProgram(std::size_t{3} << 20U);
  const std::string folder = MakeFolder(sshd_->home() + "/.cache");
  const Mounted small(folder, 0, "mode=0777,size=1m");
  if (!small.mounted()) GTEST_SKIP() << "needs a mount";

  const auto runner = Upload();

  ASSERT_THAT(runner, IsOk());
  EXPECT_THAT(runner->path, StartsWith("/var/tmp/"));
  EXPECT_THAT(FilesIn(cache()), ElementsAre());
}

TEST_F(RunnerUploadTest, ExecutorsMayUploadAtTheSameTime) {
  MakeProgram(std::size_t{3} << 20U);

  std::vector<std::thread> executors;
  std::array<absl::Status, 4> ends;
  for (absl::Status& end : ends) {
    executors.emplace_back([this, &end] { end = Upload().status(); });
  }
  for (std::thread& executor : executors) executor.join();

  for (const absl::Status& end : ends) EXPECT_THAT(end, IsOk());
  EXPECT_THAT(FilesIn(cache()), ElementsAre("airlock-runner-" + hash_));
  EXPECT_EQ(ReadBytes(absl::StrCat(cache(), "/airlock-runner-", hash_)),
            ReadBytes(program_));
}

TEST_F(RunnerUploadTest, AHalfUploadIsNeverUsed) {
  MakeProgram(std::size_t{24} << 20U);
  absl::Status end;
  std::thread executor([this, &end] { end = Upload().status(); });
  const auto half_there = [this] {
    for (const std::string& name : FilesIn(cache())) {
      std::error_code error;
      if (std::filesystem::file_size(cache() + "/" + name, error) > 1'000'000 &&
          !error) {
        return true;
      }
    }
    return false;
  };
  const absl::Time give_up = Soon();
  while (!half_there() && absl::Now() < give_up) {
    absl::SleepFor(absl::Milliseconds(1));
  }

  sshd_->Stop();
  executor.join();

  EXPECT_THAT(end, StatusIs(absl::StatusCode::kUnavailable));
  const std::string path = absl::StrCat(cache(), "/airlock-runner-", hash_);
  while (!FilesIn(cache()).empty() && absl::Now() < give_up) {
    ASSERT_FALSE(std::filesystem::exists(path));
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_THAT(FilesIn(cache()), ElementsAre());
  sshd_->Restart();
  EXPECT_THAT(Upload(), IsOk());
  EXPECT_EQ(ReadBytes(path), ReadBytes(program_));
}

}  // namespace
}  // namespace airlock::executor
