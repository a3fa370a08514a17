#include "services/runner/host/host_wire.h"

#include "services/runner/wire_reader.h"
#include "services/runner/wire_writer.h"

namespace airlock::runner {
namespace {

void ReadField(WireReader& in, Hello& out) {
  switch (in.field()) {
    case 1:
      return in.Read(out.protocol_version);
    case 2:
      return in.Read(out.boot);
    case 3:
      return in.Read(out.host);
    case 4:
      return in.Read(out.received);
    default:
      return in.FailUnknownField();
  }
}

void ReadField(WireReader& in, Ack& out) {
  if (in.field() != 1) return in.FailUnknownField();
  in.Read(out.received);
}

void ReadField(WireReader& in, OpenCell& out) {
  switch (in.field()) {
    case 1:
      return in.Read(out.cell);
    case 2:
      return in.Read(out.memory_bytes);
    case 3:
      return in.Read(out.cpu_millis);
    case 4:
      return in.Read(out.pids);
    case 5:
      return in.Read(out.workspace_bytes);
    case 6:
      return in.Read(out.tmp_bytes);
    case 7:
      return in.Read(out.inodes);
    case 8:
      return in.Read(out.network);
    case 9:
      return in.Read(out.uid);
    case 10:
      return in.Read(out.gid);
    case 11:
      return in.Read(out.best_effort);
    default:
      return in.FailUnknownField();
  }
}

void ReadField(WireReader& in, CellData& out) {
  switch (in.field()) {
    case 1:
      return in.Read(out.cell);
    case 2:
      return in.Read(out.data);
    default:
      return in.FailUnknownField();
  }
}

void ReadField(WireReader& in, CloseCell& out) {
  if (in.field() != 1) return in.FailUnknownField();
  in.Read(out.cell);
}

void ReadField(WireReader& in, Leave& /*out*/) { in.FailUnknownField(); }

template <typename Message>
void Read(WireReader& in, ToHost& out) {
  ReadMessage<Message>(in, out, [](WireReader& fields, Message& message) {
    ReadField(fields, message);
  });
}

void ReadFrame(WireReader& in, ToHost& out) {
  switch (in.field()) {
    case 1:
      return Read<Hello>(in, out);
    case 2:
      return Read<Ack>(in, out);
    case 3:
      return Read<OpenCell>(in, out);
    case 4:
      return Read<CellData>(in, out);
    case 5:
      return Read<CloseCell>(in, out);
    case 6:
      return Read<Leave>(in, out);
    default:
      return in.Fail("unknown frame");
  }
}

}  // namespace

bool DecodeToHost(std::string_view bytes, ToHost& out, std::string& error) {
  return DecodeOneFrame(bytes, out, error, ReadFrame);
}

std::string EncodeFrame(const Welcome& message) {
  std::string fields;
  AppendNumber(fields, 1, message.protocol_version);
  AppendBytes(fields, 2, message.host);
  AppendNumber(fields, 3, message.received);
  for (const std::string& text : message.not_enforced) {
    AppendBytes(fields, 4, text);
  }
  return Frame(1, fields);
}

std::string EncodeFrame(const Ack& message) {
  std::string fields;
  AppendNumber(fields, 1, message.received);
  return Frame(2, fields);
}

std::string EncodeFrame(const Refused& message) {
  std::string fields;
  AppendBytes(fields, 1, message.reason);
  AppendBytes(fields, 2, message.message);
  AppendNumber(fields, 3, message.removed_cells);
  return Frame(3, fields);
}

std::string EncodeFrame(const CellData& message) {
  std::string fields;
  AppendNumber(fields, 1, message.cell);
  AppendLength(fields, 2, message.data.size());
  return Frame(4, fields, message.data);
}

std::string EncodeFrame(const CellComplaint& message) {
  std::string fields;
  AppendNumber(fields, 1, message.cell);
  AppendBytes(fields, 2, message.text);
  return Frame(5, fields);
}

std::string EncodeFrame(const CellEnded& message) {
  std::string fields;
  AppendNumber(fields, 1, message.cell);
  AppendBytes(fields, 2, message.reason);
  AppendBytes(fields, 3, message.message);
  AppendNumber(fields, 4, message.out_of_memory ? 1 : 0);
  return Frame(6, fields);
}

}  // namespace airlock::runner
