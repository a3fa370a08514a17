#include "services/cli/run/json_sink.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/cli/render/json.h"
#include "services/cli/run/write_fully.h"

namespace airlock::cli {

using airlock::v1::ExecutionEvent;

absl::Status JsonSink::OnOutput(const FreshOutput& output,
                                const ExecutionEvent& event) {
  if (output.data.empty() && output.lost_bytes == 0) return absl::OkStatus();
  ExecutionEvent fresh = event;
  airlock::v1::OutputChunk* chunk = fresh.mutable_output();
  chunk->set_offset(chunk->offset() + chunk->data().size() -
                    output.data.size());
  chunk->set_skipped_bytes(output.lost_bytes);
  chunk->set_data(std::string(output.data));
  return OnEvent(fresh);
}

absl::Status JsonSink::OnEvent(const ExecutionEvent& event) {
  const absl::StatusOr<std::string> json = ToJson(event, JsonLayout::kOneLine);
  if (!json.ok()) return json.status();
  return WriteFully(stdout_fd_, absl::StrCat(*json, "\n"));
}

void JsonSink::Note(absl::string_view text) {
  // Who does not read standard error gets no notes; the exit code stays.
  WriteFully(stderr_fd_, absl::StrCat("airlock: ", text, "\n")).IgnoreError();
}

}  // namespace airlock::cli
