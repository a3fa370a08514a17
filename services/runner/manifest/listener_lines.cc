#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "services/runner/manifest/lines.h"

namespace airlock::runner {
namespace {

// As /proc/net writes the state: LISTEN of TCP, and of UDP a socket that is
// not connected, which takes what anybody sends.
constexpr std::string_view kTcpListens = "0A";
constexpr std::string_view kUdpListens = "07";

void AddTable(const std::string& table, std::string_view state,
              ManifestLines& lines) {
  std::ifstream file("/proc/net/" + table);
  std::string line;
  std::getline(file, line);  // the names of the columns
  while (std::getline(file, line) && !lines.full()) {
    std::istringstream words(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string found_state;
    std::string queues;
    std::string timer;
    std::string retransmits;
    unsigned int account = 0;
    words >> number >> local >> remote >> found_state >> queues >> timer >>
        retransmits >> account;
    if (words.fail() || found_state != state || account != ::getuid()) continue;
    lines.Add("listener " + table + " at=" + PlainText(local, 64));
  }
}

}  // namespace

void AddListeners(ManifestLines& lines) {
  AddTable("tcp", kTcpListens, lines);
  AddTable("tcp6", kTcpListens, lines);
  AddTable("udp", kUdpListens, lines);
  AddTable("udp6", kUdpListens, lines);
}

}  // namespace airlock::runner
