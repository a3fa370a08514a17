#include "services/executor/dispatch/held_sessions.h"

#include <iterator>
#include <utility>

namespace airlock::executor {

HeldSessions::HeldSessions(Services services)
    : services_(std::move(services)),
      self_(std::make_shared<HeldSessions*>(this)) {}

void HeldSessions::Add(const std::string& id, std::size_t link,
                       std::shared_ptr<Sandbox> sandbox) {
  sessions_.emplace(
      id, Held{.link = link, .sandbox = std::move(sandbox), .users = 1});
}

std::shared_ptr<Sandbox> HeldSessions::Enter(absl::string_view id,
                                             std::size_t link) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.link != link ||
      found->second.ending || !found->second.sandbox->usable()) {
    return nullptr;
  }
  ++found->second.users;
  return found->second.sandbox;
}

void HeldSessions::Leave(absl::string_view id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  if (--found->second.users == 0 && found->second.ending) Destroy(found);
}

void HeldSessions::End(absl::string_view id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
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
    if (held.link == link && !held.ending) ids.push_back(id);
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
