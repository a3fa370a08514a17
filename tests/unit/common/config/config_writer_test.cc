#include "common/config/config_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/config/config_file.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using ::testing::IsEmpty;

void Fill(Message& message);

void SetField(Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    Fill(*reflection.MutableMessage(&message, &field));
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection.SetString(&message, &field, "\"\\\n\u202e\u00e9");
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    reflection.SetInt64(&message, &field, -9'007'199'254'740'993);
  } else {
    reflection.SetBool(&message, &field, true);
  }
}

void AddTo(Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection.AddString(&message, &field, "one");
    reflection.AddString(&message, &field, "");
  } else {
    Fill(*reflection.AddMessage(&message, &field));
  }
}

// Sets every field there is, and one or two elements of each list and map.
void Fill(Message& message) {
  const auto& descriptor = *message.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (field.is_repeated()) {
      AddTo(message, field);
    } else {
      SetField(message, field);
    }
  }
}

void ExpectComesBack(const config::v1::Config& config) {
  const std::string text = WriteConfigJson(config);
  const ConfigReading reading = ReadConfigText(text);
  EXPECT_THAT(reading.problems.problems(), IsEmpty()) << text;
  EXPECT_TRUE(MessageDifferencer::Equals(reading.config, config)) << text;
}

TEST(ConfigWriterTest, EveryFieldComesBackAsItWas) {
  config::v1::Config config;
  Fill(config);

  ExpectComesBack(config);
}

TEST(ConfigWriterTest, WhatIsNotGivenIsNotWritten) {
  EXPECT_EQ(WriteConfigJson(config::v1::Config()), "{}");
  config::v1::Config config;
  // An absent list and an empty one are different things.
  config.mutable_autonomy()->mutable_allowed_actions();
  config.mutable_sandbox()->set_enabled(false);
  config.mutable_sandbox()->mutable_languages();

  ExpectComesBack(config);
}

TEST(ConfigWriterTest, SpellingIsThatOfTheFile) {
  constexpr char kText[] = R"({
  "autonomy": {
    "level": "full",
    "blockedActions": [
      "file_delete"
    ]
  },
  "approvalGating": {
    "timeout": 300000,
    "rules": [
      {
        "action": "code_exec",
        "approval": "required"
      }
    ]
  },
  "agents": {
    "ada": {
      "autonomy": {
        "level": "supervised"
      }
    },
    "bob": {}
  }
})";

  EXPECT_EQ(WriteConfigJson(ReadConfigText(kText).config), kText);
}

}  // namespace
}  // namespace airlock
