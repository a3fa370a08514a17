// Reads the checked values of one section of the configuration.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/problems.h"
#include "common/config/values.h"
#include "google/protobuf/message.h"

namespace airlock {

// Both ends belong to the range.
struct IntegerRange {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};
struct DurationRange {
  absl::Duration min = absl::Milliseconds(1);
  absl::Duration max = absl::Hours(24);
};

// One section, such as `gateway`, read key by key.
//
// Keys are the names of the file, in lowerCamelCase; a key its message does
// not have is a bug and aborts. Every method returns a usable value: where the
// file has none, the default; where what it has is wrong, the default too, and
// an error with the key path is in the list. Not thread-safe.
class SectionReader {
 public:
  // `section` and `problems` must outlive this. `path` is where the section
  // stands, such as "gateway"; "" for the whole file.
  SectionReader(const google::protobuf::Message& section, std::string path,
                ProblemList& problems);

  // As above, for a section merged from two places: what `overrides` has
  // stands below `override_path`. `overrides` must outlive this; nullptr: none.
  SectionReader(const google::protobuf::Message& section, std::string path,
                const google::protobuf::Message* overrides,
                std::string override_path, ProblemList& problems);

  // Whether the file has the key.
  bool Has(absl::string_view key) const;
  // The key's whole path, wherever it stands or would stand.
  std::string Path(absl::string_view key) const;

  bool Bool(absl::string_view key, bool default_value);
  std::int64_t Integer(absl::string_view key, std::int64_t default_value,
                       IntegerRange range);
  absl::Duration Milliseconds(absl::string_view key,
                              absl::Duration default_value,
                              DurationRange range = {});
  // `default_value` may be outside the range, such as 0 for "not given".
  std::uint64_t ByteSize(absl::string_view key, std::uint64_t default_value,
                         IntegerRange range);
  std::uint32_t Cpu(absl::string_view key, std::uint32_t default_millis,
                    IntegerRange range_millis);
  // Any text without control characters, not empty.
  std::string Text(absl::string_view key, absl::string_view default_value);
  // As Text, and an error where the file has none.
  std::string RequiredText(absl::string_view key);
  // One of `words`, byte for byte.
  std::string Word(absl::string_view key, absl::string_view default_value,
                   const std::vector<absl::string_view>& words);
  // Where to listen (port 0: any) or whom to dial.
  HostPort Listen(absl::string_view key, absl::string_view default_value);
  HostPort Dial(absl::string_view key, absl::string_view default_value);

  // An error, or a warning, at a key of this section.
  void AddError(absl::string_view key, absl::string_view message);
  void AddWarning(absl::string_view key, absl::string_view message);
  // An error because the file does not have the key.
  void AddMissing(absl::string_view key, absl::string_view message);

 private:
  const google::protobuf::FieldDescriptor* Field(absl::string_view key) const;
  std::string RawText(absl::string_view key) const;
  HostPort Address(absl::string_view key, absl::string_view default_value,
                   bool any_port);

  const google::protobuf::Message& section_;
  const std::string path_;
  const google::protobuf::Message* const overrides_;
  const std::string override_path_;
  ProblemList& problems_;
};

}  // namespace airlock
