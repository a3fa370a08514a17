// A short audit chain for tests, and ways to tamper with it.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/audit.pb.h"
#include "common/audit_chain/audit_chain.h"

namespace airlock {

// Records 1 to `count` of writer "w1": all fields of each are set and have
// payloads, which differ.
inline std::vector<airlock::v1::SealedAuditRecord> SampleChain(int count) {
  ChainHead head{.writer = "w1"};
  std::vector<airlock::v1::SealedAuditRecord> chain;
  for (int i = 1; i <= count; ++i) {
    airlock::v1::AuditRecord record;
    record.mutable_time()->set_seconds(1'800'000'000 + i);
    record.mutable_time()->set_nanos(123'000'000);
    record.set_type(airlock::v1::AUDIT_EVENT_TYPE_REQUEST);
    record.set_actor("ci-bot");
    record.set_agent("ci-bot");
    record.set_execution_id(absl::StrCat("e", i));
    record.set_approval_id(absl::StrCat("a", i));
    record.set_session("build");
    record.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
    record.set_outcome("allow");
    record.set_reason("NO_RULE");
    record.set_rule("autonomy.level");
    record.set_policy_version("v1");
    record.set_digest("00ff");
    chain.push_back(
        Seal(head, record, absl::StrCat("{\"code\":\"print ", i, "\"}")));
  }
  return chain;
}

// Where the chain has come with its last record.
inline ChainHead HeadOf(
    const std::vector<airlock::v1::SealedAuditRecord>& chain) {
  airlock::v1::AuditRecord last;
  if (!last.ParseFromString(chain.back().record())) std::abort();
  return {last.writer(), last.sequence(), chain.back().hash()};
}

// Changes a record by `change`. With `rehash` its hash fits again, as somebody
// who knows the format would do it.
template <typename Change>
void Tamper(airlock::v1::SealedAuditRecord& sealed, bool rehash,
            const Change& change) {
  airlock::v1::AuditRecord record;
  if (!record.ParseFromString(sealed.record())) std::abort();
  change(record);
  sealed.set_record(record.SerializeAsString());
  if (rehash) sealed.set_hash(HashAuditRecord(sealed.record()));
}

// Gives a field that is set another value, whatever it is.
inline void ChangeField(google::protobuf::Message& message,
                        const google::protobuf::FieldDescriptor& field) {
  using google::protobuf::FieldDescriptor;
  const auto& values = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64:
      values.SetUInt64(&message, &field, values.GetUInt64(message, &field) + 1);
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      values.SetEnumValue(&message, &field,
                          values.GetEnumValue(message, &field) + 1);
      return;
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value = values.GetString(message, &field);
      value.back() = static_cast<char>(value.back() ^ 1);
      values.SetString(&message, &field, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      // A time: a nanosecond more.
      auto& time = *values.MutableMessage(&message, &field);
      const auto& nanos = *time.GetDescriptor()->FindFieldByName("nanos");
      time.GetReflection()->SetInt32(
          &time, &nanos, time.GetReflection()->GetInt32(time, &nanos) + 1);
      return;
    }
    default:
      std::abort();
  }
}

}  // namespace airlock
