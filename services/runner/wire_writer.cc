#include "services/runner/wire_writer.h"

namespace airlock::runner {
namespace {

void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

}  // namespace

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

std::string Frame(std::uint32_t frame, std::string_view fields,
                  std::string_view tail) {
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

}  // namespace airlock::runner
