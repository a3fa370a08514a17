#include "common/audit_chain/chain_anchors.h"

#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"

namespace airlock {
namespace {

absl::Status Broken(absl::string_view reason, std::uint64_t sequence,
                    absl::string_view message) {
  return MakeError(absl::StatusCode::kDataLoss, reason, message,
                   {{"sequence", absl::StrCat(sequence)}});
}

}  // namespace

absl::Status ChainAnchors::Add(const airlock::v1::AuditCheckpoint& checkpoint) {
  const auto [anchor, is_new] = hashes_.try_emplace(
      {checkpoint.writer(), checkpoint.sequence()}, checkpoint.hash());
  if (!is_new && anchor->second != checkpoint.hash()) {
    return Broken(
        "AUDIT_ANCHORS_DISAGREE", checkpoint.sequence(),
        absl::StrCat("two anchors say different things of record ",
                     checkpoint.sequence(), " of writer ", checkpoint.writer(),
                     ": its chain was written twice"));
  }
  if (hashes_.size() > kMaxChainAnchors) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there must be at most ", kMaxChainAnchors,
                     " anchors: leave out old ones, the newest say the most"));
  }
  return absl::OkStatus();
}

absl::Status ChainAnchors::Check(const ChainHead& head) const {
  const auto anchor = hashes_.find({head.writer, head.sequence});
  if (anchor == hashes_.end() || anchor->second == head.hash) {
    return absl::OkStatus();
  }
  return Broken("AUDIT_ANCHOR_MISMATCH", head.sequence,
                absl::StrCat("record ", head.sequence,
                             ": a checkpoint saw another record here; this one "
                             "or one before it was changed"));
}

std::uint64_t ChainAnchors::NewestOf(const std::string& writer) const {
  const auto behind =
      hashes_.upper_bound({writer, std::numeric_limits<std::uint64_t>::max()});
  if (behind == hashes_.begin()) return 0;
  const auto& [last_writer, sequence] = std::prev(behind)->first;
  return last_writer == writer ? sequence : 0;
}

absl::Status ChainAnchors::CheckEnd(const ChainHead& head) const {
  if (hashes_.empty()) return absl::OkStatus();
  if (head.sequence == 0) {
    return Broken("AUDIT_TAIL_CUT", 1,
                  "there are no records, but checkpoints saw some");
  }
  const std::uint64_t newest = NewestOf(head.writer);
  if (newest == 0) {
    return Broken("AUDIT_WRITER_UNKNOWN", head.sequence,
                  absl::StrCat("no anchor is of writer ", head.writer,
                               ", which wrote these records"));
  }
  if (newest <= head.sequence) return absl::OkStatus();
  return Broken("AUDIT_TAIL_CUT", head.sequence + 1,
                absl::StrCat("record ", head.sequence + 1,
                             " is missing: the tail was cut, a checkpoint saw "
                             "record ",
                             newest));
}

bool ChainAnchors::Covers(const ChainHead& head) const {
  const auto anchor = hashes_.find({head.writer, head.sequence});
  return anchor != hashes_.end() && anchor->second == head.hash;
}

}  // namespace airlock
