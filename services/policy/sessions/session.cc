#include "services/policy/sessions/session.h"

#include <algorithm>

#include "common/time/proto_time.h"

namespace airlock::policy {

bool MayWrite(airlock::v1::ActionKind kind) {
  return kind != airlock::v1::ACTION_KIND_FILE_READ &&
         kind != airlock::v1::ACTION_KIND_FILE_LIST &&
         kind != airlock::v1::ACTION_KIND_HTTP_GET;
}

airlock::internal::v1::StoredSession SessionToStore(const Session& session) {
  airlock::internal::v1::StoredSession stored;
  *stored.mutable_session() = session.record;
  *stored.mutable_sandbox() = session.sandbox;
  *stored.mutable_idle_timeout() = ToProto(session.idle_timeout);
  *stored.mutable_max_age() = ToProto(session.max_age);
  stored.set_boot_nonce(session.boot_nonce);
  stored.set_used(session.used);
  stored.set_acknowledged(session.acknowledged);
  return stored;
}

airlock::v1::Session SessionToProto(const Session& session) {
  airlock::v1::Session proto = session.record;
  proto.set_live_executions(static_cast<std::uint32_t>(session.live.size()));
  if (!session.open()) return proto;
  const absl::Time too_old = FromProto(proto.create_time()) + session.max_age;
  const absl::Time unused =
      FromProto(proto.last_use_time()) + session.idle_timeout;
  *proto.mutable_expire_time() =
      ToProto(session.live.empty() ? std::min(too_old, unused) : too_old);
  return proto;
}

}  // namespace airlock::policy
