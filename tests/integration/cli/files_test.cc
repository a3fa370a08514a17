// `airlock files`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_test.h"
#include "tests/support/temporary_directory.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::size_t kChunk = std::size_t{8} << 20;

class FilesTest : public CliTest {
 protected:
  std::string MakeLocal(const std::string& name, const std::string& content,
                        int mode = 0644) {
    const std::string path = directory_ / name;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << content;
    chmod(path.c_str(), static_cast<mode_t>(mode));
    return path;
  }

  static std::string Content(const std::string& path) {
    std::ostringstream content;
    content << std::ifstream(path).rdbuf();
    return content.str();
  }

  // Bytes of every value, no two neighbouring chunks alike.
  static std::string Bytes(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<char>((i * 31 + i / 4093) & 0xFFU);
    }
    return bytes;
  }

  std::vector<std::string> LocalNames() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  TemporaryDirectory directory_;
};

TEST_F(FilesTest, UploadKeepsBytesAndMode) {
  const std::string local =
      MakeLocal("a.bin", std::string("a\0\xff\n", 4), 0750);

  const ChildResult result = Airlock({"files", "cp", local, "s:dir/b.bin"});

  EXPECT_EQ(result.code, 0) << result.err;
  const auto file = airlock_.files().files("s")["dir/b.bin"];
  EXPECT_EQ(file.content, std::string("a\0\xff\n", 4));
  EXPECT_EQ(file.mode, 0750U);
}

TEST_F(FilesTest, DirectoryIsCopiedInto) {
  const std::string local = MakeLocal("a.txt", "x");

  EXPECT_EQ(Airlock({"files", "cp", local, "s:"}).code, 0);
  EXPECT_EQ(Airlock({"files", "cp", local, "s:dir/"}).code, 0);

  EXPECT_THAT(
      airlock_.files().files("s"),
      ElementsAre(Pair("a.txt", testing::_), Pair("dir/a.txt", testing::_)));
}

TEST_F(FilesTest, BigUploadGoesInChunksThatAreAppended) {
  for (const std::size_t size : {2 * kChunk, 2 * kChunk + 5}) {
    const std::string content = Bytes(size);
    const std::string local = MakeLocal("big", content);

    const ChildResult result =
        Airlock({"files", "cp", "-o", "json", local, "s:big"});

    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(nlohmann::json::parse(result.out)["bytes"], size);
    EXPECT_TRUE(airlock_.files().files("s")["big"].content == content);
  }
  for (const auto& request : airlock_.requests()) {
    EXPECT_LE(request.action().file_write().content().size(), kChunk);
    EXPECT_EQ(request.session(), "s");
    EXPECT_THAT(request.request_id(), SizeIs(36));
  }
}

TEST_F(FilesTest, EmptyFileIsCopiedBothWays) {
  const std::string local = MakeLocal("empty", "");

  EXPECT_EQ(Airlock({"files", "cp", local, "s:empty"}).code, 0);
  EXPECT_EQ(Airlock({"files", "cp", "s:empty", directory_ / "back"}).code, 0);

  EXPECT_THAT(airlock_.files().files("s"), SizeIs(1));
  EXPECT_TRUE(fs::exists(directory_ / "back"));
}

