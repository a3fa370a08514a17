// What an agent installs in its session stays there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/e2e/faults/session_fixture.h"

namespace airlock {
namespace {

constexpr absl::string_view kIndex = "http://127.0.0.1:$(cat port)";

// An index of packages runs in the session itself: a sandbox reaches nothing
// but its own loopback.
class PackagesTest : public SessionFaultsTest {
 protected:
  void SetUp() override {
    SessionFaultsTest::SetUp();
    if (IsSkipped()) return;
    cluster_.StartAll();
    OpenParallel("work");
    airlock::v1::ExecuteRequest request =
        In("work",
           "cat > index.py; python3 index.py port > /dev/null & "
           "until [ -e port ]; do sleep 0.05; done");
    std::ostringstream program;
    program << std::ifstream(AIRLOCK_PACKAGE_INDEX).rdbuf();
    request.mutable_action()
        ->mutable_system_command()
        ->mutable_input()
        ->set_stdin(program.str());
    const Transcript told = cluster_.Execute(request);
    EXPECT_EQ(told.completed.outcome().exit_code(), 0) << told.stderr_data;
  }
};

TEST_F(PackagesTest, PipInstallsForAllExecutionsOfTheSession) {
  Output("work", absl::StrCat("pip install -q --index-url ", kIndex,
                              "/simple/ airlock-greeting"));

  EXPECT_EQ(Output("work", "greet-py"), "greetings from pip\n");
  EXPECT_EQ(
      Output("work", "python3 -c 'import airlock_greeting as g; g.main()'"),
      "greetings from pip\n");
  Close("work");
}

TEST_F(PackagesTest, NpmInstallsForAllExecutionsOfTheSession) {
  Output("work", absl::StrCat("npm install --silent --global --registry ",
                              kIndex, " airlock-greeting"));

  EXPECT_EQ(Output("work", "greet-js"), "greetings from npm\n");
  EXPECT_EQ(
      Output("work", "node -e 'console.log(require(\"airlock-greeting\")())'"),
      "greetings from npm\n");
  Close("work");
}

TEST_F(PackagesTest, NpmInstallsIntoTheWorkspace) {
  Output("work", absl::StrCat("npm install --silent --registry ", kIndex,
                              " airlock-greeting"));

  EXPECT_EQ(Output("work", "ls node_modules; ./node_modules/.bin/greet-js"),
            "airlock-greeting\ngreetings from npm\n");
  Close("work");
}

}  // namespace
}  // namespace airlock
