#include "common/audit_chain/audit_ndjson.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/audit_chain/audit_fields.h"
#include "common/audit_chain/json_members.h"
#include "common/json/json_writer.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock {
namespace {

using airlock::v1::AuditCheckpoint;
using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;

constexpr const char* kRecord = "record";
constexpr const char* kHash = "hash";
constexpr const char* kPayload = "payload";
constexpr const char* kPayloadBase64 = "payloadBase64";
constexpr const char* kCheckpoint = "checkpoint";

absl::Status Unreadable(absl::string_view problem) {
  return MakeError(absl::StatusCode::kDataLoss, "AUDIT_LINE_UNREADABLE",
                   problem);
}

absl::Status Changed(absl::string_view problem) {
  return MakeError(absl::StatusCode::kDataLoss, "AUDIT_FIELD_CHANGED", problem);
}

// Whether reading it in a line gives the same bytes again.
bool IsCanonical(const std::string& payload) {
  absl::StatusOr<JsonMembers> members =
      JsonMembers::Parse(absl::StrCat("{\"", kPayload, "\":", payload, "}"));
  return members.ok() && members->Has(kPayload) &&
         members->Take(kPayload)->json == payload && members->empty();
}

void WriteFields(const google::protobuf::Message& message, JsonWriter& json) {
  for (const auto& [name, value] : AuditFields(message)) {
    json.Key(name);
    json.Raw(value);
  }
}

// Only the one spelling of each that is written here.
std::optional<std::string> ReadBase64(const std::string& text) {
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes) ||
      absl::Base64Escape(bytes) != text) {
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::string> ReadHex(const std::string& text) {
  std::optional<std::string> bytes = HexDecode(text);
  if (!bytes.has_value() || HexEncode(*bytes) != text) return std::nullopt;
  return bytes;
}

// Takes a text out of `members` and decodes it.
template <typename Decode>
absl::StatusOr<std::string> TakeBytes(JsonMembers& members, const char* key,
                                      const Decode& decode,
                                      absl::string_view what) {
  const std::optional<JsonMember> member = members.Take(key);
  if (!member.has_value()) {
    return Unreadable(absl::StrCat("\"", key, "\" is missing"));
  }
  if (member->text.has_value()) {
    std::optional<std::string> bytes = decode(*member->text);
    if (bytes.has_value()) return *std::move(bytes);
  }
  return Unreadable(absl::StrCat("\"", key, "\" must be ", what));
}

absl::StatusOr<std::string> TakePayload(JsonMembers& members) {
  std::optional<JsonMember> payload = members.Take(kPayload);
  if (!members.Has(kPayloadBase64)) {
    return payload.has_value() ? std::move(payload->json) : "";
  }
  if (payload.has_value()) {
    return Unreadable("\"payload\" and \"payloadBase64\" exclude each other");
  }
  return TakeBytes(members, kPayloadBase64, ReadBase64, "bytes in base64");
}

// `members` say what the message says, all of it and no more.
absl::Status CheckFields(const google::protobuf::Message& message,
                         JsonMembers members) {
  for (const auto& [name, value] : AuditFields(message)) {
    const std::optional<JsonMember> shown = members.Take(name);
    if (!shown.has_value()) {
      return Changed(
          absl::StrCat("\"", name, "\" is missing, but its bytes say ", value));
    }
    if (shown->json != value) {
      return Changed(absl::StrCat("\"", name, "\" is ", shown->json,
                                  ", but its bytes say ", value));
    }
  }
  if (members.empty()) return absl::OkStatus();
  return Changed(absl::StrCat("\"", members.FirstKey(),
                              "\" is there, but not in its bytes"));
}

absl::StatusOr<AuditItem> ReadRecord(JsonMembers members) {
  absl::StatusOr<std::string> bytes =
      TakeBytes(members, kRecord, ReadBase64, "bytes in base64");
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<std::string> hash =
      TakeBytes(members, kHash, ReadHex, "bytes in lower-case hexadecimal");
  if (!hash.ok()) return hash.status();
  absl::StatusOr<std::string> payload = TakePayload(members);
  if (!payload.ok()) return payload.status();

  // What cannot be read is not judged here: the chain refuses it.
  AuditRecord record;
  if (record.ParseFromString(*bytes)) {
    const absl::Status same = CheckFields(record, std::move(members));
    if (!same.ok()) return same;
  }
  SealedAuditRecord sealed;
  sealed.set_record(*std::move(bytes));
  sealed.set_hash(*std::move(hash));
  sealed.set_payload(*std::move(payload));
  return sealed;
}

absl::Status ReadCheckpointTime(JsonMembers& members,
                                AuditCheckpoint& checkpoint) {
  const std::optional<JsonMember> time = members.Take("time");
  absl::Time parsed;
  if (!time.has_value() || !time->text.has_value() ||
      !absl::ParseTime(absl::RFC3339_full, *time->text, &parsed, nullptr) ||
      parsed == absl::InfinitePast() || parsed == absl::InfiniteFuture()) {
    return Unreadable("\"checkpoint.time\" must be a time in RFC 3339");
  }
  *checkpoint.mutable_time() = ToProto(parsed);
  return absl::OkStatus();
}

absl::Status FillCheckpoint(JsonMembers members, AuditCheckpoint& checkpoint) {
  const std::optional<JsonMember> writer = members.Take("writer");
  const std::optional<JsonMember> sequence = members.Take("sequence");
  if (!writer.has_value() || !writer->text.has_value() ||
      !sequence.has_value() || !sequence->integer.has_value() ||
      *sequence->integer < 1) {
    return Unreadable(
        "\"checkpoint\" must have a \"writer\" and a \"sequence\" from 1 on");
  }
  checkpoint.set_writer(*writer->text);
  checkpoint.set_sequence(static_cast<std::uint64_t>(*sequence->integer));
  absl::StatusOr<std::string> hash =
      TakeBytes(members, kHash, ReadHex, "bytes in lower-case hexadecimal");
  if (!hash.ok()) return hash.status();
  checkpoint.set_hash(*std::move(hash));
  absl::StatusOr<std::string> signature = TakeBytes(
      members, "signature", ReadHex, "bytes in lower-case hexadecimal");
  if (!signature.ok()) return signature.status();
  checkpoint.set_signature(*std::move(signature));
  return ReadCheckpointTime(members, checkpoint);
}

absl::StatusOr<AuditItem> ReadCheckpoint(JsonMembers line) {
  const std::optional<JsonMember> object = line.Take(kCheckpoint);
  if (!line.empty()) {
    return Unreadable(absl::StrCat("\"", line.FirstKey(),
                                   "\" does not belong beside a checkpoint"));
  }
  absl::StatusOr<JsonMembers> members = JsonMembers::Parse(object->json);
  if (!members.ok()) return Unreadable(members.status().message());
  AuditCheckpoint checkpoint;
  absl::Status status = FillCheckpoint(*members, checkpoint);
  // Other spellings of a time, and what does not belong there.
  if (status.ok()) status = CheckFields(checkpoint, *std::move(members));
  if (!status.ok()) return status;
  return checkpoint;
}

}  // namespace

