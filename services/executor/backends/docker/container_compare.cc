// The other half of container_spec.h: reading back.
#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/container_spec.h"
#include "services/executor/backends/docker/json_read.h"

namespace airlock::executor {
namespace {

using nlohmann::json;

// Hides what the engine's default hides at least.
constexpr std::array kMaskedPaths = {"/proc/kcore", "/proc/keys",
                                     "/proc/timer_list", "/sys/firmware"};
constexpr std::array kReadonlyPaths = {"/proc/bus", "/proc/fs", "/proc/irq",
                                       "/proc/sys", "/proc/sysrq-trigger"};

absl::Status Weakened(absl::string_view field, const json& asked,
                      const json& got) {
  return MakeError(absl::StatusCode::kInvalidArgument, "SANDBOX_WEAKENED",
                   absl::StrCat("the engine did not keep ", field,
                                ": asked for ", DumpJson(asked).substr(0, 200),
                                ", got ", DumpJson(got).substr(0, 200)),
                   {{"field", std::string(field)}});
}

bool IsNothing(const json& value) {
  return value.is_null() || value == false || value == 0 ||
         ((value.is_array() || value.is_object()) && value.empty()) ||
         (value.is_string() && value.get_ref<const std::string&>().empty());
}

// Equal, where "absent", "empty", "false" and 0 are one.
bool Same(const json& asked, const json& got) {
  if (IsNothing(asked) && IsNothing(got)) return true;
  if (asked.is_array() && got.is_array()) {
    return asked.size() == got.size() &&
           std::equal(asked.begin(), asked.end(), got.begin(), Same);
  }
  if (!asked.is_object() || !got.is_object()) return asked == got;
  const auto covered = [](const json& left, const json& right) {
    return std::all_of(
        left.items().begin(), left.items().end(), [&right](const auto& item) {
          return Same(item.value(), ValueAt(right, {item.key().c_str()}));
        });
  };
  return covered(asked, got) && covered(got, asked);
}

// Everything in `asked` is in `got`, perhaps among others.
bool ContainsAll(const json& asked, const json& got) {
  if (!got.is_array()) return false;
  return std::all_of(asked.begin(), asked.end(), [&got](const json& value) {
    return std::find(got.begin(), got.end(), value) != got.end();
  });
}

absl::Status CompareConfig(const json& body, const json& config) {
  for (const auto& [field, asked] : body.items()) {
    if (field == "HostConfig" || field == "Image") continue;
    const json& got = ValueAt(config, {field.c_str()});
    bool same = false;
    if (field == "Healthcheck") {
      // The image's times stay beside our "none", and mean nothing.
      same = ValueAt(asked, {"Test"}) == ValueAt(got, {"Test"});
    } else if (field == "Env") {
      // The image's variables are added; a process never sees them.
      same = ContainsAll(asked, got);
    } else if (field == "Labels") {
      same = std::all_of(asked.items().begin(), asked.items().end(),
                         [&got = got](const auto& item) {
                           return item.value() ==
                                  ValueAt(got, {item.key().c_str()});
                         });
    } else {
      same = Same(asked, got);
    }
    if (!same) return Weakened(absl::StrCat("Config.", field), asked, got);
  }
  return absl::OkStatus();
}

absl::Status CompareHostConfig(const json& asked_config,
                               const json& got_config) {
  for (const auto& [field, asked] : asked_config.items()) {
    const json& got = ValueAt(got_config, {field.c_str()});
    if (!Same(asked, got)) {
      return Weakened(absl::StrCat("HostConfig.", field), asked, got);
    }
  }
  for (const auto& [field, paths] :
       {std::pair("MaskedPaths", json(kMaskedPaths)),
        std::pair("ReadonlyPaths", json(kReadonlyPaths))}) {
    const json& got = ValueAt(got_config, {field});
    if (!ContainsAll(paths, got)) {
      return Weakened(absl::StrCat("HostConfig.", field), paths, got);
    }
  }
  return absl::OkStatus();
}

// What is really mounted: exactly what was asked for.
absl::Status CompareMounts(const json& asked, const json& got) {
  if (!got.is_array() || got.size() != asked.size()) {
    return Weakened("Mounts", asked, got);
  }
  for (const json& mount : asked) {
    const std::string type = StringAt(mount, {"Type"});
    const char* source = type == "volume" ? "Name" : "Source";
    const bool found =
        std::any_of(got.begin(), got.end(), [&](const json& candidate) {
          return StringAt(candidate, {"Type"}) == type &&
                 StringAt(candidate, {source}) == StringAt(mount, {"Source"}) &&
                 StringAt(candidate, {"Destination"}) ==
                     StringAt(mount, {"Target"}) &&
                 BoolAt(candidate, {"RW"}) != BoolAt(mount, {"ReadOnly"});
        });
    if (!found) return Weakened("Mounts", mount, got);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CompareContainer(const json& body, const json& inspected) {
  const json& image = ValueAt(body, {"Image"});
  const json& got_image = ValueAt(inspected, {"Image"});
  if (image != got_image) return Weakened("Image", image, got_image);
  absl::Status same = CompareConfig(body, ValueAt(inspected, {"Config"}));
  if (!same.ok()) return same;
  same = CompareHostConfig(ValueAt(body, {"HostConfig"}),
                           ValueAt(inspected, {"HostConfig"}));
  if (!same.ok()) return same;
  return CompareMounts(ValueAt(body, {"HostConfig", "Mounts"}),
                       ValueAt(inspected, {"Mounts"}));
}

}  // namespace airlock::executor
