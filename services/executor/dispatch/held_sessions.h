// The sandboxes this executor keeps for sessions.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/executor/sandbox/sandbox_backend.h"
#include "services/executor/sandbox/sandbox_reaper.h"

namespace airlock::executor {

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

  // Keeps `sandbox` for session `id` of a link's policy, with the job that made
  // it as its first user. There must be none with this id.
  void Add(const std::string& id, std::size_t link,
           std::shared_ptr<Sandbox> sandbox);

  // The sandbox of a session, for one more job, which calls Leave(). Null if
  // this link has no such session, or it is ending.
  std::shared_ptr<Sandbox> Enter(absl::string_view id, std::size_t link);
  // A job is done with it. Nothing happens if it is gone.
  void Leave(absl::string_view id);

  // Removes it as soon as no job is in it, and lets no more in.
  void End(absl::string_view id);
  void EndAll();
  // Removes it at once, whoever is in it.
  void Drop(absl::string_view id);

  // Ids of those that can be used no more, and that no job will tell of.
  std::vector<std::string> Broken() const;
  // Ids of the sessions of a link, those that are ending excepted.
  std::vector<std::string> Of(std::size_t link) const;
  // Whose it is; only for ids of Broken() and Of().
  std::size_t link(absl::string_view id) const {
    return sessions_.find(id)->second.link;
  }

  // Sessions there are.
  std::size_t size() const { return sessions_.size(); }
  // With those that are on their way out.
  std::size_t left() const { return sessions_.size() + leaving_; }

 private:
  struct Held {
    std::size_t link = 0;
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
