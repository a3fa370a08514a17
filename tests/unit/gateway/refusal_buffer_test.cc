#include "services/gateway/refusals/refusal_buffer.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace airlock::gateway {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

RefusedAttempt Guess(const std::string& peer, std::uint64_t count = 1) {
  RefusedAttempt attempt;
  attempt.method = "airlock.v1.ExecutionService.Execute";
  attempt.reason = "TOKEN_INVALID";
  attempt.peer_address = peer;
  attempt.first_time = kNow;
  attempt.count = count;
  return attempt;
}

std::string PeerOf(std::size_t i) { return absl::StrCat("peer-", i); }

// Fills every place.
void Fill(RefusalBuffer& buffer) {
  for (std::size_t i = 0; i < RefusalBuffer::kMaxAttempts; ++i) {
    ASSERT_EQ(buffer.Add(Guess(PeerOf(i))), 0U);
  }
}

std::uint64_t CallsIn(const RefusalReport& report) {
  std::uint64_t calls = report.left_out;
  for (const RefusedAttempt& attempt : report.attempts) calls += attempt.count;
  return calls;
}

TEST(RefusalBufferTest, AttemptsThatAreAlikeAreOne) {
  RefusalBuffer buffer;
  RefusedAttempt later = Guess("10.0.0.1");
  later.first_time = kNow + absl::Seconds(5);

  buffer.Add(Guess("10.0.0.1"));
  buffer.Add(later);
  const RefusalReport report = buffer.Take(10);

  ASSERT_EQ(report.attempts.size(), 1U);
  EXPECT_EQ(report.attempts[0].count, 2U);
  EXPECT_EQ(report.attempts[0].first_time, kNow);
  EXPECT_EQ(report.left_out, 0U);
}

TEST(RefusalBufferTest, EachPartMakesAttemptsDifferent) {
  RefusalBuffer buffer;
  RefusedAttempt method = Guess("10.0.0.1");
  method.method = "airlock.v1.ApprovalService.DecideApproval";
  RefusedAttempt reason = Guess("10.0.0.1");
  reason.reason = "ROLE_NOT_ALLOWED";
  RefusedAttempt principal = Guess("10.0.0.1");
  principal.principal = "ada";

  for (const RefusedAttempt& attempt :
       {Guess("10.0.0.1"), method, reason, principal, Guess("10.0.0.2")}) {
    buffer.Add(attempt);
  }

  EXPECT_EQ(buffer.Take(10).attempts.size(), 5U);
}

TEST(RefusalBufferTest, OldestAreTakenFirstAndNoMoreThanAskedFor) {
  RefusalBuffer buffer;
  for (std::size_t i = 0; i < 5; ++i) buffer.Add(Guess(PeerOf(i)));

  const RefusalReport first = buffer.Take(3);
  const RefusalReport second = buffer.Take(3);

  ASSERT_EQ(first.attempts.size(), 3U);
  EXPECT_EQ(first.attempts[0].peer_address, "peer-0");
  ASSERT_EQ(second.attempts.size(), 2U);
  EXPECT_EQ(second.attempts[0].peer_address, "peer-3");
  EXPECT_TRUE(buffer.Take(3).empty());
}

TEST(RefusalBufferTest, WhatDoesNotFitIsCounted) {
  RefusalBuffer buffer;
  Fill(buffer);

  EXPECT_EQ(buffer.Add(Guess("one-more")), 1U);
  EXPECT_EQ(buffer.Add(Guess("two-more", 5)), 5U);
  // One that is known needs no place.
  EXPECT_EQ(buffer.Add(Guess(PeerOf(7))), 0U);
  const RefusalReport report = buffer.Take(RefusalBuffer::kMaxAttempts + 1);

  EXPECT_EQ(report.attempts.size(), RefusalBuffer::kMaxAttempts);
  EXPECT_EQ(report.attempts[7].count, 2U);
  EXPECT_EQ(report.left_out, 6U);
  EXPECT_TRUE(buffer.Take(1).empty());
}

TEST(RefusalBufferTest, WhatComesBackWaitsBehindTheOthersWithItsCount) {
  RefusalBuffer buffer;
  buffer.Add(Guess("10.0.0.1", 3));
  RefusalReport failed = buffer.Take(10);
  failed.left_out = 4;
  buffer.Add(Guess("10.0.0.2"));

  EXPECT_EQ(buffer.GiveBack(failed), 0U);
  const RefusalReport report = buffer.Take(10);

  ASSERT_EQ(report.attempts.size(), 2U);
  EXPECT_EQ(report.attempts[0].peer_address, "10.0.0.2");
  EXPECT_EQ(report.attempts[1].count, 3U);
  EXPECT_EQ(report.left_out, 4U);
}

TEST(RefusalBufferTest, WhatComesBackToAFullBufferIsCounted) {
  RefusalBuffer buffer;
  buffer.Add(Guess("10.0.0.1", 3));
  const RefusalReport failed = buffer.Take(10);
  Fill(buffer);

  EXPECT_EQ(buffer.GiveBack(failed), 3U);

  EXPECT_EQ(buffer.Take(RefusalBuffer::kMaxAttempts).left_out, 3U);
}

TEST(RefusalBufferTest, NoCallIsLostBetweenThreads) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 2000;
  RefusalBuffer buffer;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&buffer, t] {
      for (std::size_t i = 0; i < kCalls; ++i) {
        buffer.Add(Guess(absl::StrCat(t, "-", i % 100)));
      }
    });
  }
  std::uint64_t calls = 0;
  for (int i = 0; i < 100; ++i) {
    RefusalReport report = buffer.Take(10);
    if (i % 2 == 0) {
      buffer.GiveBack(std::move(report));
    } else {
      calls += CallsIn(report);
    }
  }
  for (std::thread& thread : threads) thread.join();
  calls += CallsIn(buffer.Take(RefusalBuffer::kMaxAttempts));

  EXPECT_EQ(calls, static_cast<std::uint64_t>(kThreads) * kCalls);
}

}  // namespace
}  // namespace airlock::gateway
