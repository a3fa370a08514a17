#include "common/time/proto_time.h"

namespace airlock {

google::protobuf::Timestamp ToProto(absl::Time time) {
  const absl::Duration since = time - absl::UnixEpoch();
  const absl::Duration whole = absl::Floor(since, absl::Seconds(1));
  google::protobuf::Timestamp proto;
  proto.set_seconds(absl::ToInt64Seconds(whole));
  proto.set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(since - whole)));
  return proto;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  const absl::Duration whole = absl::Trunc(duration, absl::Seconds(1));
  google::protobuf::Duration proto;
  proto.set_seconds(absl::ToInt64Seconds(whole));
  proto.set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(duration - whole)));
  return proto;
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

}  // namespace airlock
