#include "tests/support/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace airlock {
namespace {

// Takes the chunks at the beginning of `rest` into `body`; whether the last one
// was among them.
bool TakeChunks(std::string& rest, std::string& body) {
  while (true) {
    const std::size_t line = rest.find("\r\n");
    if (line == std::string::npos) return false;
    const std::size_t size = std::stoul(rest.substr(0, line), nullptr, 16);
    if (rest.size() < line + 2 + size + 2) return false;
    body += rest.substr(line + 2, size);
    rest.erase(0, line + 2 + size + 2);
    if (size == 0) return true;
  }
}

}  // namespace

RawHttp::RawHttp(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    Close();
  }
}

RawHttp::~RawHttp() { Close(); }

void RawHttp::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool RawHttp::Send(absl::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawHttp::ReadMore(absl::Duration timeout) {
  pollfd ready{fd_, POLLIN, 0};
  const auto millis = static_cast<int>(absl::ToInt64Milliseconds(timeout));
  if (::poll(&ready, 1, millis) != 1) return false;
  std::array<char, 65536> bytes{};
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (count <= 0) return false;
  rest_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool RawHttp::ReadUntil(absl::string_view text) {
  while (!absl::StrContains(rest_, text)) {
    if (!ReadMore()) return false;
  }
  return true;
}

RawHttpAnswer RawHttp::ReadHead() {
  RawHttpAnswer answer;
  if (!ReadUntil("\r\n\r\n")) return answer;
  const std::size_t end = rest_.find("\r\n\r\n");
  const std::vector<std::string> lines =
      absl::StrSplit(rest_.substr(0, end), "\r\n");
  rest_.erase(0, end + 4);
  if (!absl::SimpleAtoi(lines[0].substr(9, 3), &answer.status)) return answer;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::pair<std::string, std::string> header =
        absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
    answer.headers[absl::AsciiStrToLower(header.first)] = header.second;
  }
  return answer;
}

RawHttpAnswer RawHttp::Read() {
  RawHttpAnswer answer = ReadHead();
  if (answer.headers.count("transfer-encoding") > 0) {
    while (!TakeChunks(rest_, answer.body)) {
      if (!ReadMore()) return answer;
    }
    return answer;
  }
  std::size_t length = 0;
  if (!absl::SimpleAtoi(answer.headers["content-length"], &length)) {
    return answer;
  }
  while (rest_.size() < length) {
    if (!ReadMore()) return answer;
  }
  answer.body = rest_.substr(0, length);
  rest_.erase(0, length);
  return answer;
}

bool RawHttp::WaitForClose(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (absl::Now() < deadline) {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, 100) != 1) continue;
    if (!ReadMore()) return true;
  }
  return false;
}

RawHttpAnswer Fetch(int port, absl::string_view method,
                    absl::string_view target, absl::string_view headers,
                    absl::string_view body) {
  RawHttp http(port);
  http.Send(absl::StrCat(
      method, " ", target, " HTTP/1.1\r\nHost: 127.0.0.1:", port,
      "\r\nContent-Length: ", body.size(), "\r\n", headers, "\r\n", body));
  return http.Read();
}

}  // namespace airlock
