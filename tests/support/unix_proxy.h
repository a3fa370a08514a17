// A unix socket in front of a server.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace airlock {

// Forwards what comes to `path` to the server at `target`, a path or a port of
// 127.0.0.1, as bytes, half closes included; so a test can take a server away
// from a client without touching the server. Listens from the start.
// Thread-safe, but Start() and Stop() are called by one thread.
class UnixProxy {
 public:
  UnixProxy(std::string path, std::variant<std::string, int> target);
  ~UnixProxy();
  UnixProxy(const UnixProxy&) = delete;
  UnixProxy& operator=(const UnixProxy&) = delete;

  const std::string& path() const { return path_; }

  // Breaks every connection; new ones are refused, because the socket is gone.
  void Stop();
  // Listens again.
  void Start();

  // From now on, whatever a client sends at once that holds `text` is kept
  // back, and what follows on its connection. With "" all goes on; what a
  // client that has gone meanwhile had sent never arrives.
  void Hold(absl::string_view text) ABSL_LOCKS_EXCLUDED(mutex_);
  // Blocks until something is kept back; whether that happened in time.
  bool WaitHeld(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);
  // While `held`, nothing the server sends reaches a client.
  void HoldAnswers(bool held) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The two sockets of a connection and who copies between them.
  struct Connection {
    int client = -1;
    int server = -1;
    std::thread up;
    std::thread down;
    bool up_done = false;
    bool down_done = false;
  };

  // A socket connected to the target; -1 if nobody is there.
  int Dial() const;
  void Accept(int listener);
  void Open(int client) ABSL_LOCKS_EXCLUDED(mutex_);
  void CopyUp(Connection& connection) ABSL_LOCKS_EXCLUDED(mutex_);
  void CopyDown(Connection& connection) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits while this is to be kept back; whether it may go on.
  bool Pass(const Connection& connection, absl::string_view data)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits while answers are held back.
  void PassAnswer() ABSL_LOCKS_EXCLUDED(mutex_);
  // Closes connections that are over.
  void Sweep() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string path_;
  const std::variant<std::string, int> target_;
  int listener_ = -1;
  std::thread acceptor_;
  absl::Mutex mutex_;
  std::string held_text_ ABSL_GUARDED_BY(mutex_);
  int held_ ABSL_GUARDED_BY(mutex_) = 0;
  bool answers_held_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::unique_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