std::string AuditLine(const SealedAuditRecord& sealed) {
  JsonWriter json;
  json.BeginObject();
  AuditRecord record;
  if (record.ParseFromString(sealed.record())) WriteFields(record, json);
  json.Text(kRecord, absl::Base64Escape(sealed.record()));
  json.Text(kHash, HexEncode(sealed.hash()));
  if (IsCanonical(sealed.payload())) {
    json.Key(kPayload);
    json.Raw(sealed.payload());
  } else if (!sealed.payload().empty()) {
    json.Text(kPayloadBase64, absl::Base64Escape(sealed.payload()));
  }
  json.EndObject();
  return std::move(json).Take();
}

std::string AuditLine(const AuditCheckpoint& checkpoint) {
  JsonWriter json;
  json.BeginObject();
  json.Key(kCheckpoint);
  json.BeginObject();
  WriteFields(checkpoint, json);
  json.EndObject();
  json.EndObject();
  return std::move(json).Take();
}

absl::StatusOr<AuditItem> ParseAuditLine(absl::string_view line) {
  absl::StatusOr<JsonMembers> members = JsonMembers::Parse(line);
  if (!members.ok()) return Unreadable(members.status().message());
  if (members->Has(kCheckpoint)) return ReadCheckpoint(*std::move(members));
  return ReadRecord(*std::move(members));
}

}  // namespace airlock
