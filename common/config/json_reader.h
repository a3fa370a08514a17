// Fills a protobuf message from strict JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/json_lexer.h"
#include "common/config/problems.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace airlock {

// Walks the descriptor of a message along a JSON text and sets its fields.
//
// A key is a field's json_name; a message whose only field is `values` is
// written as that field alone. Every problem is told with its key path and the
// walk goes on behind it, except after a syntax error. Fields may be string,
// int64, bool, messages, repeated and maps by string; a message with any other
// is a bug and aborts. Not thread-safe.
class JsonReader final : public JsonEvents {
 public:
  // Both must outlive this.
  JsonReader(google::protobuf::Message& message, ProblemList& problems);

  void OnObjectStart() override;
  void OnKey(const std::string& key) override;
  void OnObjectEnd() override;
  void OnArrayStart() override;
  void OnArrayEnd() override;
  void OnScalar(const JsonScalar& scalar) override;
  void OnSyntaxError(absl::string_view message) override;

 private:
  using Field = google::protobuf::FieldDescriptor;

  // Where the next value goes.
  struct Slot {
    google::protobuf::Message* message = nullptr;
    // nullptr: `message` itself.
    const Field* field = nullptr;
    // Whether it becomes one more element of the repeated `field`.
    bool element = false;
    std::string path;
    // Not empty: the key of a map's new member.
    std::string map_key;
  };
  // What the reader is inside of.
  struct Frame {
    enum class Kind { kMessage, kMap, kList };
    Kind kind;
    google::protobuf::Message* message;
    // With kMap and kList.
    const Field* field;
    std::string path;
    std::set<std::string> seen_keys;
    std::size_t next_index;
    // After a key with kMessage and kMap. Absent: the value is skipped.
    std::optional<Slot> slot;
  };

  // What a slot's value must look like.
  enum class Shape { kObject, kMap, kList, kScalar };

  // The slot of the value that comes now; nullopt: it is to be skipped.
  std::optional<Slot> TakeSlot();
  static Shape ShapeOf(const Slot& slot);
  // The message of a slot that holds one, made if it is not there.
  static google::protobuf::Message* MakeMessage(const Slot& slot);
  // Goes into a map or list: the slot's field, or that of its wrapper.
  void OpenContainer(Frame::Kind kind, const Slot& slot);
  std::optional<Slot> FindField(const Frame& frame, const std::string& key,
                                const std::string& path);
  void Close();
  void SetScalar(const Slot& slot, const JsonScalar& scalar);
  void AddTypeError(const Slot& slot, absl::string_view came);

  google::protobuf::Message& root_;
  ProblemList& problems_;
  std::vector<Frame> frames_;
  // Objects and arrays the reader is inside of without taking their values.
  int skipped_depth_ = 0;
};

}  // namespace airlock
