#include "services/runner/wire_decode.h"

#include <cstdint>
#include <limits>

namespace airlock::runner {
namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kLengthDelimited = 2;

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

void ReadField(WireReader& in, Configure& out) {
  switch (in.field()) {
    case 1:
      return in.Read(out.protocol_version);
    case 2:
      return in.Read(out.silence_timeout_ms);
    default:
      return in.FailUnknownField();
  }
}

void ReadField(WireReader& in, Prepare& out) {
  switch (in.field()) {
    case 1:
      return in.Read(out.process);
    case 2:
      return in.Read(out.argv);
    case 3:
      return in.Read(out.env);
    case 4:
      return in.Read(out.cwd);
    case 5:
      return in.Read(out.timeout_ms);
    case 6:
      return in.Read(out.kill_grace_ms);
    case 7:
      return in.Read(out.output_limit_bytes);
    case 8:
      return in.Read(out.output_credit_bytes);
    case 9:
      return in.Read(out.parallel);
    default:
      return in.FailUnknownField();
  }
}

void ReadField(WireReader& in, FileChunk& out) {
  switch (in.field()) {
    case 1:
      return in.Read(out.process);
    case 2:
      return in.Read(out.path);
    case 3:
      return in.Read(out.mode);
    case 4:
      return in.Read(out.data);
    case 5:
      return in.Read(out.first);
    default:
      return in.FailUnknownField();
  }
}

void ReadField(WireReader& in, Start& out) {
  if (in.field() != 1) return in.FailUnknownField();
  in.Read(out.process);
}

void ReadField(WireReader& in, StdinChunk& out) {
  switch (in.field()) {
    case 1:
      return in.Read(out.process);
    case 2:
      return in.Read(out.data);
    case 3:
      return in.Read(out.end);
    default:
      return in.FailUnknownField();
  }
}

void ReadField(WireReader& in, OutputCredit& out) {
  switch (in.field()) {
    case 1:
      return in.Read(out.process);
    case 2:
      return in.Read(out.limit_bytes);
    default:
      return in.FailUnknownField();
  }
}

void ReadField(WireReader& in, Kill& out) {
  if (in.field() != 1) return in.FailUnknownField();
  in.Read(out.process);
}

void ReadField(WireReader& in, Ping& out) {
  if (in.field() != 1) return in.FailUnknownField();
  in.Read(out.sequence);
}

template <typename Message>
void ReadMessage(WireReader& outer, ToRunner& out) {
  std::string_view bytes;
  outer.Read(bytes);
  WireReader in(bytes);
  Message message;
  while (in.Next()) ReadField(in, message);
  if (in.failed()) return outer.Fail(in.error() + " in frame");
  out = std::move(message);
}

void ReadFrame(WireReader& in, ToRunner& out) {
  switch (in.field()) {
    case 1:
      return ReadMessage<Configure>(in, out);
    case 2:
      return ReadMessage<Prepare>(in, out);
    case 3:
      return ReadMessage<FileChunk>(in, out);
    case 4:
      return ReadMessage<Start>(in, out);
    case 5:
      return ReadMessage<StdinChunk>(in, out);
    case 6:
      return ReadMessage<OutputCredit>(in, out);
    case 7:
      return ReadMessage<Kill>(in, out);
    case 8:
      return ReadMessage<Ping>(in, out);
    default:
      return in.Fail("unknown frame");
  }
}

}  // namespace

bool DecodeToRunner(std::string_view bytes, ToRunner& out, std::string& error) {
  out = std::monostate();
  WireReader in(bytes);
  while (in.Next()) {
    // Two frames in one message would make the order of effects a guess.
    if (!std::holds_alternative<std::monostate>(out)) {
      in.Fail("a second frame in one message");
      break;
    }
    ReadFrame(in, out);
  }
  if (!in.failed() && std::holds_alternative<std::monostate>(out)) {
    in.Fail("a message without a frame");
  }
  error = in.error();
  return !in.failed();
}

}  // namespace airlock::runner
