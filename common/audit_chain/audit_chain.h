// Links of the audit's chain: each record has the hash of the one before.
//
// Pure functions; what is written here is verified elsewhere, offline.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "airlock/v1/audit.pb.h"

namespace airlock {

// The `previous_hash` of the first record of a chain: 32 zero bytes.
std::string FirstPreviousHash();

// How far one writer's chain has come.
struct ChainHead {
  // The id of the writer.
  std::string writer;
  // Of the last record. 0: there is none.
  std::uint64_t sequence = 0;
  // Of the last record, 32 bytes.
  std::string hash = FirstPreviousHash();
};

// The hash of a record: SHA-256("airlock.audit.v1\0" + `record`), 32 bytes.
// `record` is its serialization as it was sealed.
std::string HashAuditRecord(absl::string_view record);

// Makes `record` the next link: sets its sequence, writer, previous_hash and
// payload_sha256, serializes it for good, and moves `head` on to it.
airlock::v1::SealedAuditRecord Seal(ChainHead& head,
                                    airlock::v1::AuditRecord record,
                                    std::string payload);

}  // namespace airlock
