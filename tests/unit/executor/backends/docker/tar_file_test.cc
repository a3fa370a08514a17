#include "services/executor/backends/docker/tar_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/support/temporary_directory.h"

namespace airlock::executor {
namespace {

TEST(TarFileTest, WhatIsPackedIsRead) {
  for (const std::size_t size : {0U, 1U, 511U, 512U, 513U, 100'000U}) {
    const std::string content(size, 'x');
    const std::string tar = MakeTar("program", content);

    EXPECT_EQ(tar.size() % 512, 0U);
    EXPECT_EQ(ReadTar(tar), content);
  }
}

TEST(TarFileTest, TarUnderstandsIt) {
  const TemporaryDirectory folder;
  std::ofstream(folder / "x.tar") << MakeTar("program", "hello");

  const std::string command = "cd " + folder.path() +
                              " && tar -xf x.tar && test \"$(cat program)\" = "
                              "hello && test -x program";

  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(TarFileTest, NonsenseIsRefused) {
  EXPECT_FALSE(ReadTar("").has_value());
  EXPECT_FALSE(ReadTar(std::string(512, '\0')).has_value());
  EXPECT_FALSE(ReadTar(std::string(2000, 'x')).has_value());
  const std::string good = MakeTar("program", "hello");
  // Cut off, a link, a second file behind it, a size beyond the end.
  EXPECT_FALSE(ReadTar(absl::string_view(good).substr(0, 514)).has_value());
  std::string bad = good;
  bad[156] = '2';
  EXPECT_FALSE(ReadTar(bad).has_value());
  EXPECT_FALSE(ReadTar(good.substr(0, 1024) + good).has_value());
  bad = good;
  bad[124] = '7';
  EXPECT_FALSE(ReadTar(bad).has_value());
}

}  // namespace
}  // namespace airlock::executor
