#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/executor/backends/ssh/duty/host_manifest.h"

namespace airlock::executor {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(DescribeDifferenceTest, TheSameIsNothing) {
  EXPECT_EQ(DescribeDifference({}, {}), "");
  EXPECT_EQ(DescribeDifference({"file /a x", "file /b x"},
                               {"file /a x", "file /b x"}),
            "");
}

TEST(DescribeDifferenceTest, NewGoneAndOtherAreToldApart) {
  EXPECT_EQ(DescribeDifference({"file /a size=1", "file /b x"},
                               {"file /a size=2", "file /c x"}),
            "changed file /a size=2; new file /c x; gone file /b x");
}

TEST(DescribeDifferenceTest, ANameThatOnlyBeginsAlikeIsAnother) {
  EXPECT_EQ(DescribeDifference({"file /ab x"}, {"file /a x"}),
            "new file /a x; gone file /ab x");
}

TEST(DescribeDifferenceTest, TwoAlikeAreNotOne) {
  EXPECT_EQ(
      DescribeDifference({"process sh command=sh"},
                         {"process sh command=sh", "process sh command=sh"}),
      "new process sh command=sh");
}

TEST(DescribeDifferenceTest, ItIsBounded) {
  HostManifest many;
  for (int i = 0; i < 50; ++i) {
    many.push_back(absl::StrCat("file /", 100 + i, " ", std::string(900, 'x')));
  }

  const std::string text = DescribeDifference({}, many);

  EXPECT_THAT(text, AllOf(HasSubstr("/107 "), Not(HasSubstr("/108 ")),
                          HasSubstr("; and 42 more")));
  EXPECT_LT(text.size(), 8U * 250U + 40U);
}

TEST(DescribeDifferenceTest, WhatAHostSaysIsSafeToShow) {
  EXPECT_EQ(DescribeDifference({}, {"file /\x1b[2J x"}),
            "new file /\\u{001B}[2J x");
}

}  // namespace
}  // namespace airlock::executor
