// A port of loopback whose line to a server takes time.
#pragma once

#include <poll.h>

#include <atomic>
#include <deque>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace airlock {

// Carries each byte to the other side a fixed time after it came, in both
// directions and in order; half closes too. As many bytes as come go at once:
// the line is long, not narrow. At most 16 MiB are on their way in each
// direction of a connection; whoever sends more waits. Throws where it cannot
// listen. Thread-safe.
class TcpRelay {
 public:
  // To a port of 127.0.0.1.
  TcpRelay(int target_port, absl::Duration one_way);
  // Breaks every connection.
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  int port() const { return port_; }

  // From the moment a server answers what clients say from now on, what clients
  // say stays where it is: whoever needs a second round trip waits in vain. Set
  // `one_way` to more than it takes to say the first thing.
  void HoldAfterAnswer() ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether that moment has come.
  bool holding() const ABSL_LOCKS_EXCLUDED(mutex_);
  // All goes on.
  void Release() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Piece {
    absl::Time due;
    std::string bytes;
  };
  // One direction of a connection.
  struct Way {
    bool is_up = false;
    int from = -1;
    int to = -1;
    std::deque<Piece> pieces;
    std::size_t bytes = 0;
    // Of the first piece.
    std::size_t written = 0;
    // Nothing comes any more; nothing is left to go.
    bool ended = false;
    bool over = false;
  };
  struct Connection {
    Way up;
    Way down;
    bool broken = false;
  };
  // What clients may say.
  enum class Gate { kOpen, kArmed, kAsked, kHeld };

  void Run();
  void Accept();
  // What to wait for; the same number of entries for each connection.
  void AppendWaits(const Way& way, std::vector<pollfd>& waits) const;
  // Until the next piece is due.
  absl::Duration Patience() const;
  void Serve(Connection& connection, const pollfd* waits);
  // Whether the connection stays.
  bool Read(Way& way);
  static bool Write(Way& way);
  void Note(bool is_up) ABSL_LOCKS_EXCLUDED(mutex_);
  void WakeUp() const;

  const int target_port_;
  const absl::Duration one_way_;
  int listener_ = -1;
  int port_ = 0;
  // An eventfd.
  int wake_ = -1;
  std::atomic<bool> stopping_ = false;
  // The thread's own.
  std::list<Connection> connections_;
  mutable absl::Mutex mutex_;
  Gate gate_ ABSL_GUARDED_BY(mutex_) = Gate::kOpen;
  std::thread thread_;
};

}  // namespace airlock
