// What the policy judges an action by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "airlock/v1/action.pb.h"
#include "common/config/action_word.h"

namespace airlock::policy {

// Facts of one action, taken from exactly what would run.
struct ActionFacts {
  // The kind. Absent: none, or one this version does not know.
  std::optional<ActionWord> word;
  // Who asks.
  std::string agent;
  // Not empty: why the action cannot be judged. It is denied then.
  std::string unjudgeable;

  // Of a file action: relative to the workspace, without "." and ".."; "."
  // means the workspace itself.
  std::string path;
  // Of an HTTP action: lower case, without port and trailing dot.
  std::string host;
  // Of code_exec.
  std::string language;
  // The unambiguous rendering of an argv that comes with nothing that changes
  // what it does (stdin, later input, env, files): the only thing an `auto`
  // rule's pattern may match.
  std::optional<std::string> exact_command;
  // Everything in which a pattern that tightens is looked for: the renderings
  // of an argv, the shell line, the code.
  std::vector<std::string> command_texts;
};

// Takes the facts of `action`, asked for by `agent`. Never fails: what cannot
// be judged says so in the facts. Pure.
ActionFacts FactsFromAction(const airlock::v1::Action& action,
                            absl::string_view agent);

// Whether input may come after the request. Pure.
bool AcceptsLaterInput(const airlock::v1::Action& action);

// Arguments joined by one blank, as they are. Ambiguous.
std::string RenderPlain(const std::vector<std::string>& args);

// Arguments joined by one blank, each one single-quoted as for a POSIX shell
// that is empty or has a character outside [A-Za-z0-9_./:=@%+,-]. No two argvs
// have the same rendering.
std::string RenderQuoted(const std::vector<std::string>& args);

}  // namespace airlock::policy
