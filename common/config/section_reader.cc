#include "common/config/section_reader.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace airlock {
namespace {

std::string JoinPath(absl::string_view path, absl::string_view key) {
  return absl::StrCat(path, path.empty() ? "" : ".", key);
}

bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

bool IsWithin(std::uint64_t value, IntegerRange range) {
  return value <= static_cast<std::uint64_t>(range.max) &&
         static_cast<std::int64_t>(value) >= range.min;
}

std::string FormatCpu(std::int64_t millis) {
  return absl::StrCat("\"", static_cast<double>(millis) / 1000.0, "\"");
}

// Only a bug of ours can ask for a key no file could have.
[[noreturn]] void AbortOnUnknownKey(absl::string_view message,
                                    absl::string_view key) {
  std::cerr << "bug: " << message << " has no key " << key << std::endl;
  std::abort();
}

}  // namespace

SectionReader::SectionReader(const google::protobuf::Message& section,
                             std::string path, ProblemList& problems)
    : SectionReader(section, std::move(path), nullptr, "", problems) {}

SectionReader::SectionReader(const google::protobuf::Message& section,
                             std::string path,
                             const google::protobuf::Message* overrides,
                             std::string override_path, ProblemList& problems)
    : section_(section),
      path_(std::move(path)),
      overrides_(overrides),
      override_path_(std::move(override_path)),
      problems_(problems) {}

const google::protobuf::FieldDescriptor* SectionReader::Field(
    absl::string_view key) const {
  const google::protobuf::Descriptor* descriptor = section_.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (descriptor->field(i)->json_name() == key) return descriptor->field(i);
  }
  AbortOnUnknownKey(descriptor->full_name(), key);
}

bool SectionReader::Has(absl::string_view key) const {
  const google::protobuf::FieldDescriptor* field = Field(key);
  const google::protobuf::Reflection* reflection = section_.GetReflection();
  if (field->is_repeated()) return reflection->FieldSize(section_, field) > 0;
  return reflection->HasField(section_, field);
}

std::string SectionReader::Path(absl::string_view key) const {
  if (overrides_ != nullptr) {
    const google::protobuf::FieldDescriptor* field = Field(key);
    if (overrides_->GetReflection()->HasField(*overrides_, field)) {
      return JoinPath(override_path_, key);
    }
  }
  return JoinPath(path_, key);
}

void SectionReader::AddError(absl::string_view key, absl::string_view message) {
  problems_.AddError(Path(key), message);
}

void SectionReader::AddWarning(absl::string_view key,
                               absl::string_view message) {
  problems_.AddWarning(Path(key), message);
}

void SectionReader::AddMissing(absl::string_view key,
                               absl::string_view message) {
  problems_.AddMissing(Path(key), message);
}

std::string SectionReader::RawText(absl::string_view key) const {
  return section_.GetReflection()->GetString(section_, Field(key));
}

bool SectionReader::Bool(absl::string_view key, bool default_value) {
  if (!Has(key)) return default_value;
  return section_.GetReflection()->GetBool(section_, Field(key));
}

std::int64_t SectionReader::Integer(absl::string_view key,
                                    std::int64_t default_value,
                                    IntegerRange range) {
  if (!Has(key)) return default_value;
  const std::int64_t value =
      section_.GetReflection()->GetInt64(section_, Field(key));
  if (value < range.min || value > range.max) {
    AddError(key, absl::StrCat("must be in [", range.min, ", ", range.max,
                               "]: got ", value));
    return default_value;
  }
  return value;
}

absl::Duration SectionReader::Milliseconds(absl::string_view key,
                                           absl::Duration default_value,
                                           DurationRange range) {
  if (!Has(key)) return default_value;
  const std::int64_t value =
      section_.GetReflection()->GetInt64(section_, Field(key));
  // Compared as numbers: a huge one would be an infinite duration.
  const std::int64_t min = absl::ToInt64Milliseconds(range.min);
  const std::int64_t max = absl::ToInt64Milliseconds(range.max);
  if (value < min || value > max) {
    AddError(key, absl::StrCat("must be milliseconds in [", min, ", ", max,
                               "]: got ", value));
    return default_value;
  }
  return absl::Milliseconds(value);
}

