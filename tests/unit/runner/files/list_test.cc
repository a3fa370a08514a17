// file_list: a line of JSON for each entry.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "nlohmann/json.hpp"
#include "tests/support/sanitized.h"
#include "tests/unit/runner/files/file_action_fixture.h"

namespace airlock::runner {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ListTest : public FileActionTest {
 protected:
  std::vector<json> List(const std::string& path) {
    const FileResult result = Run({"list", "--path", path});
    EXPECT_THAT(result, EndsAs(FileEnd::kDone));
    std::vector<json> entries;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      entries.push_back(json::parse(line));
    }
    return entries;
  }
};

TEST_F(ListTest, EntriesAreSortedAndWhole) {
  MakeFile("b", "content");
  ASSERT_EQ(::chmod((workspace_ + "/b").c_str(), 04640), 0);
  MakeDirectory("c");
  MakeLink("../outside", "a");
  ASSERT_EQ(::mkfifo((workspace_ + "/d").c_str(), 0600), 0);
  const std::array<timespec, 2> times = {
      {{1, 0}, {1'700'000'000, 123'999'999}}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (workspace_ + "/b").c_str(), times.data(), 0),
            0);

  const std::vector<json> entries = List(".");

  ASSERT_THAT(entries, SizeIs(4));
  EXPECT_EQ(entries[0]["name"], "a");
  EXPECT_EQ(entries[0]["type"], "symlink");
  EXPECT_EQ(entries[0]["target"], "../outside");
  EXPECT_EQ(entries[1], json::parse(R"({"name": "b", "type": "file", "size": 7,
                            "mode": 2464, "mtimeMs": 1700000000123})"));
  EXPECT_EQ(entries[2]["type"], "directory");
  EXPECT_EQ(entries[3]["type"], "other");
}

TEST_F(ListTest, UnsetPathIsTheWorkspace) {
  MakeFile("f", "");

  EXPECT_EQ(Run({"list"}).out, Run({"list", "--path", "/workspace"}).out);
  EXPECT_THAT(Run({"list"}).out, HasSubstr("\"name\":\"f\""));
}

TEST_F(ListTest, EmptyDirectoryHasNoLines) {
  EXPECT_THAT(List("."), IsEmpty());
}

TEST_F(ListTest, NamesThatAreNoTextCanBeTold) {
  MakeFile("quote\" back\\ line\n", "");
  MakeFile("\xc3\xa4\xff\x80", "");

  const std::vector<json> entries = List(".");

  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0]["name"], "quote\" back\\ line\n");
  EXPECT_FALSE(entries[0].contains("nameBase64"));
  EXPECT_EQ(entries[1]["name"], "\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(entries[1]["nameBase64"], "w6T/gA==");
}

TEST_F(ListTest, LinkToAnInnerDirectoryIsFollowed) {
  MakeDirectory("d");
  MakeFile("d/f", "");
  MakeLink("d", "inner");
  MakeLink("../outside", "outer");

  EXPECT_THAT(List("inner"), SizeIs(1));
  EXPECT_THAT(Run({"list", "--path", "outer"}), EndsAs(FileEnd::kPathRefused));
}

TEST_F(ListTest, OnlyDirectoriesAreListed) {
  MakeFile("f", "");
  ASSERT_EQ(::mkfifo((workspace_ + "/fifo").c_str(), 0666), 0);

  for (const char* path : {"f", "fifo", "f/g"}) {
    EXPECT_THAT(Run({"list", "--path", path}), EndsAs(FileEnd::kNotADirectory))
        << path;
  }
  EXPECT_THAT(Run({"list", "--path", "none"}), EndsAs(FileEnd::kNotFound));
}

TEST_F(ListTest, UnreadableDirectoryIsDenied) {
  MakeDirectory("d");
  ASSERT_EQ(::chmod((workspace_ + "/d").c_str(), 0300), 0);

  EXPECT_THAT(Run({"list", "--path", "d"}), EndsAs(FileEnd::kPermissionDenied));
}

TEST_F(ListTest, MostEntriesAreListedAndOneMoreIsRefused) {
  MakeDirectory("many");
  MountTmpfs("many", "mode=0755");
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(::mknod((workspace_ + "/many/" + std::string(100, 'n') +
                       std::to_string(i))
                          .c_str(),
                      S_IFREG | 0644, 0),
              0);
  }
  if (!kSanitized) {
    prepare_ = [] {
      const rlimit limit = {64 << 20, 64 << 20};
      ::setrlimit(RLIMIT_AS, &limit);
    };
  }
  const FileResult all = Run({"list", "--path", "many"});
  EXPECT_THAT(all, EndsAs(FileEnd::kDone));
  EXPECT_EQ(std::ranges::count(all.out, '\n'), 100'000);

  std::ofstream(workspace_ + "/many/more") << "";
  const FileResult more = Run({"list", "--path", "many"});

  EXPECT_THAT(more, EndsAs(FileEnd::kFailed));
  EXPECT_THAT(more.err, HasSubstr("more than 100000 entries"));
  EXPECT_THAT(more.out, IsEmpty());
}

}  // namespace
}  // namespace airlock::runner
