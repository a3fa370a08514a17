#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/executor/backends/ssh/duty/host_manifest.h"

namespace airlock::executor {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// As manifests are: sorted.
HostManifest Files(int count) {
  HostManifest lines;
  for (int i = 0; i < count; ++i) {
    lines.push_back(absl::StrCat("file /", i, " owner=0"));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(ManifestDifferenceTest, EqualOnesDifferInNothing) {
  EXPECT_EQ(DescribeDifference(Files(3), Files(3)), "");
  EXPECT_EQ(DescribeDifference({}, {}), "");
}

TEST(ManifestDifferenceTest, WhatIsNewGoneOrOtherIsSaidOnce) {
  EXPECT_EQ(DescribeDifference({"file /a owner=0"},
                               {"file /a owner=0", "file /b owner=1"}),
            "new file /b owner=1");
  EXPECT_EQ(DescribeDifference({"file /a owner=0", "file /b owner=1"},
                               {"file /a owner=0"}),
            "gone file /b owner=1");
  EXPECT_EQ(DescribeDifference({"file /a owner=0"}, {"file /a owner=1"}),
            "changed file /a owner=1");
}

TEST(ManifestDifferenceTest, ANameThatBeginsLikeAnotherIsNotThatOne) {
  EXPECT_EQ(DescribeDifference({"file /a owner=0"}, {"file /ab owner=0"}),
            "new file /ab owner=0; gone file /a owner=0");
}

TEST(ManifestDifferenceTest, OneMoreOfAKindIsNew) {
  EXPECT_EQ(DescribeDifference(
                {"process sleep command=a"},
                {"process sleep command=a", "process sleep command=a"}),
            "new process sleep command=a");
}

TEST(ManifestDifferenceTest, EightAreShownAndTheRestCounted) {
  const std::string text = DescribeDifference({}, Files(11));

  EXPECT_THAT(text, AllOf(HasSubstr("new file /6 "), Not(HasSubstr("file /7 ")),
                          EndsWith("and 3 more")));
  EXPECT_THAT(DescribeDifference({}, Files(8)), Not(HasSubstr("more")));
}

TEST(ManifestDifferenceTest, WhatAHostNamesItsFilesIsEscapedAndCut) {
  const std::string text = DescribeDifference(
      {}, {absl::StrCat("file /\x1b[31m", std::string(1000, 'x'))});

  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_LT(text.size(), 300U);
}

}  // namespace
}  // namespace airlock::executor
