#include "services/policy/dispatch/job_messages.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectResponse;

// Every message about a job carries its id and its fence.
template <typename Message>
Message& Address(const Execution& execution, Message* message) {
  message->set_execution_id(execution.id());
  message->set_fence(execution.assignment->fence);
  return *message;
}

std::uint64_t Received(const Execution& execution,
                       airlock::v1::OutputStream stream) {
  return execution.feed.output().received(stream);
}

}  // namespace

ConnectResponse JobMessage(const Execution& execution) {
  ConnectResponse message;
  auto& job = Address(execution, message.mutable_job());
  job.set_spec(execution.spec);
  job.set_digest(execution.digest);
  job.set_opens_session(execution.opens_session);
  return message;
}

ConnectResponse CancelMessage(const Execution& execution) {
  ConnectResponse message;
  Address(execution, message.mutable_cancel_job());
  return message;
}

ConnectResponse CreditMessage(const Execution& execution,
                              std::uint64_t limit_bytes) {
  ConnectResponse message;
  auto& credit = Address(execution, message.mutable_output_credit());
  credit.set_limit_bytes(limit_bytes);
  credit.set_stdout_acknowledged(
      Received(execution, airlock::v1::OUTPUT_STREAM_STDOUT));
  credit.set_stderr_acknowledged(
      Received(execution, airlock::v1::OUTPUT_STREAM_STDERR));
  return message;
}

ConnectResponse ResumeMessage(const Execution& execution) {
  ConnectResponse message;
  auto& resume = Address(execution, message.mutable_resume_output());
  resume.set_stdout_offset(
      Received(execution, airlock::v1::OUTPUT_STREAM_STDOUT));
  resume.set_stderr_offset(
      Received(execution, airlock::v1::OUTPUT_STREAM_STDERR));
  return message;
}

ConnectResponse InputMessage(const Execution& execution,
                             const InputPiece& piece) {
  ConnectResponse message;
  auto& input = Address(execution, message.mutable_input());
  input.set_offset(piece.offset);
  input.set_data(piece.data);
  input.set_end(piece.end);
  return message;
}

ConnectResponse EndAckMessage(const Execution& execution) {
  ConnectResponse message;
  Address(execution, message.mutable_end_ack());
  return message;
}

}  // namespace airlock::policy
