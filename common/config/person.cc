#include "common/config/person.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/config/key_path.h"
#include "common/config/section_reader.h"
#include "common/config/values.h"

namespace airlock {
namespace {

constexpr int kMaxPeople = 1000;
constexpr int kMaxIds = 20;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxIdBytes = 128;

bool IsVisible(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
}

const std::vector<absl::string_view>& PersonChannels() {
  static const auto* const kChannels = [] {
    auto* channels = new std::vector<absl::string_view>(ApprovalChannelWords());
    channels->push_back("agent");
    return channels;
  }();
  return *kChannels;
}

// What was taken already, and where it stands.
struct Taken {
  std::map<std::string, std::string> names;
  std::map<std::string, std::string> ids;
};

std::string ReadName(SectionReader& reader, Taken& taken) {
  std::string name = reader.RequiredText("name");
  if (name.empty()) return name;
  if (name.size() > kMaxNameBytes) {
    reader.AddError("name", absl::StrCat("must be at most ", kMaxNameBytes,
                                         " bytes: got ", name.size()));
  }
  const auto [other, is_new] = taken.names.emplace(name, reader.Path("name"));
  if (!is_new) {
    reader.AddError(
        "name", absl::StrCat("must be another one than that of ", other->second,
                             ": got ", QuoteForMessage(name)));
  }
  return name;
}

// An id that never speaks for anybody would be taken for one that does.
bool CheckAgentId(absl::string_view id, const std::string& path,
                  ProblemList& problems) {
  if (!absl::ConsumePrefix(&id, "agent:") || IsPrincipalId(id)) return true;
  problems.AddError(path, absl::StrCat("must be \"agent:\" and an agent's id, "
                                       "like [a-z0-9][a-z0-9._-]{0,62}: got ",
                                       QuoteForMessage(id)));
  return false;
}

std::vector<std::string> ReadIds(const config::v1::StringList& list,
                                 absl::string_view channel,
                                 const std::string& path, Taken& taken,
                                 ProblemList& problems) {
  std::vector<std::string> ids;
  if (list.values().empty() || list.values_size() > kMaxIds) {
    problems.AddError(path, absl::StrCat("must be from 1 to ", kMaxIds,
                                         " ids: got ", list.values_size()));
    return ids;
  }
  for (int i = 0; i < list.values_size(); ++i) {
    const std::string item = AppendIndex(path, static_cast<std::size_t>(i));
    std::string id = ReadChannelId(list.values(i), channel, PersonChannels(),
                                   item, problems);
    if (id.empty() || !CheckAgentId(id, item, problems)) continue;
    const auto [other, is_new] = taken.ids.emplace(id, item);
    if (is_new) {
      ids.push_back(std::move(id));
    } else {
      problems.AddError(item,
                        absl::StrCat("must belong to one person only, and "
                                     "is at ",
                                     other->second, " already: got ",
                                     QuoteForMessage(list.values(i))));
    }
  }
  return ids;
}

}  // namespace

const Person* FindPerson(const std::vector<Person>& people,
                         absl::string_view id) {
  for (const Person& person : people) {
    if (std::find(person.ids.begin(), person.ids.end(), id) !=
        person.ids.end()) {
      return &person;
    }
  }
  return nullptr;
}

std::size_t CountPersons(const std::vector<Person>& people,
                         const std::vector<std::string>& ids) {
  std::set<std::string> alone;
  std::set<const Person*> named;
  for (const std::string& id : ids) {
    const Person* person = FindPerson(people, id);
    if (person == nullptr) {
      alone.insert(id);
    } else {
      named.insert(person);
    }
  }
  return alone.size() + named.size();
}

const std::vector<absl::string_view>& ApprovalChannelWords() {
  static const auto* const kChannels =
      new std::vector<absl::string_view>{"telegram", "discord", "slack", "web"};
  return *kChannels;
}

std::string ReadChannelId(absl::string_view text, absl::string_view channel,
                          const std::vector<absl::string_view>& channels,
                          const std::string& path, ProblemList& problems) {
  const std::size_t colon = text.find(':');
  const bool bare = colon == absl::string_view::npos;
  const absl::string_view prefix = bare ? channel : text.substr(0, colon);
  const absl::string_view id = bare ? text : text.substr(colon + 1);
  if (std::find(channels.begin(), channels.end(), prefix) == channels.end()) {
    problems.AddError(
        path,
        absl::StrCat("must be an id, or \"channel:id\" with "
                     "the channel ",
                     JoinWords(channels), ": got ", QuoteForMessage(text)));
    return "";
  }
  if (!IsVisible(id) || text.size() > kMaxIdBytes) {
    problems.AddError(
        path, absl::StrCat("must be a stable id without blanks, "
                           "at most ",
                           kMaxIdBytes, " bytes: got ", QuoteForMessage(text)));
    return "";
  }
  return absl::StrCat(prefix, ":", id);
}

std::vector<Person> ReadPeople(const config::v1::PersonList& list,
                               absl::string_view channel,
                               const std::string& path, ProblemList& problems) {
  std::vector<Person> people;
  if (list.values_size() > kMaxPeople) {
    problems.AddError(path, absl::StrCat("must be at most ", kMaxPeople,
                                         " people: got ", list.values_size()));
    return people;
  }
  Taken taken;
  for (int i = 0; i < list.values_size(); ++i) {
    SectionReader reader(list.values(i),
                         AppendIndex(path, static_cast<std::size_t>(i)),
                         problems);
    Person person;
    person.name = ReadName(reader, taken);
    if (list.values(i).has_ids()) {
      person.ids = ReadIds(list.values(i).ids(), channel, reader.Path("ids"),
                           taken, problems);
    } else {
      reader.AddMissing("ids", "is required: the human's ids");
    }
    people.push_back(std::move(person));
  }
  return people;
}

}  // namespace airlock
