// The named parts of what would run, before they are made printable.
#pragma once

#include <string>
#include <vector>

#include "airlock/internal/v1/spec.pb.h"

namespace airlock::policy {

// One part. Its name is one of ours; its text may be anything.
struct ActionPart {
  std::string name;
  std::string text;
  // Several lines that belong together.
  bool block = false;
  // The language of a block.
  std::string language;
};

// Every field of `spec` that is set, what matters most to a human first.
std::vector<ActionPart> PartsOfSpec(
    const airlock::internal::v1::ExecutionSpec& spec);

// The kind's word, such as "code_exec"; empty: none is set.
std::string KindWord(const airlock::v1::Action& action);

// What the action is about, as one text: the code, command, path or URL.
std::string MainText(const airlock::v1::Action& action);

// What comes with it that changes what it does, such as "stdin" or "files".
std::vector<std::string> WhatComesWith(const airlock::v1::Action& action);

}  // namespace airlock::policy
