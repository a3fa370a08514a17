// Humans who answer, and the ids by which they do.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"

namespace airlock {

// One human who may answer under several ids.
struct Person {
  // How the human is called in records.
  std::string name;
  // Each as "<channel>:<id>", where the channel may also be "agent": then the
  // human and that agent are one, and never agree to what the agent asks for.
  std::vector<std::string> ids;
};

// Who has the id "<channel>:<id>"; nullptr: none of them.
const Person* FindPerson(const std::vector<Person>& people,
                         absl::string_view id);

// How many humans the ids belong to; an id of none is a human by itself.
std::size_t CountPersons(const std::vector<Person>& people,
                         const std::vector<std::string>& ids);

// The channels by which a human answers: "telegram", "discord", "slack", "web".
const std::vector<absl::string_view>& ApprovalChannelWords();

// "<channel>:<id>" from `text`, which may leave out its channel where that is
// `channel`; "" after an error, which is told for `path`. `channels` may come
// before an id.
std::string ReadChannelId(absl::string_view text, absl::string_view channel,
                          const std::vector<absl::string_view>& channels,
                          const std::string& path, ProblemList& problems);

// Checks `people`, which stands at `path`; bare ids belong to `channel`.
std::vector<Person> ReadPeople(const config::v1::PersonList& list,
                               absl::string_view channel,
                               const std::string& path, ProblemList& problems);

}  // namespace airlock
