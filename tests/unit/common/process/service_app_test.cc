#include "common/process/service_app.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace airlock {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// The example program as a child, with both outputs in one pipe.
class Child {
 public:
  explicit Child(std::vector<std::string> args) {
    args.insert(args.begin(), EXAMPLE_PROGRAM);
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    int fds[2];
    if (pipe(fds) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(fds[1], STDOUT_FILENO);
      dup2(fds[1], STDERR_FILENO);
      close(fds[0]);
      close(fds[1]);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(fds[1]);
    fd_ = fds[0];
  }

  ~Child() {
    close(fd_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  // Reads until `text` has come or the output ends.
  bool ReadUntil(const std::string& text) {
    while (output_.find(text) == std::string::npos) {
      char buffer[4096];
      const ssize_t count = read(fd_, buffer, sizeof(buffer));
      if (count <= 0) return false;
      output_.append(buffer, static_cast<std::size_t>(count));
    }
    return true;
  }

  void Signal(int signal) const { kill(pid_, signal); }

  // Its exit code, after all its output was read.
  int Wait() {
    ReadUntil(std::string(1, '\0'));
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  const std::string& output() const { return output_; }

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
  std::string output_;
};

std::string ConfigFile(const std::string& text) {
  const std::string path = testing::TempDir() + "/service_app_test.json";
  std::ofstream(path) << text;
  return path;
}

std::string ConfigWithTarget(const std::string& target) {
  return ConfigFile(R"({"gateway": {"policyTarget": ")" + target + "\"}}");
}

TEST(ServiceMainTest, SigtermDrainsAndEndsWithZero) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Child child({"--config", ConfigFile("{}")});
    ASSERT_TRUE(child.ReadUntil("service started"));

    child.Signal(signal);

    EXPECT_EQ(child.Wait(), 0);
    EXPECT_THAT(child.output(), AllOf(HasSubstr("draining in time"),
                                      HasSubstr("service stopped")));
  }
}

TEST(ServiceMainTest, SecondSignalEndsAtOnce) {
  Child child({"--config", ConfigWithTarget("hang:1")});
  ASSERT_TRUE(child.ReadUntil("service started"));
  child.Signal(SIGTERM);
  ASSERT_TRUE(child.ReadUntil("draining in time"));

  child.Signal(SIGTERM);

  EXPECT_EQ(child.Wait(), 128 + SIGTERM);
}

TEST(ServiceMainTest, HangupReloadsAndEndsNothing) {
  Child child({"--config", ConfigWithTarget("reload:1")});
  ASSERT_TRUE(child.ReadUntil("service started"));

  child.Signal(SIGHUP);
  EXPECT_TRUE(child.ReadUntil("reloading"));
  child.Signal(SIGTERM);

  EXPECT_EQ(child.Wait(), 0);
}

TEST(ServiceMainTest, HangupOfAServiceThatCannotReloadIsLogged) {
  Child child({"--config", ConfigFile("{}")});
  ASSERT_TRUE(child.ReadUntil("service started"));

  child.Signal(SIGHUP);
  EXPECT_TRUE(child.ReadUntil("configuration not read again"));
  child.Signal(SIGTERM);

  EXPECT_EQ(child.Wait(), 0);
}

TEST(ServiceMainTest, HangupDoesNotEndADrain) {
  Child child({"--config", ConfigWithTarget("hang:1")});
  ASSERT_TRUE(child.ReadUntil("service started"));
  child.Signal(SIGTERM);
  ASSERT_TRUE(child.ReadUntil("draining in time"));

  child.Signal(SIGHUP);
  child.Signal(SIGTERM);

  // Signals of lower numbers are delivered first: had SIGHUP counted, it would
  // be 129.
  EXPECT_EQ(child.Wait(), 128 + SIGTERM);
}

TEST(ServiceMainTest, CheckConfigPrintsEveryProblemAndStartsNothing) {
  Child child({"--check-config", "--config",
               ConfigFile(R"({"gatway": 1, "policy": {"listen": 3},
                              "gateway": {"policyTarget": "wrong:1"}})")});

  EXPECT_EQ(child.Wait(), 1);
  EXPECT_THAT(child.output(),
              AllOf(HasSubstr("gatway"), HasSubstr("policy.listen"),
                    HasSubstr("gateway: is wrong"),
                    testing::Not(HasSubstr("serving"))));
}

TEST(ServiceMainTest, CheckConfigIsZeroWithOnlyWarnings) {
  Child warned({"--check-config", "--config", ConfigWithTarget("warn:1")});
  EXPECT_EQ(warned.Wait(), 0);
  EXPECT_THAT(warned.output(), HasSubstr("gateway: looks odd"));

  Child fine({"--check-config", "--config", ConfigFile("{}")});
  EXPECT_EQ(fine.Wait(), 0);
  EXPECT_THAT(fine.output(), HasSubstr("no problems"));
}

TEST(ServiceMainTest, WrongConfigurationIsNotStarted) {
  Child child({"--config", ConfigFile(R"({"gatway": 1})")});

  EXPECT_EQ(child.Wait(), 1);
  EXPECT_THAT(child.output(),
              AllOf(HasSubstr("gatway"), testing::Not(HasSubstr("serving"))));
}

TEST(ServiceMainTest, FailedStartIsLogged) {
  Child child({"--config", ConfigWithTarget("fail:1")});

  EXPECT_EQ(child.Wait(), 1);
  EXPECT_THAT(child.output(), HasSubstr("UNAVAILABLE: no port"));
}

TEST(ServiceMainTest, LibrariesLogInJson) {
  Child child({"--config", ConfigWithTarget("grpc:1")});
  ASSERT_TRUE(child.ReadUntil("service started"));

  EXPECT_THAT(child.output(),
              HasSubstr(R"("msg":"gRPC says","text":"\"a stranger\" came")"));
}

TEST(ServiceMainTest, OptionsExplainThemselves) {
  Child help({"--help"});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_THAT(help.output(), HasSubstr("--check-config"));

  Child version({"--version"});
  EXPECT_EQ(version.Wait(), 0);
  EXPECT_THAT(version.output(), HasSubstr("airlock-example 0."));

  Child missing({});
  EXPECT_EQ(missing.Wait(), 2);
  EXPECT_THAT(missing.output(), HasSubstr("--config"));

  Child unknown({"--config", "x", "--nothing"});
  EXPECT_EQ(unknown.Wait(), 2);
}

}  // namespace
}  // namespace airlock
