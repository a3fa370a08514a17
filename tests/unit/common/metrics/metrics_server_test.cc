#include "common/metrics/metrics_server.h"

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <prometheus/counter.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::size_t Append(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

std::string Scrape(int port) {
  std::string text;
  CURL* curl = curl_easy_init();
  const std::string url = absl::StrCat("http://127.0.0.1:", port, "/metrics");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
  curl_easy_perform(curl);
  curl_easy_cleanup(curl);
  return text;
}

std::shared_ptr<prometheus::Registry> RegistryWith(const std::string& name) {
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter().Name(name).Help("A test.").Register(*registry).Add(
      {});
  return registry;
}

TEST(MetricsServerTest, ServesTheRegistryAndTheProcess) {
  auto server = MetricsServer::Start("127.0.0.1:0", RegistryWith("a_total"));
  ASSERT_THAT(server, IsOk());

  EXPECT_THAT(
      Scrape((*server)->port()),
      AllOf(HasSubstr("a_total 0"), HasSubstr("airlock_build_info{version="),
            HasSubstr("process_cpu_seconds_total "),
            HasSubstr("process_resident_memory_bytes "),
            HasSubstr("process_virtual_memory_bytes "),
            HasSubstr("process_start_time_seconds "),
            HasSubstr("process_open_fds "), HasSubstr("process_max_fds ")));
}

TEST(MetricsServerTest, SeveralInOneProcessAreApart) {
  auto first = MetricsServer::Start("127.0.0.1:0", RegistryWith("a_total"));
  auto second = MetricsServer::Start("127.0.0.1:0", RegistryWith("b_total"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());

  EXPECT_THAT(Scrape((*first)->port()),
              AllOf(HasSubstr("a_total"), Not(HasSubstr("b_total"))));
  EXPECT_THAT(Scrape((*second)->port()),
              AllOf(HasSubstr("b_total"), Not(HasSubstr("a_total"))));
}

TEST(MetricsServerTest, OccupiedPortIsAnError) {
  auto first = MetricsServer::Start("127.0.0.1:0", RegistryWith("a_total"));
  ASSERT_THAT(first, IsOk());
  const std::string address = absl::StrCat("127.0.0.1:", (*first)->port());

  EXPECT_THAT(MetricsServer::Start(address, RegistryWith("b_total")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(address)));
}

TEST(MetricsServerTest, StopsAtOnce) {
  auto server = MetricsServer::Start("127.0.0.1:0", RegistryWith("a_total"));
  ASSERT_THAT(server, IsOk());
  const absl::Time start = absl::Now();

  server->reset();

  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
}

}  // namespace
}  // namespace airlock
