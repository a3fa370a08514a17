#include "services/executor/dispatch/link_shares.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace airlock::executor {

using internal::v1::ConnectRequest;

LinkShares::LinkShares(std::size_t slots, std::size_t links) : links_(links) {
  for (std::size_t i = 0; i < links; ++i) {
    const std::size_t rest = i < slots % links ? 1 : 0;
    links_[i].share = std::max<std::size_t>(1, slots / links + rest);
  }
}

void LinkShares::Connect(std::size_t link,
                         std::shared_ptr<PolicyConnection> connection) {
  links_[link].connection = std::move(connection);
  links_[link].credits = 0;
}

void LinkShares::Disconnect(std::size_t link) { Connect(link, nullptr); }

bool LinkShares::TakeCredit(std::size_t link) {
  if (links_[link].credits == 0) return false;
  --links_[link].credits;
  return true;
}

void LinkShares::GiveCredits(const std::vector<std::size_t>& held, When when) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    Link& link = links_[i];
    const std::size_t used = held[i] + link.credits;
    if (link.connection == nullptr || used >= link.share) continue;
    if (when == When::kNeeded && link.credits > link.share / 2) continue;
    ConnectRequest message;
    message.mutable_start_credit()->set_starts(
        static_cast<std::uint32_t>(link.share - used));
    link.credits += link.share - used;
    link.connection->Send(std::move(message));
  }
}

void LinkShares::Send(std::size_t link, ConnectRequest message) {
  if (links_[link].connection == nullptr) return;
  links_[link].connection->Send(std::move(message));
}

void LinkShares::SendToAll(const ConnectRequest& message) {
  for (std::size_t i = 0; i < links_.size(); ++i) Send(i, message);
}

bool LinkShares::any_connected() const {
  return std::any_of(links_.begin(), links_.end(), [](const Link& link) {
    return link.connection != nullptr;
  });
}

}  // namespace airlock::executor
