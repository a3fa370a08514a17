#include "services/policy/sessions/session_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::ListSessionsRequest;
using testing::ElementsAre;

class SessionPagesTest : public testing::Test {
 protected:
  SessionPagesTest() {
    for (const auto& [agent, name] :
         {std::pair("bob", "x"), std::pair("ada", "b"), std::pair("ada", "a"),
          std::pair("ada", "c")}) {
      NewSession wanted;
      wanted.agent = agent;
      wanted.name = name;
      wanted.settings = {absl::Minutes(15), absl::Hours(24), 10};
      EXPECT_THAT(sessions_.Open(std::move(wanted)).status(), IsOk());
    }
    sessions_.End(*sessions_.FindName("ada", "b"),
                  airlock::v1::Session::STATE_CLOSED, "CLOSED");
  }

  // "agent/name" of each session of all pages.
  std::vector<std::string> List(ListSessionsRequest request,
                                const Principal& principal) {
    std::vector<std::string> listed;
    do {
      const auto query = SessionQueryFromRequest(principal, request);
      EXPECT_THAT(query.status(), IsOk());
      const auto page = ListPage(sessions_, *query);
      for (const airlock::v1::Session& session : page.sessions()) {
        listed.push_back(session.agent() + "/" + session.name());
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return listed;
  }
  static absl::Status Check(const ListSessionsRequest& request) {
    return SessionQueryFromRequest(Ada(), request).status();
  }

  static Principal Ada() { return {"ada", airlock::v1::PRINCIPAL_ROLE_AGENT}; }
  static Principal Olga() {
    return {"olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR};
  }

  FakeClock clock_;
  SessionTable sessions_{clock_, {}};
};

TEST_F(SessionPagesTest, AgentSeesItsOwnByName) {
  EXPECT_THAT(List({}, Ada()), ElementsAre("ada/a", "ada/c"));
}

TEST_F(SessionPagesTest, OperatorSeesAllOrThoseOfOne) {
  ListSessionsRequest request;
  EXPECT_THAT(List(request, Olga()), ElementsAre("ada/a", "ada/c", "bob/x"));
  request.set_agent("bob");
  EXPECT_THAT(List(request, Olga()), ElementsAre("bob/x"));
}

TEST_F(SessionPagesTest, EndedOnesAreToldWhenAskedFor) {
  ListSessionsRequest request;
  request.set_include_ended(true);

  EXPECT_THAT(List(request, Ada()), ElementsAre("ada/a", "ada/b", "ada/c"));
}

TEST_F(SessionPagesTest, PagesFollowEachOther) {
  ListSessionsRequest request;
  request.set_include_ended(true);
  request.set_page_size(1);

  EXPECT_THAT(List(request, Olga()),
              ElementsAre("ada/a", "ada/b", "ada/c", "bob/x"));
  EXPECT_THAT(List(request, Ada()), ElementsAre("ada/a", "ada/b", "ada/c"));
}

TEST_F(SessionPagesTest, TokenOfAnotherAgentsPageShowsNothingOfIt) {
  ListSessionsRequest request;
  request.set_page_token("bob/a");

  EXPECT_THAT(List(request, Ada()), testing::IsEmpty());
}

TEST_F(SessionPagesTest, OthersAreNotListed) {
  ListSessionsRequest request;
  request.set_agent("bob");

  EXPECT_EQ(ErrorReason(Check(request)), "OTHER_AGENT");
}

TEST_F(SessionPagesTest, WrongSizesAndTokensAreRefused) {
  ListSessionsRequest request;
  request.set_page_size(-1);
  EXPECT_THAT(Check(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       testing::HasSubstr("page_size")));
  for (const char* token : {"x", "/x", "ada/", "ada/b c"}) {
    request.Clear();
    request.set_page_token(token);
    EXPECT_THAT(Check(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                         testing::HasSubstr("page_token")))
        << token;
  }
}

}  // namespace
}  // namespace airlock::policy
