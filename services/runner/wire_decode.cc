#include "services/runner/wire_decode.h"

#include "services/runner/wire_reader.h"

namespace airlock::runner {
namespace {

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
void Read(WireReader& in, ToRunner& out) {
  ReadMessage<Message>(in, out, [](WireReader& fields, Message& message) {
    ReadField(fields, message);
  });
}

void ReadFrame(WireReader& in, ToRunner& out) {
  switch (in.field()) {
    case 1:
      return Read<Configure>(in, out);
    case 2:
      return Read<Prepare>(in, out);
    case 3:
      return Read<FileChunk>(in, out);
    case 4:
      return Read<Start>(in, out);
    case 5:
      return Read<StdinChunk>(in, out);
    case 6:
      return Read<OutputCredit>(in, out);
    case 7:
      return Read<Kill>(in, out);
    case 8:
      return Read<Ping>(in, out);
    default:
      return in.Fail("unknown frame");
  }
}

}  // namespace

bool DecodeToRunner(std::string_view bytes, ToRunner& out, std::string& error) {
  return DecodeOneFrame(bytes, out, error, ReadFrame);
}

}  // namespace airlock::runner
