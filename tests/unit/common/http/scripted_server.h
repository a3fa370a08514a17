// A server on a unix socket that answers with given bytes.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace airlock {

// Reads a request, answers with what `answer` makes of it, and goes on until
// the client ends; an empty answer means silence. After "101" it echoes.
// The destructor breaks what is left.
class ScriptedServer {
 public:
  using Answer = std::function<std::string(const std::string& request)>;

  ScriptedServer(std::string path, Answer answer);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  const std::string& path() const { return path_; }
  int connections() const { return connections_; }

 private:
  void Accept();
  void Serve(int client);
  // Appends what comes to `data`; false at the end.
  bool Receive(int client, std::string& data) const;

  const std::string path_;
  const Answer answer_;
  int listener_ = -1;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  absl::Mutex mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace airlock
