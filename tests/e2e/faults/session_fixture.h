// A cluster asked about ada's sessions.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/support/status_matchers.h"

namespace airlock {

class SessionFaultsTest : public ClusterTest {
 protected:
  static airlock::v1::ExecuteRequest In(const std::string& session,
                                        const std::string& line) {
    airlock::v1::ExecuteRequest request = Shell(line);
    request.set_session(session);
    return request;
  }
  std::string Output(const std::string& session, const std::string& line) {
    const Transcript told = cluster_.Execute(In(session, line));
    EXPECT_THAT(told.status, IsOk());
    EXPECT_EQ(told.completed.outcome().ended_by(),
              airlock::v1::Outcome::ENDED_BY_EXITED)
        << told.stderr_data;
    return told.stdout_data;
  }
  void OpenParallel(const std::string& session) {
    airlock::v1::CreateSessionRequest request;
    request.set_name(session);
    request.set_parallel(true);
    airlock::v1::CreateSessionResponse response;
    EXPECT_THAT(FromGrpcStatus(cluster_.Sessions()->CreateSession(
                    Cluster::As("ada").get(), request, &response)),
                IsOk());
  }
  void Close(const std::string& session) {
    airlock::v1::CloseSessionRequest request;
    request.set_name(session);
    airlock::v1::CloseSessionResponse response;
    EXPECT_THAT(FromGrpcStatus(cluster_.Sessions()->CloseSession(
                    Cluster::As("ada").get(), request, &response)),
                IsOk());
  }
  bool WaitLost(const std::string& session) {
    airlock::v1::GetSessionRequest request;
    request.set_name(session);
    for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end;) {
      airlock::v1::GetSessionResponse response;
      cluster_.Sessions()->GetSession(Cluster::As("ada").get(), request,
                                      &response);
      if (response.session().state() == airlock::v1::Session::STATE_LOST)
        return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return false;
  }
  void ExpectLost(const std::string& session) {
    EXPECT_TRUE(WaitLost(session));
    const absl::Status refused =
        cluster_.Execute(In(session, "echo never")).status;
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(ErrorReason(refused), "SESSION_LOST");
  }
};

}  // namespace airlock
