// What a cell sees of the host's files, and what it may do with them.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::Not;

// A folder of the host that its user may write to, in a place that cells are
// shown.
class CellFilesTest : public CellTest {
 protected:
  void SetUp() override {
    CellTest::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(shown_);
    ASSERT_EQ(::chown(shown_.c_str(), kHostUser, kHostUser), 0);
    std::ofstream(shown_ + "/secret") << "plain\n";
  }
  void TearDown() override { std::filesystem::remove_all(shown_); }

  const std::string shown_ =
      absl::StrCat("/usr/local/airlock-test-", ::getpid());
};

TEST_F(CellFilesTest, HostFilesAreNotThere) {
  std::ofstream(folder_ / "key") << "private\n";
  const auto cell = Start();
  const std::string read_key = "cat " + (folder_ / "key");

  EXPECT_EQ(OutsideShell(read_key), "private\n");
  EXPECT_THAT(cell->Output(read_key), HasSubstr("No such file"));
  for (const char* path : {"/etc/shadow", "/etc/ssh", "/etc/ssl/private",
                           "/root", "/home", "/boot", "/mnt", "/opt", "/srv",
                           "/sys/kernel", "/var/lib", "/var/log"}) {
    EXPECT_THAT(cell->Output(absl::StrCat("stat ", path)),
                HasSubstr("No such file"))
        << path;
  }
}

TEST_F(CellFilesTest, AccountsOfTheHostAreUnknown) {
  const auto cell = Start();

  EXPECT_EQ(cell->Output("cat /etc/passwd | wc -l"), "2\n");
  EXPECT_EQ(cell->Output("id; hostname"),
            "uid=1000(sandbox) gid=1000(sandbox) groups=1000(sandbox)\n"
            "sandbox\n");
}

TEST_F(CellFilesTest, OldRootCannotBeFound) {
  const auto cell = Start();

  EXPECT_EQ(cell->Output("ls /"),
            OutsideShell("ls -d /lib32 /libx32 2>/dev/null").empty()
                ? "airlock\nbin\ndev\netc\nlib\nlib64\nproc\nrun\nsbin\nsys\n"
                  "tmp\nusr\nvar\nworkspace\n"
                : cell->Output("ls / | cat"));
  EXPECT_EQ(cell->Output("ls -di / /.. /../.. | tr -s ' ' | cut -d' ' -f2 | "
                         "xargs -n1 stat -c %i | uniq | wc -l"),
            "1\n");
  // No mount of it is left, covered or not.
  EXPECT_THAT(cell->Output("cut -d' ' -f5 /proc/self/mountinfo"),
              Not(HasSubstr(folder_.path())));
  EXPECT_EQ(cell->Output("grep -c ' / / ' /proc/self/mountinfo"), "1\n");
}

TEST_F(CellFilesTest, ShownFoldersCannotBeWrittenTo) {
  const auto cell = Start();

  EXPECT_EQ(OutsideShell("echo more >> " + shown_ + "/mine && echo written"),
            "written\n");
  EXPECT_THAT(cell->Output("echo more >> " + shown_ + "/mine"),
              HasSubstr("Read-only file system"));
  for (const char* path : {"/", "/usr", "/etc", "/dev", "/airlock", "/run",
                           "/var", "/proc/sys", "/sys/fs/cgroup/"}) {
    EXPECT_EQ(cell->Escape({"writable", path}), "EROFS\n") << path;
  }
  EXPECT_EQ(cell->Escape({"writable", "/workspace"}), "done\n");
}

TEST_F(CellFilesTest, HiddenFolderIsEmptyWhereItsParentIsShown) {
  const auto open = Start({"--name", "open"});
  const auto closed = Start({"--name", "closed", "--hidden", shown_});
  const std::string read = "cat " + shown_ + "/secret";

  EXPECT_EQ(open->Output(read), "plain\n");
  EXPECT_THAT(closed->Output(read), HasSubstr("No such file"));
  EXPECT_EQ(closed->Output("ls -A " + shown_), "");
}

TEST_F(CellFilesTest, HiddenFileCannotBeRead) {
  const auto cell = Start({"--hidden", shown_ + "/secret"});

  EXPECT_EQ(cell->Output("cat " + shown_ + "/secret"), "");
}

// An account's home may be any folder of the host.
TEST_F(CellFilesTest, HidingAHostFolderLeavesTheCellsOwnOfThatName) {
  const auto cell =
      Start({"--hidden", "/tmp", "--hidden", "/var", "--hidden", "/var/tmp",
             "--hidden", "/dev", "--hidden", "/proc", "--hidden", "/run"});

  EXPECT_EQ(cell->Output("echo mine > /tmp/file; cat /var/tmp/file"), "mine\n");
  EXPECT_EQ(cell->Output("echo two > file; cat /workspace/file"), "two\n");
  EXPECT_EQ(cell->Output("cat /dev/null /proc/self/comm"), "cat\n");
}

TEST_F(CellFilesTest, ProgramsFindWhatTheyNeed) {
  const auto cell = Start();

  EXPECT_THAT(cell->Output("perl -e 'print 6 * 7'"), "42");
  EXPECT_THAT(cell->Output("date +%Z; ls /etc/ssl/certs | head -n1 | wc -l"),
              Not(HasSubstr("No such")));
  EXPECT_EQ(cell->Output("for d in null zero full random urandom; do "
                         "head -c1 /dev/$d | wc -c; done | tr '\\n' ' '"),
            "0 1 1 1 1 ");
  EXPECT_EQ(cell->Output("echo x > /dev/stdout; echo y > /dev/null"), "x\n");
  EXPECT_EQ(cell->Output("cp /bin/true t && ./t && echo runs"), "runs\n");
}

TEST_F(CellFilesTest, NothingRunsFromTmp) {
  const auto cell = Start();

  EXPECT_THAT(cell->Output("cp /bin/true /tmp/t && /tmp/t"),
              HasSubstr("Permission denied"));
}

TEST_F(CellFilesTest, ProgramsOfRootGainNothing) {
  const std::string id = shown_ + "/id";
  std::filesystem::copy_file("/usr/bin/id", id);
  ASSERT_EQ(::chmod(id.c_str(), 04755), 0);
  const auto cell = Start();

  EXPECT_EQ(Outside({id, "-u"}), "0\n");
  EXPECT_EQ(cell->Output(id + " -u"), "1000\n");
}

TEST_F(CellFilesTest, DevicesOfTheHostCannotBeUsed) {
  const auto cell = Start();
  const std::string node = shown_ + "/null";
  ASSERT_EQ(::mknod(node.c_str(), S_IFCHR | 0666, 0x103), 0);
  ASSERT_EQ(::chmod(node.c_str(), 0666), 0);

  EXPECT_EQ(OutsideShell("cat " + node + " && echo read"), "read\n");
  EXPECT_THAT(cell->Output("cat " + node), HasSubstr("Permission denied"));
  EXPECT_EQ(cell->Escape({"device", "/workspace/null"}), "EPERM\n");
  EXPECT_EQ(cell->Output("ls /dev | tr '\\n' ' '"),
            "fd full null ptmx pts random shm stderr stdin stdout urandom "
            "zero ");
}

}  // namespace
}  // namespace airlock::runner
