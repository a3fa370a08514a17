// Which replicas are connected, and how many jobs each may still send.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "services/executor/dispatch/policy_connection.h"

namespace airlock::executor {

// Shares the slots between the links, as evenly as they go. Not thread-safe.
class LinkShares {
 public:
  // `links` at least 1; each gets at least one slot.
  LinkShares(std::size_t slots, std::size_t links);

  // A stream of this link is open, or broke; either way the credits of the
  // stream before are void.
  void Connect(std::size_t link, std::shared_ptr<PolicyConnection> connection);
  void Disconnect(std::size_t link);

  // Uses a credit up; whether the replica had one.
  bool TakeCredit(std::size_t link);
  // When free slots become credits: at once, or first when a replica has used
  // half of its share, so that not each job costs a message.
  enum class When { kNow, kNeeded };
  // Gives each connected replica what its share leaves, when it has `held[i]`
  // jobs here.
  void GiveCredits(const std::vector<std::size_t>& held, When when);

  // Nothing happens on a link that is not connected.
  void Send(std::size_t link, internal::v1::ConnectRequest message);
  void SendToAll(const internal::v1::ConnectRequest& message);

  // Null while it is not connected.
  const std::shared_ptr<PolicyConnection>& connection(std::size_t link) const {
    return links_[link].connection;
  }
  std::size_t share(std::size_t link) const { return links_[link].share; }
  bool any_connected() const;

 private:
  struct Link {
    std::shared_ptr<PolicyConnection> connection;
    std::size_t share = 0;
    // Credits the replica holds on this stream.
    std::size_t credits = 0;
  };

  std::vector<Link> links_;
};

}  // namespace airlock::executor