std::uint64_t SectionReader::ByteSize(absl::string_view key,
                                      std::uint64_t default_value,
                                      IntegerRange range) {
  if (!Has(key)) return default_value;
  const absl::StatusOr<std::uint64_t> value = ParseByteSize(RawText(key));
  if (!value.ok()) {
    AddError(key, value.status().message());
    return default_value;
  }
  if (!IsWithin(*value, range)) {
    AddError(key,
             absl::StrCat("must be a size from \"",
                          FormatByteSize(static_cast<std::uint64_t>(range.min)),
                          "\" to \"",
                          FormatByteSize(static_cast<std::uint64_t>(range.max)),
                          "\": got ", QuoteForMessage(RawText(key))));
    return default_value;
  }
  return *value;
}

std::uint32_t SectionReader::Cpu(absl::string_view key,
                                 std::uint32_t default_millis,
                                 IntegerRange range_millis) {
  if (!Has(key)) return default_millis;
  const absl::StatusOr<std::uint32_t> value = ParseCpu(RawText(key));
  if (!value.ok()) {
    AddError(key, value.status().message());
    return default_millis;
  }
  if (!IsWithin(*value, range_millis)) {
    AddError(key, absl::StrCat("must be a number of processors from ",
                               FormatCpu(range_millis.min), " to ",
                               FormatCpu(range_millis.max), ": got ",
                               QuoteForMessage(RawText(key))));
    return default_millis;
  }
  return *value;
}

std::string SectionReader::Text(absl::string_view key,
                                absl::string_view default_value) {
  if (!Has(key)) return std::string(default_value);
  std::string text = RawText(key);
  if (text.empty()) {
    AddError(key, "must not be empty; leave the key out for its default");
    return std::string(default_value);
  }
  if (HasControlCharacter(text)) {
    AddError(key, absl::StrCat("must not have control characters: got ",
                               QuoteForMessage(text)));
    return std::string(default_value);
  }
  return text;
}

std::string SectionReader::RequiredText(absl::string_view key) {
  if (!Has(key)) {
    AddMissing(key, "is required");
    return "";
  }
  if (RawText(key).empty()) {
    AddError(key, "must not be empty");
    return "";
  }
  return Text(key, "");
}

std::string SectionReader::Word(absl::string_view key,
                                absl::string_view default_value,
                                const std::vector<absl::string_view>& words) {
  if (!Has(key)) return std::string(default_value);
  std::string text = RawText(key);
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  AddError(key, absl::StrCat("must be ", JoinWords(words), ": got ",
                             QuoteForMessage(text)));
  return std::string(default_value);
}

HostPort SectionReader::Listen(absl::string_view key,
                               absl::string_view default_value) {
  return Address(key, default_value, /*any_port=*/true);
}

HostPort SectionReader::Dial(absl::string_view key,
                             absl::string_view default_value) {
  return Address(key, default_value, /*any_port=*/false);
}

HostPort SectionReader::Address(absl::string_view key,
                                absl::string_view default_value,
                                bool any_port) {
  HostPort fallback = ParseHostPort(default_value).value_or(HostPort{});
  if (!Has(key)) return fallback;
  absl::StatusOr<HostPort> value = ParseHostPort(RawText(key));
  if (!value.ok()) {
    AddError(key, value.status().message());
    return fallback;
  }
  if (value->port == 0 && !any_port) {
    AddError(key, absl::StrCat("must name a port from 1 to 65535: got ",
                               QuoteForMessage(RawText(key))));
    return fallback;
  }
  return *std::move(value);
}

}  // namespace airlock
