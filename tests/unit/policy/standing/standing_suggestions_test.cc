#include "services/policy/standing/standing_suggestions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/policy/standing/question_memory.h"
#include "tests/unit/policy/standing/standing_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::StandingSuggestion;
using testing::ElementsAre;

// A digit as an action_hash.
std::string Hash(int number) {
  return std::string(64, static_cast<char>('0' + number));
}

std::vector<std::string> SummariesOf(
    const std::vector<StandingSuggestion>& suggestions) {
  std::vector<std::string> summaries;
  for (const StandingSuggestion& suggestion : suggestions) {
    summaries.push_back(absl::StrCat(suggestion.covered_questions(), " ",
                                     suggestion.summary()));
  }
  return summaries;
}

TEST(StandingSuggestionsTest, FirstIsExactlyThisThenTheNarrowestPattern) {
  const StandingSubject subject = Subject(Argv({"make", "test"}), "", Hash(1));

  EXPECT_THAT(
      SummariesOf(SuggestScopes(subject, {})),
      ElementsAre("1 agent ada: exactly the action " + Hash(1),
                  "1 agent ada: system_command beginning with make test"));
}

TEST(StandingSuggestionsTest, WiderOnesCoverMoreOfTheLastQuestions) {
  const StandingSubject subject =
      Subject(Argv({"git", "log", "-1"}), "", Hash(1));
  const std::vector<StandingSubject> last = {
      subject, Subject(Argv({"git", "log", "-2"}), "", Hash(2)),
      Subject(Argv({"git", "diff"}), "", Hash(3)),
      Subject(Argv({"rm", "-r", "x"}), "", Hash(4))};

  EXPECT_THAT(
      SummariesOf(SuggestScopes(subject, last)),
      ElementsAre("1 agent ada: exactly the action " + Hash(1),
                  "1 agent ada: system_command beginning with git log -1",
                  "2 agent ada: system_command beginning with git log",
                  "3 agent ada: system_command beginning with git"));
}

TEST(StandingSuggestionsTest, SessionIsLeftOnlyForMore) {
  const StandingSubject subject = Subject(Write("src/a"), "s1", Hash(1));
  const std::vector<StandingSubject> last = {
      subject, Subject(Write("src/b"), "s1", Hash(2)),
      Subject(Write("src/a"), "s2", Hash(3)),
      Subject(Write("doc"), "s2", Hash(4))};

  EXPECT_THAT(
      SummariesOf(SuggestScopes(subject, last)),
      ElementsAre(
          "1 agent ada in session s1: exactly the action " + Hash(1),
          "1 agent ada in session s1: file_write of src/a and all below it",
          "2 agent ada in session s1: file_write of src and all below it",
          "3 agent ada: file_write of src and all below it",
          "4 agent ada: file_write of anything in the workspace"));
}

TEST(StandingSuggestionsTest, UrlsBecomeAHostAndAPath) {
  const StandingSubject subject =
      Subject(Get("https://a.example/v1/x?k=1"), "", Hash(1));
  const std::vector<StandingSubject> last = {
      Subject(Get("https://a.example/v1/y"), "", Hash(2)),
      Subject(Get("https://a.example/"), "", Hash(3)),
      Subject(Get("https://b.example/v1/x"), "", Hash(4))};

  EXPECT_THAT(SummariesOf(SuggestScopes(subject, last)),
              ElementsAre("1 agent ada: exactly the action " + Hash(1),
                          "1 agent ada: http_get to a.example below /v1/x",
                          "2 agent ada: http_get to a.example below /v1",
                          "3 agent ada: http_get to a.example, any path"));
}

TEST(StandingSuggestionsTest, CodeIsSuggestedExactlyOnly) {
  airlock::v1::Action code;
  code.mutable_code_exec()->set_code("1");
  const StandingSubject subject = Subject(code, "", Hash(1));

  EXPECT_THAT(SummariesOf(SuggestScopes(subject, {subject, subject})),
              ElementsAre("2 agent ada: exactly the action " + Hash(1)));
}

TEST(StandingSuggestionsTest, EverySuggestionIsAScopeThatCoversTheQuestion) {
  for (const airlock::v1::Action& action :
       {Argv({"git", "log"}), Read("/workspace/a/b"), Write("a"),
        Get("https://[::1]/a%20b"), Get("https://a.example"), Read(".")}) {
    const StandingSubject subject = Subject(action, "s1");
    for (const StandingSuggestion& suggestion :
         SuggestScopes(subject, {Subject(Read("x"), "s2"), subject})) {
      FieldViolations violations;
      CheckScope(suggestion.scope(), violations);
      EXPECT_TRUE(violations.empty()) << suggestion.ShortDebugString();
      EXPECT_TRUE(Covers(suggestion.scope(), subject))
          << suggestion.ShortDebugString();
    }
  }
}

TEST(StandingSuggestionsTest, AreNeverMoreThanAFew) {
  std::vector<std::string> args;
  std::vector<StandingSubject> last;
  for (int i = 0; i < 20; ++i) {
    args.push_back(absl::StrCat("a", i));
    last.push_back(Subject(Argv(args), "", std::string(64, 'z')));
  }

  EXPECT_EQ(SuggestScopes(Subject(Argv(args), "", Hash(1)), last).size(),
            kMaxSuggestions);
}

TEST(QuestionMemoryTest, CountsTheSameQuestionOfTheSameAgent) {
  QuestionMemory memory;
  StandingSubject others = Subject(Argv({"ls"}), "", Hash(1));
  others.agent = "eve";

  EXPECT_EQ(memory.Remember(Subject(Argv({"ls"}), "", Hash(1))), 0U);
  EXPECT_EQ(memory.Remember(Subject(Argv({"ls"}), "", Hash(2))), 0U);
  EXPECT_EQ(memory.Remember(others), 0U);
  EXPECT_EQ(memory.Remember(Subject(Argv({"ls"}), "", Hash(1))), 1U);
  EXPECT_EQ(memory.Remember(Subject(Argv({"ls"}), "", Hash(1))), 2U);
}

TEST(QuestionMemoryTest, TellsTheLastQuestionsNewestFirst) {
  QuestionMemory memory({.last_questions = 2, .agents = 10, .actions = 10});
  for (int i = 1; i <= 3; ++i) {
    memory.Remember(Subject(Argv({"ls"}), "", Hash(i)));
  }

  const std::vector<StandingSubject> last = memory.LastOf("ada");

  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[0].action_hash, Hash(3));
  EXPECT_EQ(last[1].action_hash, Hash(2));
  EXPECT_TRUE(memory.LastOf("eve").empty());
}

TEST(QuestionMemoryTest, ForgetsWhatWasAskedLongestAgo) {
  QuestionMemory memory({.last_questions = 2, .agents = 2, .actions = 2});
  const auto of = [](const std::string& agent, int hash) {
    StandingSubject subject = Subject(Argv({"ls"}), "", Hash(hash));
    subject.agent = agent;
    return subject;
  };
  memory.Remember(of("a", 1));
  memory.Remember(of("b", 2));
  memory.Remember(of("a", 1));
  memory.Remember(of("c", 3));

  EXPECT_TRUE(memory.LastOf("b").empty());
  EXPECT_FALSE(memory.LastOf("a").empty());
  EXPECT_EQ(memory.Remember(of("a", 1)), 2U);
  EXPECT_EQ(memory.Remember(of("b", 2)), 0U);
}

}  // namespace
}  // namespace airlock::policy
