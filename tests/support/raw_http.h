// HTTP byte by byte, as a hostile client speaks it.
#pragma once

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock {

// An answer. Names of headers are in lower case.
struct RawHttpAnswer {
  // 0: none came.
  int status = 0;
  std::map<std::string, std::string> headers;
  // Chunks are joined.
  std::string body;
};

// One connection to 127.0.0.1. Waits at most 10 s for anything. Not
// thread-safe.
class RawHttp {
 public:
  explicit RawHttp(int port);
  ~RawHttp();
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  // Whether all of it could be written.
  bool Send(absl::string_view bytes) const;

  // The next answer, whole.
  RawHttpAnswer Read();
  // Only status and headers.
  RawHttpAnswer ReadHead();
  // Reads on until `text` came; whether it did. What came is kept.
  bool ReadUntil(absl::string_view text);
  // What was read and not taken.
  const std::string& rest() const { return rest_; }

  // Whether the other side closes within `timeout`.
  bool WaitForClose(absl::Duration timeout = absl::Seconds(10));

  // Closes now.
  void Close();

 private:
  // Whether something came.
  bool ReadMore(absl::Duration timeout = absl::Seconds(10));

  int fd_;
  std::string rest_;
};

// Sends one request on a connection of its own. `headers` are lines with their
// ends; Host and Content-Length are added.
RawHttpAnswer Fetch(int port, absl::string_view method,
                    absl::string_view target, absl::string_view headers = "",
                    absl::string_view body = "");

}  // namespace airlock
