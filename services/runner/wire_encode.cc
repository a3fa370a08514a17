#include "services/runner/wire_encode.h"

#include <cstdint>

#include "services/runner/wire_writer.h"

namespace airlock::runner {
std::string EncodeFrame(const Ready& message) {
  std::string fields;
  AppendNumber(fields, 1, message.protocol_version);
  AppendNumber(fields, 2, message.is_init ? 1 : 0);
  return Frame(1, fields);
}

std::string EncodeFrame(const Started& message) {
  std::string fields;
  AppendNumber(fields, 1, message.process);
  return Frame(2, fields);
}

std::string EncodeFrame(const OutputChunk& message) {
  std::string fields;
  AppendNumber(fields, 1, message.process);
  AppendNumber(fields, 2, message.stream);
  if (!message.data.empty()) AppendLength(fields, 3, message.data.size());
  return Frame(3, fields, message.data);
}

std::string EncodeFrame(const StdinCredit& message) {
  std::string fields;
  AppendNumber(fields, 1, message.process);
  AppendNumber(fields, 2, message.limit_bytes);
  return Frame(4, fields);
}

std::string EncodeFrame(const Ended& message) {
  std::string fields;
  AppendNumber(fields, 1, message.process);
  AppendNumber(fields, 2, static_cast<std::uint32_t>(message.cause));
  AppendNumber(fields, 3, message.exit_code);
  AppendNumber(fields, 4, message.signal);
  AppendBytes(fields, 5, message.reason);
  AppendBytes(fields, 6, message.message);
  AppendNumber(fields, 7, message.cpu_time_us);
  AppendNumber(fields, 8, message.peak_memory_bytes);
  AppendNumber(fields, 9, message.wall_time_us);
  AppendNumber(fields, 10, message.leftover_processes);
  AppendNumber(fields, 11, message.empty ? 1 : 0);
  AppendNumber(fields, 12, message.hit_pids ? 1 : 0);
  AppendNumber(fields, 13, message.hit_disk ? 1 : 0);
  AppendNumber(fields, 14, message.hit_memory ? 1 : 0);
  AppendNumber(fields, 15, message.hit_cpu ? 1 : 0);
  return Frame(5, fields);
}

std::string EncodeFrame(const Pong& message) {
  std::string fields;
  AppendNumber(fields, 1, message.sequence);
  return Frame(6, fields);
}

std::string EncodeFrame(const ProtocolError& message) {
  std::string fields;
  AppendBytes(fields, 1, message.message);
  return Frame(7, fields);
}

}  // namespace airlock::runner
