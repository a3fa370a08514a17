// The sandboxes this executor keeps for sessions.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/executor/sandbox/sandbox_backend.h"
#include "services/executor/sandbox/sandbox_reaper.h"

namespace airlock::executor {

// A job's session, and what the job takes its sandbox for.
struct SessionUse {
  std::string id;
  std::string agent;
  std::size_t link = 0;
  SandboxSpec spec;
};

// Each is made by the first job of its session and used by one job after
// another, until the policy ends it or it can be used no more. Not thread-safe:
// lives where jobs live.
class HeldSessions {
 public:
  struct Services {
    // Must outlive this.
    SandboxReaper& reaper;
    // Runs a function where jobs live, later.
    std::function<void(std::function<void()>)> post;
    // Something that was left is gone.
    std::function<void()> on_change;
  };
  explicit HeldSessions(Services services);

  // Keeps `sandbox` for a session, with the job that made it as its first user.
  // False, and nothing is kept: there is one with this id.
  [[nodiscard]] bool Add(const SessionUse& use,
                         std::shared_ptr<Sandbox> sandbox);

  // The sandbox of a session, for one more job, which calls Leave(). kNotFound
  // with reason SESSION_LOST: this link has no such session, or it is ending.
  // kPermissionDenied with reason SESSION_MISMATCH: it is another agent's, or
  // its sandbox is not exactly what the job's spec says.
  absl::StatusOr<std::shared_ptr<Sandbox>> Enter(const SessionUse& use);
  // A job is done with it. Nothing happens if it is gone.
  void Leave(absl::string_view id);

  // Removes it as soon as no job is in it, and lets no more in. Nothing happens
  // if it is not this link's.
  void End(absl::string_view id, std::size_t link);
  void EndAll();
  // Removes it at once, whoever is in it.
  void Drop(absl::string_view id);

  // Ids of those that can be used no more, and that no job will tell of.
  std::vector<std::string> Broken() const;
  // Ids of the sessions of a link, those that are ending excepted.
  std::vector<std::string> Of(std::size_t link) const;
  // Whose it is; only for ids of Broken() and Of().
  std::size_t link(absl::string_view id) const {
    return sessions_.find(id)->second.use.link;
  }

  // Sessions there are.
  std::size_t size() const { return sessions_.size(); }
  // With those that are on their way out.
  std::size_t left() const { return sessions_.size() + leaving_; }

 private:
  struct Held {
    SessionUse use;
    std::shared_ptr<Sandbox> sandbox;
    std::size_t users = 0;
    bool ending = false;
  };
  using Map = std::map<std::string, Held, std::less<>>;

  void Destroy(Map::iterator it);

  const Services services_;
  // Dies with this: what is posted later finds nobody.
  const std::shared_ptr<HeldSessions*> self_;
  Map sessions_;
  std::size_t leaving_ = 0;
};

}  // namespace airlock::executor
