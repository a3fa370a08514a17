// What callers show of themselves, and how a gateway passes it on.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <string>

namespace airlock {

// Nothing in here was checked against any list yet.
struct ShownCredentials {
  // The value of the metadata `authorization`. "" if there is none; several
  // are joined as HTTP joins them, which makes none of them a token.
  std::string authorization;
  // The client's certificate, in PEM, of which it has the key. "": none.
  std::string certificate;
};

// What a client shows at the front door: its certificate is the one of its
// connection, whatever its metadata say.
ShownCredentials ShownByClient(const grpc::ServerContextBase& context);

// What a gateway forwards of its client. Nothing if the peer's own certificate
// does not say that it is a gateway. A forwarded certificate is a gateway's
// word that the client has the key; who it names, and whether it counts, is to
// be verified again.
ShownCredentials ForwardedByGateway(const grpc::ServerContextBase& context);

// Adds to a gateway's call what its client has shown.
void Forward(const ShownCredentials& shown, grpc::ClientContext& context);

// The value of the `authorization` metadata; see ShownCredentials.
std::string AuthorizationOf(const grpc::ServerContextBase& context);

}  // namespace airlock
