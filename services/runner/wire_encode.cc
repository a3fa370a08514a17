#include "services/runner/wire_encode.h"

#include <cstdint>
#include <string_view>

namespace airlock::runner {
namespace {

void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// proto3 leaves default values out.
void AppendNumber(std::string& out, std::uint32_t field, std::uint64_t value) {
  if (value == 0) return;
  AppendVarint(out, std::uint64_t{field} << 3);
  AppendVarint(out, value);
}

void AppendLength(std::string& out, std::uint32_t field, std::size_t size) {
  AppendVarint(out, (std::uint64_t{field} << 3) | 2);
  AppendVarint(out, size);
}

void AppendBytes(std::string& out, std::uint32_t field,
                 std::string_view bytes) {
  if (bytes.empty()) return;
  AppendLength(out, field, bytes.size());
  out.append(bytes);
}

// `fields` are all fields of frame number `frame`; `tail` belongs behind them
// and is apart so that output is copied once.
std::string Frame(std::uint32_t frame, std::string_view fields,
                  std::string_view tail = {}) {
  std::string head;
  AppendLength(head, frame, fields.size() + tail.size());
  const std::size_t size = head.size() + fields.size() + tail.size();
  std::string out;
  out.reserve(4 + size);
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((size >> shift) & 0xff));
  }
  out.append(head).append(fields).append(tail);
  return out;
}

}  // namespace

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