TEST_F(FilesTest, StandardInputAndOutputAreFiles) {
  const std::string content = Bytes(kChunk + 7);

  EXPECT_EQ(Airlock({"files", "cp", "-", "s:in"}, content).code, 0);

  const ChildResult result = Airlock({"files", "cp", "s:in", "-"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(result.out == content);
}

TEST_F(FilesTest, UploadThatFailsOnTheWaySaysHowMuchIsThere) {
  const std::string local = MakeLocal("big", Bytes(kChunk + 1));

  const ChildResult late = Airlock({"files", "cp", local, "s:full-later"});
  EXPECT_EQ(late.code, 1);
  EXPECT_THAT(late.err, HasSubstr("DISK_FULL"));
  EXPECT_THAT(late.err, HasSubstr("the first 8388608 bytes are in"));

  const ChildResult at_once = Airlock({"files", "cp", local, "s:full"});
  EXPECT_EQ(at_once.code, 1);
  EXPECT_THAT(at_once.err, Not(HasSubstr("the first")));
}

TEST_F(FilesTest, UploadIntoWhichOthersWroteIsAnError) {
  const std::string local = MakeLocal("big", Bytes(kChunk + 1));

  const ChildResult result = Airlock({"files", "cp", local, "s:shared"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("FILE_CHANGED"));
}

TEST_F(FilesTest, DownloadKeepsBytesAndMode) {
  airlock_.files().Put("s", "dir/run.sh", {Bytes(2 * kChunk), 0751});

  const ChildResult result =
      Airlock({"files", "cp", "s:dir/run.sh", directory_.path()});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(Content(directory_ / "run.sh") == Bytes(2 * kChunk));
  struct stat facts = {};
  ASSERT_EQ(stat((directory_ / "run.sh").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0751U & ~022U);
  EXPECT_THAT(LocalNames(), ElementsAre("run.sh"));
}

TEST_F(FilesTest, WhatWasLostOnTheWayIsAskedForAgain) {
  airlock_.files().Put("s", "a", {Bytes(100'000)});
  airlock_.LoseAfter(10'000);

  const ChildResult result = Airlock({"files", "cp", "s:a", directory_ / "a"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(Content(directory_ / "a") == Bytes(100'000));
}

TEST_F(FilesTest, DownloadOfWhatChangesLeavesTheOldFile) {
  airlock_.files().Put("s", "a", {"new content"});
  airlock_.files().AddToLists(
      R"({"name":"a","type":"file","size":5,"mode":420,"mtimeMs":1})");
  const std::string local = MakeLocal("a", "old");

  const ChildResult result = Airlock({"files", "cp", "s:a", local});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("FILE_CHANGED"));
  EXPECT_EQ(Content(local), "old");
  EXPECT_THAT(LocalNames(), ElementsAre("a"));
}

TEST_F(FilesTest, DownloadReplacesOnlyRegularFiles) {
  airlock_.files().Put("s", "a", {"x"});
  ASSERT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  const std::string real = MakeLocal("real", "old");
  fs::create_symlink("real", directory_ / "link");

  EXPECT_EQ(Airlock({"files", "cp", "s:a", directory_ / "fifo"}).code, 1);
  EXPECT_EQ(Airlock({"files", "cp", "s:a", directory_ / "link"}).code, 0);

  EXPECT_TRUE(fs::is_fifo(directory_ / "fifo"));
  EXPECT_TRUE(fs::is_symlink(directory_ / "link"));
  EXPECT_EQ(Content(real), "x");
}

TEST_F(FilesTest, InterruptCancelsAndLeavesNothing) {
  airlock_.files().Put("s", "hang", {"x"});
  const std::string local = directory_ / "a";
  ChildProcess child(Argv({"files", "cp", "s:hang", local}), Environment());
  airlock_.AwaitRequests(2);

  child.Signal(SIGINT);

  EXPECT_EQ(child.Wait().code, 130);
  EXPECT_THAT(LocalNames(), IsEmpty());
}

TEST_F(FilesTest, MissingFileSaysWhy) {
  const ChildResult result =
      Airlock({"files", "cp", "s:none", directory_ / "a"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("FILE_NOT_FOUND"));
  EXPECT_THAT(LocalNames(), IsEmpty());
}

TEST_F(FilesTest, DenialExitsAsRunDoes) {
  airlock_.files().Put("s", "a", {"x"});
  airlock_.Deny(airlock::v1::Action::kFileDelete);

  const ChildResult result = Airlock({"files", "rm", "s:a"});

  EXPECT_EQ(result.code, 77);
  EXPECT_THAT(result.err, HasSubstr("autonomy.blockedActions"));
}

TEST_F(FilesTest, WhoMayNotListIsToldThatNothingIsChecked) {
  airlock_.files().Put("s", "a", {"x", 0755});
  airlock_.Deny(airlock::v1::Action::kFileList);

  const ChildResult result = Airlock({"files", "cp", "s:a", directory_ / "a"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("may not be listed"));
  EXPECT_EQ(Content(directory_ / "a"), "x");
}

TEST_F(FilesTest, ListIsATableWithEscapedNamesOrLinesOfJson) {
  airlock_.files().Put("s", "d/a\x1b[2J", {"xyz", 0640});
  airlock_.files().Put("s", "d/sub/b", {""});

  const ChildResult table = Airlock({"files", "ls", "s:d"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("-rw-r-----"));
  EXPECT_THAT(table.out, HasSubstr(" 3 2023-11-14T22:13:20Z a\\u{001B}[2J\n"));
  EXPECT_THAT(table.out, HasSubstr("drwxr-xr-x"));
  EXPECT_THAT(table.out, HasSubstr("sub/\n"));

  const ChildResult json = Airlock({"files", "ls", "s:d", "-o", "json"});
  std::istringstream lines(json.out);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line)["name"], "a\x1b[2J");
  EXPECT_EQ(nlohmann::json::parse(line)["size"], 3);
}

TEST_F(FilesTest, ListThatIsNoListIsAnError) {
  airlock_.files().Put("s", "a", {"x"});
  airlock_.files().AddToLists(R"({"name":"../../etc/passwd","type":"file"})");

  EXPECT_EQ(Airlock({"files", "ls", "s:"}).code, 125);
}

TEST_F(FilesTest, RemoveNeedsRForDirectories) {
  airlock_.files().Put("s", "d/a", {"x"});

  const ChildResult refused = Airlock({"files", "rm", "s:d"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("DIRECTORY_NOT_EMPTY"));
  EXPECT_EQ(Airlock({"files", "rm", "-r", "s:d"}).code, 0);
  EXPECT_THAT(airlock_.files().files("s"), IsEmpty());
}

TEST_F(FilesTest, TreesAreCopiedBothWaysWithoutLinks) {
  MakeLocal("tree/a", "1");
  MakeLocal("tree/sub/deep/b", "2", 0755);
  fs::create_symlink("/etc/passwd", directory_ / "tree/link");
  fs::create_directory(directory_ / "tree/empty");

  const ChildResult up =
      Airlock({"files", "cp", "-r", directory_ / "tree", "s:www"});
  EXPECT_EQ(up.code, 0) << up.err;
  EXPECT_THAT(up.err, HasSubstr("tree/link (not a regular file)"));
  EXPECT_THAT(up.err, HasSubstr("tree/empty (a directory without files)"));
  EXPECT_THAT(airlock_.files().files("s"),
              ElementsAre(Pair("www/a", testing::_),
                          Pair("www/sub/deep/b", testing::_)));

  const ChildResult down =
      Airlock({"files", "cp", "-r", "s:www", directory_ / "back"});
  EXPECT_EQ(down.code, 0) << down.err;
  EXPECT_EQ(Content(directory_ / "back/a"), "1");
  EXPECT_EQ(Content(directory_ / "back/sub/deep/b"), "2");
}

TEST_F(FilesTest, WrongUsageIsTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"cp", "a", "b"},
                                             {"cp", "s:a", "t:b"},
                                             {"cp", "./a:b", "c"},
                                             {"cp", "-", "s:"},
                                             {"cp", "s:", "a"},
                                             {"cp", "-r", "s:d", "-"},
                                             {"cp", "s:\xff", "a"},
                                             {"ls", "a"},
                                             {"rm", "a"}}) {
    std::vector<std::string> words = {"files"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(Airlock(words).code, 2) << arguments[1];
  }
  EXPECT_THAT(airlock_.requests(), IsEmpty());
}

}  // namespace
}  // namespace airlock
