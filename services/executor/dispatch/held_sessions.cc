#include "services/executor/dispatch/held_sessions.h"

#include <iterator>
#include <utility>

#include "common/status/error.h"

namespace airlock::executor {

HeldSessions::HeldSessions(Services services)
    : services_(std::move(services)),
      self_(std::make_shared<HeldSessions*>(this)) {}

bool HeldSessions::Add(const SessionUse& use,
                       std::shared_ptr<Sandbox> sandbox) {
  return sessions_
      .try_emplace(use.id,
                   Held{.use = use, .sandbox = std::move(sandbox), .users = 1})
      .second;
}

absl::StatusOr<std::shared_ptr<Sandbox>> HeldSessions::Enter(
    const SessionUse& use) {
  const auto found = sessions_.find(use.id);
  if (found == sessions_.end() || found->second.use.link != use.link ||
      found->second.ending || !found->second.sandbox->usable()) {
    return MakeError(absl::StatusCode::kNotFound, "SESSION_LOST",
                     "the sandbox of its session is gone");
  }
  Held& held = found->second;
  const bool same_image = use.spec.image_id.empty() ||
                          use.spec.image_id == held.sandbox->image_id();
  // The job's digest covers its sandbox: it may run in no other one.
  if (held.use.agent != use.agent || !IsSameKind(held.use.spec, use.spec) ||
      !same_image) {
    return MakeError(absl::StatusCode::kPermissionDenied, "SESSION_MISMATCH",
                     "the sandbox of its session is not what its spec says");
  }
  ++held.users;
  return held.sandbox;
}

void HeldSessions::Leave(absl::string_view id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  if (--found->second.users == 0 && found->second.ending) Destroy(found);
}

void HeldSessions::End(absl::string_view id, std::size_t link) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.use.link != link) return;
  found->second.ending = true;
  if (found->second.users == 0) Destroy(found);
}

void HeldSessions::EndAll() {
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    const auto next = std::next(it);
    it->second.ending = true;
    if (it->second.users == 0) Destroy(it);
    it = next;
  }
}

void HeldSessions::Drop(absl::string_view id) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) Destroy(found);
}

std::vector<std::string> HeldSessions::Broken() const {
  std::vector<std::string> broken;
  for (const auto& [id, held] : sessions_) {
    if (held.users == 0 && !held.sandbox->usable()) broken.push_back(id);
  }
  return broken;
}

std::vector<std::string> HeldSessions::Of(std::size_t link) const {
  std::vector<std::string> ids;
  for (const auto& [id, held] : sessions_) {
    if (held.use.link == link && !held.ending) ids.push_back(id);
  }
  return ids;
}

void HeldSessions::Destroy(Map::iterator it) {
  std::shared_ptr<Sandbox> sandbox = std::move(it->second.sandbox);
  sessions_.erase(it);
  ++leaving_;
  services_.reaper.Destroy(
      std::move(sandbox),
      [weak = std::weak_ptr<HeldSessions*>(self_), post = services_.post] {
        post([weak] {
          const auto self = weak.lock();
          if (self == nullptr) return;
          --(*self)->leaving_;
          (*self)->services_.on_change();
        });
      });
}

}  // namespace airlock::executor
