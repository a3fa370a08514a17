// Where no cell comes to be, somebody says why, and nothing is left.
#include <string>
#include <vector>

#include "services/runner/cell/cell.h"
#include "services/runner/cell/shortfall.h"
#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class CellRefusalTest : public CellTest {
 protected:
  void ExpectRefusal(const std::vector<std::string>& options,
                     const std::string& why) {
    EXPECT_THAT(Refusal(options), HasSubstr(why));
    EXPECT_THAT(cgroup_.Children(), IsEmpty());
    EXPECT_THAT(cgroup_.Processes(), IsEmpty());
  }
};

TEST_F(CellRefusalTest, NobodyIsRootInside) {
  ExpectRefusal({"--inner-uid", "0"}, "uid and gid of a cell must not be 0");
  ExpectRefusal({"--inner-gid", "0"}, "uid and gid of a cell must not be 0");
}

TEST_F(CellRefusalTest, EveryLimitMustBeSet) {
  ExpectRefusal({"--workspace", "0"}, "must not be 0");
  ExpectRefusal({"--tmp", "0"}, "must not be 0");
  ExpectRefusal({"--inodes", "0"}, "must not be 0");
}

TEST_F(CellRefusalTest, RunnerThatIsNotThereIsNamed) {
  const std::string missing = folder_ / "missing";
  std::filesystem::rename(runner_, missing);

  ExpectRefusal({}, "the runner " + runner_ + ": No such file");
}

TEST_F(CellRefusalTest, RunnerThatCannotRunIsNamed) {
  ASSERT_EQ(::chmod(runner_.c_str(), 0644), 0);

  ExpectRefusal({}, "cannot run the runner: Permission denied");
}

TEST_F(CellRefusalTest, TooLittleMemoryToStartIsSaid) {
  ExpectRefusal({"--memory", "4096"}, "cannot start a cell");
}

TEST_F(CellRefusalTest, ProgramsCannotBeHidden) {
  ExpectRefusal({"--hidden", "/usr"}, "cannot hide /usr");
}

TEST_F(CellRefusalTest, TwoCellsNeedTwoNames) {
  const auto cell = Start();

  EXPECT_THAT(Refusal({}), HasSubstr("File exists"));
  EXPECT_EQ(cell->Output("echo still here"), "still here\n");
}

TEST_F(CellRefusalTest, FurtherGroupsOfAUserAreAShortfall) {
  // As this process is, which may be in many.
  for (const Shortfall& shortfall : FindHostShortfalls()) {
    EXPECT_EQ(shortfall.what, "groups");
  }
}

}  // namespace
}  // namespace airlock::runner
