// Reads protobuf's wire format, without protobuf.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace airlock::runner {

// Walks the fields of one message. After the first error every call fails.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  // Moves to the next field. False at the end or after an error.
  bool Next() {
    if (failed() || rest_.empty()) return false;
    const std::uint64_t tag = TakeVarint();
    field_ = static_cast<std::uint32_t>(tag >> 3);
    type_ = static_cast<std::uint32_t>(tag & 7);
    if (tag > std::numeric_limits<std::uint32_t>::max() || field_ == 0) {
      Fail("malformed tag");
    }
    return !failed();
  }

  std::uint32_t field() const { return field_; }
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }

  void Read(std::uint64_t& out) {
    if (type_ != kVarint) return Fail("wrong wire type");
    out = TakeVarint();
  }

  void Read(std::uint32_t& out) {
    std::uint64_t value = 0;
    Read(value);
    if (value > std::numeric_limits<std::uint32_t>::max()) {
      return Fail("value above 32 bits");
    }
    out = static_cast<std::uint32_t>(value);
  }

  void Read(bool& out) {
    std::uint64_t value = 0;
    Read(value);
    out = value != 0;
  }

  void Read(std::string_view& out) {
    if (type_ != kLengthDelimited) return Fail("wrong wire type");
    const std::uint64_t size = TakeVarint();
    if (size > rest_.size()) return Fail("field longer than its message");
    out = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }

  void Read(std::string& out) {
    std::string_view view;
    Read(view);
    out = view;
  }

  void Read(std::vector<std::string>& out) {
    std::string_view view;
    Read(view);
    if (!failed()) out.emplace_back(view);
  }

  void FailUnknownField() { Fail("unknown field"); }

  void Fail(std::string_view what) {
    if (failed()) return;
    error_ = std::string(what) + " (field " + std::to_string(field_) + ")";
    rest_ = {};
  }

 private:
  static constexpr std::uint32_t kVarint = 0;
  static constexpr std::uint32_t kLengthDelimited = 2;

  std::uint64_t TakeVarint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    Fail("malformed number");
    return 0;
  }

  std::string_view rest_;
  std::uint32_t field_ = 0;
  std::uint32_t type_ = 0;
  std::string error_;
};

// Reads the message in the current field, each of its fields by
// `read_field(in, message)`, into a variant of messages.
template <typename Message, typename Variant, typename ReadField>
void ReadMessage(WireReader& outer, Variant& out, ReadField read_field) {
  std::string_view bytes;
  outer.Read(bytes);
  WireReader in(bytes);
  Message message;
  while (in.Next()) read_field(in, message);
  if (in.failed()) return outer.Fail(in.error() + " in frame");
  out = std::move(message);
}

// Decodes a message that is one of several frames, each read by
// `read_frame(in, out)`. False when it is malformed or holds no or several
// frames; then `error` says which, in one sentence.
template <typename Variant>
bool DecodeOneFrame(std::string_view bytes, Variant& out, std::string& error,
                    void (*read_frame)(WireReader&, Variant&)) {
  out = std::monostate();
  WireReader in(bytes);
  while (in.Next()) {
    // Two frames in one message would make the order of effects a guess.
    if (!std::holds_alternative<std::monostate>(out)) {
      in.Fail("a second frame in one message");
      break;
    }
    read_frame(in, out);
  }
  if (!in.failed() && std::holds_alternative<std::monostate>(out)) {
    in.Fail("a message without a frame");
  }
  error = in.error();
  return !in.failed();
}

}  // namespace airlock::runner
