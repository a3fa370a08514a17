#include "common/resume/sent_frames.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace airlock {
namespace {

std::string Drain(SentFrames& sent) {
  std::string all;
  while (const std::string* next = sent.Next()) all += *next;
  return all;
}

TEST(SentFramesTest, FramesAreHandedOutOnceAndInOrder) {
  SentFrames sent;
  sent.Add("a");
  sent.Add("b");

  EXPECT_EQ(Drain(sent), "ab");
  EXPECT_EQ(Drain(sent), "");
  EXPECT_FALSE(sent.has_next());
}

TEST(SentFramesTest, WhatIsAcknowledgedIsNotKept) {
  SentFrames sent;
  sent.Add("aaa");
  sent.Add("bb");
  Drain(sent);

  EXPECT_EQ(sent.bytes(), 5U);
  EXPECT_TRUE(sent.Acknowledge(1));
  EXPECT_EQ(sent.bytes(), 2U);
  EXPECT_TRUE(sent.Acknowledge(2));
  EXPECT_EQ(sent.bytes(), 0U);
}

TEST(SentFramesTest, OlderAcknowledgementChangesNothing) {
  SentFrames sent;
  for (const char* frame : {"a", "b", "c"}) sent.Add(frame);
  Drain(sent);
  ASSERT_TRUE(sent.Acknowledge(2));

  EXPECT_TRUE(sent.Acknowledge(1));
  EXPECT_EQ(sent.bytes(), 1U);
}

TEST(SentFramesTest, WhatWasNotWrittenCannotBeAcknowledged) {
  SentFrames sent;
  sent.Add("a");
  sent.Add("b");
  ASSERT_NE(sent.Next(), nullptr);

  EXPECT_FALSE(sent.Acknowledge(2));
  EXPECT_FALSE(sent.Acknowledge(~std::uint64_t{0}));
  EXPECT_TRUE(sent.Acknowledge(1));
}

TEST(SentFramesTest, AfterANewConnectionTheRestIsHandedOutAgain) {
  SentFrames sent;
  for (const char* frame : {"a", "b", "c"}) sent.Add(frame);
  Drain(sent);
  sent.Add("d");

  ASSERT_TRUE(sent.Resume(1));

  EXPECT_EQ(Drain(sent), "bcd");
}

TEST(SentFramesTest, NobodyCanHaveLostWhatHeAcknowledged) {
  SentFrames sent;
  sent.Add("a");
  sent.Add("b");
  Drain(sent);
  ASSERT_TRUE(sent.Acknowledge(2));

  EXPECT_FALSE(sent.Resume(1));
  EXPECT_TRUE(sent.Resume(2));
}

TEST(SentFramesTest, NobodyCanResumeWithWhatWasNotWritten) {
  SentFrames sent;
  sent.Add("a");

  EXPECT_FALSE(sent.Resume(1));
  EXPECT_TRUE(sent.Resume(0));
}

// Whatever is lost with connections, each frame arrives once and in order.
TEST(SentFramesTest, ThroughAnyBreaksEachFrameArrivesOnce) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time
  SentFrames sent;
  std::uint64_t received = 0;
  std::vector<int> arrived;
  int next = 0;
  for (int step = 0; step < 20'000; ++step) {
    switch (random() % 5) {
      case 0:
      case 1:
        sent.Add(std::to_string(next++));
        break;
      case 2:
        if (const std::string* frame = sent.Next()) {
          arrived.push_back(std::stoi(*frame));
          ++received;
        }
        break;
      case 3:
        ASSERT_TRUE(sent.Acknowledge(received - random() % (received + 1)));
        break;
      default:
        // What is handed out from here to the break is lost.
        for (unsigned lost = random() % 4; lost > 0; --lost) sent.Next();
        ASSERT_TRUE(sent.Resume(received));
    }
  }
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    ASSERT_EQ(arrived[i], static_cast<int>(i));
  }
  EXPECT_GT(arrived.size(), 1000U);
}

}  // namespace
}  // namespace airlock
