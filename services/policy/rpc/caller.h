// Who may call the policy service.
#pragma once

#include <grpcpp/server_context.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rpc/access.h"
#include "common/security/authenticator.h"
#include "google/protobuf/message.h"

namespace airlock::policy {

// A call that was refused for who made it. Good during OnRefused only.
struct RefusedCall {
  // A full name.
  absl::string_view method;
  const absl::Status& status;
  // The peer, which for a call of a principal is its gateway.
  std::string peer_address;
  // Who calls; empty: not known, or told by the status.
  absl::string_view principal;
};

// Authorizes calls. Public methods come through a gateway, which shows its own
// certificate and forwards the credential of the principal; the credential is
// checked here again, so that a gateway cannot make one up. That a client has
// the key of its certificate only the gateway can see: one that is compromised
// can act for those who came to it, as it can with their tokens. Thread-safe.
// All arguments must outlive it.
class CallerCheck {
 public:
  // Hears of each call that was refused for its peer or its principal. Called
  // from the threads of the calls.
  using OnRefused = std::function<void(const RefusedCall& call)>;

  CallerCheck(const AccessTable& table, Authenticator& authenticator,
              OnRefused on_refused = nullptr)
      : table_(table),
        authenticator_(authenticator),
        on_refused_(std::move(on_refused)) {}

  // For methods that principals call. `method` is a full name.
  absl::StatusOr<Principal> Authorize(
      absl::string_view method, const grpc::ServerContextBase& context) const;

  // The same, and nothing in the request is unknown to this version.
  absl::StatusOr<Principal> Admit(
      absl::string_view method, const grpc::ServerContextBase& context,
      const google::protobuf::Message& request) const;

  // For methods that internal peers call for themselves.
  absl::Status AuthorizePeer(absl::string_view method,
                             const grpc::ServerContextBase& context) const;

  // How a call went that had been admitted: OnRefused hears of it where
  // `status` says that the principal may not do what it asked for. Before the
  // call is finished, as `context` must be alive.
  void Judge(absl::string_view method, const grpc::ServerContextBase& context,
             const Principal& principal, const absl::Status& status) const;

  // A callback that judges what it is called with, which is an
  // absl::StatusOr, and hands it on to `done`.
  template <typename Done>
  auto Judged(absl::string_view method, const grpc::ServerContextBase& context,
              const Principal& principal, Done done) const {
    return [this, method, &context, principal,
            done = std::move(done)](auto result) {
      Judge(method, context, principal, result.status());
      done(std::move(result));
    };
  }

 private:
  void Tell(absl::string_view method, const grpc::ServerContextBase& context,
            absl::string_view principal, const absl::Status& status) const;

  const AccessTable& table_;
  Authenticator& authenticator_;
  const OnRefused on_refused_;
};

}  // namespace airlock::policy
