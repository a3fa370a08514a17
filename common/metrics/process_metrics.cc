#include "common/metrics/process_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/process/version.h"

namespace airlock {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Single(const char* name, const char* help, MetricType type,
                    double value) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  prometheus::ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
  return family;
}

MetricFamily BuildInfo() {
  MetricFamily family =
      Single("airlock_build_info", "What the program was built from; always 1.",
             MetricType::Gauge, 1);
  family.metric.front().label = {{"version", Version()}, {"commit", Commit()}};
  return family;
}

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Seconds since 1970 when the machine was started. 0: unknown.
double BootTime() {
  for (absl::string_view line : absl::StrSplit(ReadFile("/proc/stat"), '\n')) {
    double seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") &&
        absl::SimpleAtod(line, &seconds)) {
      return seconds;
    }
  }
  return 0;
}

// The fields of /proc/self/stat from the third one on: the second, a name in
// parentheses, may hold anything.
std::vector<std::string> StatFields() {
  const std::string text = ReadFile("/proc/self/stat");
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  return absl::StrSplit(text.substr(end + 1), ' ', absl::SkipWhitespace());
}

void AddStat(std::vector<MetricFamily>& families) {
  // Indexes are those of proc(5), less the three that are not here.
  constexpr std::size_t kUserTicks = 14 - 3;
  constexpr std::size_t kSystemTicks = 15 - 3;
  constexpr std::size_t kThreads = 20 - 3;
  constexpr std::size_t kStartTicks = 22 - 3;
  constexpr std::size_t kVirtualBytes = 23 - 3;
  constexpr std::size_t kResidentPages = 24 - 3;
  const std::vector<std::string> fields = StatFields();
  if (fields.size() <= kResidentPages) return;
  const auto number = [&](std::size_t index) {
    double value = 0;
    return absl::SimpleAtod(fields[index], &value) ? value : 0;
  };
  const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  families.push_back(Single(
      "process_cpu_seconds_total", "User and system time spent.",
      MetricType::Counter, (number(kUserTicks) + number(kSystemTicks)) * tick));
  families.push_back(Single("process_threads", "Threads.", MetricType::Gauge,
                            number(kThreads)));
  families.push_back(Single("process_start_time_seconds",
                            "Start, in seconds since 1970.", MetricType::Gauge,
                            BootTime() + number(kStartTicks) * tick));
  families.push_back(Single("process_virtual_memory_bytes", "Virtual memory.",
                            MetricType::Gauge, number(kVirtualBytes)));
  families.push_back(Single(
      "process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
      number(kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE))));
}

void AddFiles(std::vector<MetricFamily>& families) {
  std::error_code error;
  double open_files = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end;
       !error && it != end; it.increment(error)) {
    ++open_files;
  }
  if (!error) {
    families.push_back(Single("process_open_fds", "Open file descriptors.",
                              MetricType::Gauge, open_files));
  }
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(
        Single("process_max_fds", "File descriptors that may be open.",
               MetricType::Gauge, static_cast<double>(limit.rlim_cur)));
  }
}

}  // namespace

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  std::vector<MetricFamily> families = {BuildInfo()};
  AddStat(families);
  AddFiles(families);
  return families;
}

}  // namespace airlock
