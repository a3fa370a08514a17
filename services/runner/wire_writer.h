// Writes protobuf's wire format, without protobuf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace airlock::runner {

// Each appends a field. proto3 leaves default values out.
void AppendNumber(std::string& out, std::uint32_t field, std::uint64_t value);
void AppendBytes(std::string& out, std::uint32_t field, std::string_view bytes);

// The key and length of a field whose bytes follow.
void AppendLength(std::string& out, std::uint32_t field, std::size_t size);

// A 4-byte length and a message with one field: the message number `frame`.
// `fields` are all its fields; `tail` belongs behind them and is apart so that
// output is copied once.
std::string Frame(std::uint32_t frame, std::string_view fields,
                  std::string_view tail = {});

}  // namespace airlock::runner
